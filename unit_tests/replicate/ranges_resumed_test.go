package replicate_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// killedInRanges returns what a run sends up to its n-th state with ranges, and that state.
func killedInRanges(t *testing.T, whole outcome, n int) (into map[string]string, state string) {
	t.Helper()
	killed := until(whole, `"ranges"`, n)
	return destination(t, map[string]string{}, killed), killed.lastState()
}

func TestTheStateOfALargeTableIsSmall(t *testing.T) {
	s := newKeyedService(20, 8000)
	got := run(t, s, func(j *replicate.Job) { inLanes(16)(j); j.PageSize = 40 }, large(incremental(""), 8000))
	require.Equal(t, "account COMPLETE", got.last(), got.log)
	seen := 0
	for _, state := range got.states() {
		if strings.Contains(state, `"ranges"`) {
			seen++
			assert.Less(t, len(state), 2048, state)
			assert.NotContains(t, state, "known_keys")
			assert.Contains(t, state, `"version":3`)
		}
	}
	assert.Greater(t, seen, 150)
}

func TestATokenScanThatWasInterruptedIsFollowedByRanges(t *testing.T) {
	s, inPages := newKeyedService(21, 12_000), func(j *replicate.Job) { inLanes(4)(j); j.PageSize = 200 }
	var first outcome
	whole := run(t, s, inPages, large(incremental(""), 12_000))
	for i, m := range whole.messages {
		if strings.Contains(m, `"token_scan"`) && strings.Contains(m, `"scanned":{"rows":10000`) {
			first.messages = whole.messages[:i+1]
		}
	}
	require.NotEmpty(t, first.messages)
	got := run(t, s, inPages, large(incremental(first.lastState()), 12_000))
	require.Equal(t, "account COMPLETE", got.last(), got.log)
	assert.Contains(t, got.log, "read by ranges of its key")
	assert.NotContains(t, got.log, "one page after the other")
	assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
	assert.Len(t, got.records(), 12_000)
}

// After an interruption only totals can be compared. Rows that come and go are among the changes.
func TestTotalsThatDifferAreExplainedByChangesOrTheTableIsReadAgain(t *testing.T) {
	for name, example := range map[string]struct {
		meanwhile func(*keyedService)
		warns     bool
	}{
		"nothing has changed": {func(*keyedService) {}, false},
		"rows were created and deleted": {func(s *keyedService) {
			source := rand.New(rand.NewPCG(1, 1))
			for range 20 {
				s.create(randomKey(source))
				s.remove(s.rows[len(s.rows)-1].key)
			}
		}, false},
		"rows are missing without a change": {func(s *keyedService) {
			last := s.rows[len(s.rows)-30:]
			hidden := map[keyrange.Key]bool{}
			for _, r := range last[:5] {
				hidden[r.key] = true
			}
			s.alter = func(q dataverse.PageRequest, page []keyedRow, more bool) ([]keyedRow, bool) {
				var kept []keyedRow
				for _, r := range page {
					if !isOfRange(q) || !hidden[r.key] {
						kept = append(kept, r)
					}
				}
				return kept, more
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyedService(22, 400)
			whole := run(t, s, inLanes(4), large(incremental(""), 400))
			into, state := killedInRanges(t, whole, 9)
			example.meanwhile(s)
			got := run(t, s, inLanes(2), large(incremental(state), 400))
			require.Equal(t, "account COMPLETE", got.last(), got.log)
			assert.Equal(t, s.environment(), destination(t, into, got), got.log)
			assert.Equal(t, example.warns, strings.Contains(got.log, "is read again, one page after the other"), got.log)
			assert.Equal(t, example.warns, strings.Contains(got.log, "WARN"), got.log)
			assert.Contains(t, got.lastState(), `"version":2`)
		})
	}
}

func TestRangesUnderOtherColumnsStartOver(t *testing.T) {
	s := newKeyedService(23, 300)
	whole := run(t, s, inLanes(4), large(incremental(""), 300))
	_, state := killedInRanges(t, whole, 9)
	stream := large(incremental(state), 300)
	stream.Configured.Columns["modifiedon"] = protocol.Property{}
	got := run(t, s, inLanes(4), stream)
	require.Equal(t, "account COMPLETE", got.last(), got.log)
	assert.Len(t, got.records(), 300)
	assert.Contains(t, got.log, "so it starts over")
}

// The setting is turned off, or one request is allowed: what was begun by ranges is read to its end.
func TestRangesAreReadToTheirEndWithoutLanes(t *testing.T) {
	for name, example := range map[string]struct {
		seed   uint64
		stream func(state string) replicate.Stream
		then   func(*replicate.Job)
	}{
		"a snapshot without slots":        {24, incremental, nil},
		"a full refresh with one request": {25, fullRefresh, inLanes(1)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyedService(example.seed, 300)
			into, state := killedInRanges(t, run(t, s, inLanes(4), large(example.stream(""), 300)), 9)
			rest := run(t, s, example.then, large(example.stream(state), 300))
			require.Equal(t, "account COMPLETE", rest.last(), rest.log)
			assert.Less(t, len(rest.records()), 300)
			assert.Equal(t, s.environment(), destination(t, into, rest))
		})
	}
}
