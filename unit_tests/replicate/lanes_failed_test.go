package replicate_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// scansKeys reports whether a request is one of the scan of keys that precedes the lanes of a full refresh.
func scansKeys(q dataverse.PageRequest) bool {
	link := string(q.Link)
	return len(q.Link.Select()) == 1 && q.Size == dataverse.MaxPageSize && strings.Contains(link, "asc") && !strings.Contains(link, "%20le%20")
}

func TestARefreshThatContinuesNoticesALostNextLink(t *testing.T) {
	s := newKeyedService(31, 12_000)
	var pages atomic.Int64
	s.before = func(q dataverse.PageRequest) {
		if isOfRange(q) {
			pages.Add(1)
		}
		if scansKeys(q) && strings.Contains(string(q.Link), "%20gt%20") { // the ranges before it are read first
			for range 3000 {
				if pages.Load() >= 8 {
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
	inTwoLanes := func(j *replicate.Job) { inLanes(2)(j); j.PageSize = 250 }
	whole := run(t, s, inTwoLanes, large(fullRefresh(""), 12_000))
	require.Equal(t, "account COMPLETE", whole.last(), whole.log)
	into, state := killedInRanges(t, whole, 3)
	s.before = nil
	cut := false
	s.alter = func(q dataverse.PageRequest, page []keyedRow, more bool) ([]keyedRow, bool) {
		if isOfRange(q) && more && strings.Contains(string(q.Link), "%20le%20") && !cut {
			cut = true
			return page, false
		}
		return page, more
	}
	got := run(t, s, inTwoLanes, large(fullRefresh(state), 12_000))
	require.True(t, cut)
	require.Equal(t, "account COMPLETE", got.last(), got.log)
	assert.Len(t, destination(t, into, got), 12_000)
}

func TestATableThatFailsLeavesItsLanesToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		s := newKeyedService(32, 400)
		var failed, underWay, most atomic.Int64
		s.before = func(q dataverse.PageRequest) {
			if isOfRange(q) {
				if now := underWay.Add(1); failed.Load() > 0 && now > most.Load() {
					most.Store(now)
				}
				time.Sleep(time.Second)
				underWay.Add(-1)
			}
		}
		s.refuse = func(q dataverse.PageRequest) error {
			if isOfRange(q) && failed.Load() == 0 {
				failed.Add(1)
				return refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing)
			}
			return nil
		}
		other := fullRefresh("")
		other.Configured.Name = "other"
		oneAtATime := func(j *replicate.Job) { inLanes(4)(j); j.Parallel = func() int { return 1 } }
		got := run(t, s, oneAtATime, large(fullRefresh(""), 400), large(other, 400))
		assert.Equal(t, 1, got.failed)
		assert.Equal(t, int64(4), most.Load(), "lanes of the second table")
	})
}

func TestRowsAreReadWhileTheirKeysAreScannedInLittleMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		s := newKeyedService(33, 12_000)
		var scanned, pages, before atomic.Int64
		s.before = func(q dataverse.PageRequest) {
			switch {
			case scansKeys(q):
				time.Sleep(10 * time.Second)
				if scanned.Add(1) == 4 {
					before.Store(pages.Load())
				}
			case isOfRange(q):
				pages.Add(1)
				time.Sleep(time.Second)
			}
		}
		got := run(t, s, func(j *replicate.Job) { inLanes(8)(j); j.PageSize, j.Room = 250, 250*250 }, large(fullRefresh(""), 12_000))
		require.Equal(t, "account COMPLETE", got.last(), got.log)
		assert.Greater(t, before.Load(), int64(20), "pages of rows before the last page of keys")
	})
}

func TestLanesThatFailAgainAndAgainAreAddedLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		s := newKeyedService(34, 6000)
		s.before = func(q dataverse.PageRequest) {
			if isOfRange(q) {
				time.Sleep(time.Second)
			}
		}
		s.refuse = func(q dataverse.PageRequest) error {
			if isOfRange(q) && q.Size > 50 {
				return refusal(http.StatusInternalServerError, "0x80048744")
			}
			return nil
		}
		got := run(t, s, func(j *replicate.Job) { inLanes(8)(j); j.PageSize = 250 }, large(incremental(""), 6000))
		require.Equal(t, "account COMPLETE", got.last(), got.log)
		assert.Less(t, strings.Count(got.log, "requests fewer at once"), 8)
	})
}
