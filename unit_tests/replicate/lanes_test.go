package replicate_test

import (
	"fmt"
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

// slow makes each page of rows of a service take a second, and as many keys 0.3 seconds. most is how many of these requests were
// under way at once.
func slow(s *keyedService, pageSize int) (most *atomic.Int64) {
	var underWay atomic.Int64
	most = &atomic.Int64{}
	s.before = func(q dataverse.PageRequest) {
		now := underWay.Add(1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		defer underWay.Add(-1)
		switch keys := len(q.Link.Select()) == 1; {
		case keys && q.Size == dataverse.MaxPageSize && !strings.Contains(string(q.Link), "%20le%20"):
			time.Sleep(300 * time.Millisecond * time.Duration(len(s.rows)/pageSize))
		case keys:
			time.Sleep(300 * time.Millisecond)
		default:
			time.Sleep(time.Second)
		}
	}
	return most
}

func TestLanesTakeAThirdOfTheTimeOfOnePageAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages, pageSize = 200, 10
		time.Sleep(sinceTheBubbleBegan)
		took := map[int]time.Duration{}
		for _, slots := range []int{1, 8} {
			s := newKeyedService(9, pages*pageSize)
			most := slow(s, pageSize)
			began := time.Now()
			got := run(t, s, inLanes(slots), large(incremental(""), pages*pageSize))
			took[slots] = time.Since(began)
			require.Equal(t, "account COMPLETE", got.last(), got.log)
			assert.Len(t, got.records(), pages*pageSize)
			assert.Equal(t, int64(slots), most.Load())
		}
		assert.Less(t, took[8].Seconds(), 0.38*took[1].Seconds(), "the scan of keys included") // with few pages, the few requests before count more
	})
}

func TestALaneLeavesASlotToOtherStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		s := newKeyedService(10, 400)
		var ofLarge, most atomic.Int64
		s.before = func(q dataverse.PageRequest) {
			if !isOfRange(q) {
				time.Sleep(time.Second)
				return
			}
			if now := ofLarge.Add(1); now > most.Load() {
				most.Store(now)
			}
			time.Sleep(time.Second)
			ofLarge.Add(-1)
		}
		other := fullRefresh("")
		other.Configured.Name = "other"
		got := run(t, s, inLanes(4), large(incremental(""), 400), other)
		require.Zero(t, got.failed, got.log)
		assert.Equal(t, int64(3), most.Load())
	})
}

func TestATooExpensivePageBringsFewerLanesAndThenSmallerPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		s := newKeyedService(11, 6000)
		underWay := make(chan struct{}, 100)
		smallest := 1000
		s.before = func(q dataverse.PageRequest) {
			if isOfRange(q) {
				underWay <- struct{}{}
				time.Sleep(time.Second)
				<-underWay
			}
		}
		s.refuse = func(q dataverse.PageRequest) error {
			if !isOfRange(q) {
				return nil
			}
			if len(underWay) >= 2 || q.Size > 50 {
				return refusal(http.StatusInternalServerError, "0x80048744")
			}
			smallest = min(smallest, q.Size)
			return nil
		}
		got := run(t, s, func(j *replicate.Job) { inLanes(8)(j); j.PageSize = 250 }, large(incremental(""), 6000))
		require.Equal(t, "account COMPLETE", got.last(), got.log)
		assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
		assert.Len(t, got.records(), 6000)
		assert.Equal(t, 50, smallest)
		fewer := strings.Index(got.log, "requests fewer at once")
		smaller := strings.Index(got.log, "requests smaller ones")
		assert.Greater(t, fewer, 0)
		assert.Greater(t, smaller, fewer)
	})
}

func TestAsManyLanesReadAsTheirPagesFitInTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		s := newKeyedService(12, 400)
		var underWay, first, most atomic.Int64
		s.before = func(q dataverse.PageRequest) {
			if !isOfRange(q) {
				return
			}
			now := underWay.Add(1)
			if first.Add(1) > 16 && now > most.Load() { // after the first pages, whose length is not known before
				most.Store(now)
			}
			time.Sleep(time.Second)
			underWay.Add(-1)
		}
		got := run(t, s, func(j *replicate.Job) { inLanes(8)(j); j.Room = 3 * 2 * 10 * 250 }, large(incremental(""), 400))
		require.Equal(t, "account COMPLETE", got.last(), got.log)
		assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
		assert.Equal(t, int64(3), most.Load())
	})
}

func TestAPanicInALaneFailsItsStreamAlone(t *testing.T) {
	s := newKeyedService(13, 400)
	s.before = func(q dataverse.PageRequest) {
		if isOfRange(q) {
			panic("a defect")
		}
	}
	other := fullRefresh("")
	other.Configured.Name = "other"
	got := run(t, s, inLanes(4), large(incremental(""), 400), other)
	assert.Equal(t, 1, got.failed)
	messages := strings.Join(got.messages, "\n")
	assert.Contains(t, messages, "account INCOMPLETE")
	assert.Contains(t, messages, "other COMPLETE")
}

func TestLanesDependOnTheTableAndItsRows(t *testing.T) {
	elastic := *account()
	elastic.Elastic = true
	for name, example := range map[string]struct {
		table          dataverse.Table
		rows, requests int
		want           int
	}{
		"of a large table":            {*account(), 100_000, 8, 8},
		"of a small one":              {*account(), 99_999, 8, 1},
		"of one with one request":     {*account(), 100_000, 1, 1},
		"of one with many":            {*account(), 100_000, 52, 16},
		"of one that is not SQL":      {elastic, 100_000, 8, 1},
		"of one that was not counted": {*account(), 0, 8, 1},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, example.want, replicate.Lanes(example.table, int64(example.rows), 5000, example.requests))
		})
	}
}

func TestRightsThatAreLostWhileRangesAreReadFailTheStream(t *testing.T) {
	s := newKeyedService(14, 400)
	s.refuse = func(q dataverse.PageRequest) error {
		if q.TrackChanges && q.Size == 1 {
			return refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing)
		}
		return nil
	}
	got := run(t, s, inLanes(4), large(incremental(""), 400))
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Contains(t, fmt.Sprint(got.messages), dataverse.CodePrivilegeMissing)
	assert.Contains(t, got.lastState(), `"ranges"`)
	s.refuse = nil
	again := run(t, s, inLanes(4), large(incremental(got.lastState()), 400))
	assert.Equal(t, "account COMPLETE", again.last())
	assert.Empty(t, again.records(), "all rows were sent")
}
