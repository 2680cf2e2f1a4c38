package replicate_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// counters are those of a sync whose log nobody reads.
func counters() *progress.Sync {
	return progress.New(progress.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

// brokenAt is an output that breaks at a text.
type brokenAt struct{ text string }

var errBroken = errors.New("the pipe is broken")

func (b brokenAt) Write(lines []byte) (int, error) {
	if bytes.Contains(lines, []byte(b.text)) {
		return 0, errBroken
	}
	return len(lines), nil
}

func TestOnlyRecordsThatWereWrittenAreCounted(t *testing.T) {
	sync := counters()
	job := newJob(script(twoPages()), brokenAt{`"a3"`}, io.Discard)
	job.Progress = sync
	_, err := job.Run(t.Context(), []replicate.Stream{fullRefresh("")})
	require.ErrorIs(t, err, errBroken)
	got := sync.Snapshot().Streams[0]
	assert.Equal(t, int64(2), got.Figures.Rows, "not the one of the second page")
	assert.Equal(t, int64(2), got.Figures.Pages)
	assert.Equal(t, int64(3), got.Phases[0].Scanned)
	assert.Equal(t, progress.Incomplete, got.Outcome)
}

func TestOneDeletionOfAKeyIsCounted(t *testing.T) {
	sync := counters()
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{row("a2", inMarch), row("a2", inMarch), gone("a1"), gone("a1")}, delta: changesSince(200)},
	})
	got := run(t, s, func(j *replicate.Job) { j.Progress = sync }, incremental(changesState(100, april)))
	require.Equal(t, "account COMPLETE", got.last())
	figures := sync.Snapshot().Streams[0].Figures
	assert.Equal(t, int64(1), figures.Rows)
	assert.Equal(t, int64(1), figures.Deletions)
	assert.Len(t, got.records(), 2)
}

func TestThePhasesOfAStreamAreReported(t *testing.T) {
	for name, example := range map[string]struct {
		rows   int64
		drop   int // responses to the first page that are not requested
		phases []checkpoint.Phase
	}{
		"of a table whose size is not known": {0, 0, []checkpoint.Phase{checkpoint.Start, checkpoint.TokenScan, checkpoint.Snapshot, checkpoint.Changes}},
		"of a table that is known as large":  {12000, 1, []checkpoint.Phase{checkpoint.TokenScan, checkpoint.Snapshot, checkpoint.Changes}},
	} {
		t.Run(name, func(t *testing.T) {
			sync, s, stream := counters(), trackedTable(), incremental("")
			s.responses[first] = s.responses[first][example.drop:]
			stream.Rows = example.rows
			got := run(t, s, func(j *replicate.Job) { j.Progress = sync }, stream)
			require.Equal(t, "account COMPLETE", got.last())
			var phases []checkpoint.Phase
			for _, span := range sync.Snapshot().Streams[0].Phases {
				phases = append(phases, span.Phase)
			}
			assert.Equal(t, example.phases, phases)
		})
	}
}
