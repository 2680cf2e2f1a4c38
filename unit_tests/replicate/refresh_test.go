package replicate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

const possibly = `"deletions_possibly_unknown_since":"1970-01-01T00:00:00Z"`

// next follows a state's changes once more, of which there are none.
func next(t *testing.T, state string, stream replicate.Stream) outcome {
	t.Helper()
	stream.State = []byte(state)
	s := script(nil)
	for version := 100; version < 110; version++ {
		s.responses[changesSince(version)] = []response{{delta: changesSince(version + 1)}}
	}
	got := run(t, s, nil, stream)
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	return got
}

func generations(s replicate.Stream, current, minimum int64) replicate.Stream {
	s.Configured.GenerationID, s.Configured.MinimumGenerationID = &current, &minimum
	return s
}

func TestASyncWithoutAStateDoubtsRowsThatTheDestinationKept(t *testing.T) {
	null := incremental("")
	null.State = []byte("null")
	for name, c := range map[string]struct {
		stream  replicate.Stream
		attempt int
		doubt   bool
	}{
		"a first sync":                 {incremental(""), 0, false},
		"a backfill of new columns":    {null, 0, true},
		"refresh and retain records":   {generations(incremental(""), 1, 0), 0, true},
		"Refresh and remove records":   {generations(incremental(""), 1, 1), 0, false},
		"a later attempt of the job":   {incremental(""), 1, true},
		"a state without any position": {incremental("{}"), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, trackedTable(), func(j *replicate.Job) { j.Attempt = c.attempt }, c.stream)
			require.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, c.doubt, strings.Contains(got.lastState(), possibly))
			assert.Equal(t, c.doubt, strings.Contains(got.log, "level=WARN"))
			assert.Equal(t, c.doubt, strings.Contains(got.log, "If the destination kept its rows"))
			for range 2 {
				got = next(t, got.lastState(), c.stream)
				assert.NotContains(t, got.log, "level=WARN")
				assert.Equal(t, c.doubt, strings.Contains(got.log, "If the destination kept rows"), "one line at each later sync")
				assert.Equal(t, c.doubt, strings.Contains(got.lastState(), possibly))
			}
		})
	}
}

func TestARefreshThatRemovesRowsEndsTheDoubts(t *testing.T) {
	stream := generations(incremental(""), 1, 0)
	got := run(t, trackedTable(), nil, stream)
	require.Contains(t, got.lastState(), possibly)

	got = run(t, trackedTable(), nil, generations(incremental(""), 2, 2))
	assert.NotContains(t, got.lastState(), "possibly")
	assert.Empty(t, got.log)
}

func TestARowThatIsReadAgainSupersedesWhatEarlierChangesSent(t *testing.T) {
	s := script(map[dataverse.Link]response{first: {rows: []string{row("a1", inMarch)}, delta: changesSince(100)}})
	got := run(t, s, nil, incremental(""))
	s = script(map[dataverse.Link]response{changesSince(100): {rows: []string{row("a1", inMarch)}, delta: changesSince(101), at: serviceTime().AddDate(0, 0, 1)}})
	changed := run(t, s, nil, incremental(got.lastState())).records()

	null := incremental("")
	null.State = []byte("null")
	s = script(map[dataverse.Link]response{first: {rows: []string{row("a1", inMarch)}, delta: changesSince(102), at: serviceTime().AddDate(0, 0, 2)}})
	requireRisingCursors(t, append(changed, run(t, s, nil, null).records()...))
}

func TestAResyncAfterRecordsThatNoStateCoversDoubtsThem(t *testing.T) {
	for name, c := range map[string]struct {
		attempt int
		doubt   bool
	}{
		"in the first attempt": {0, false}, "in a later attempt": {1, true},
	} {
		t.Run(name, func(t *testing.T) {
			state := afterSnapshot(t, rowsOf(0, 3))
			got := run(t, onePage(rowsOf(1, 3)), func(j *replicate.Job) { j.Attempt = c.attempt }, incremental(state))
			require.Len(t, got.records(), 2+1, "the deletion that the known keys tell is sent")
			assert.NotContains(t, got.lastState(), `"deletions_unknown_since"`)
			assert.Equal(t, c.doubt, strings.Contains(got.lastState(), "deletions_possibly_unknown_since"))
			assert.Equal(t, c.doubt, strings.Contains(got.log, "If the destination kept rows"))
		})
	}
}
