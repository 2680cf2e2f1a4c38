package progress_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// watch is a clock that a test sets.
type watch struct{ at time.Time }

func (w *watch) now() time.Time { return w.at }

func (w *watch) add(d time.Duration) { w.at = w.at.Add(d) }

// newSync returns counters of some streams by a clock, and their log.
func newSync(clock func() time.Time, names ...string) (*progress.Sync, *logged) {
	log := &logged{}
	s := progress.New(progress.Options{
		Connector: "source-microsoft-dataverse", Version: "1.2.3", Now: clock, Log: slog.New(protocol.NewLogHandler(log.write, slog.LevelInfo)),
	})
	one := func() int { return 1 }
	p := progress.Plan{Requests: one, Parallel: one}
	for _, name := range names {
		p.Streams = append(p.Streams, progress.PlannedStream{Name: name, Counted: true, Estimate: 100})
	}
	s.Begin(context.Background(), p)
	return s, log
}

func TestTheCountersOfAStreamAreItsFigures(t *testing.T) {
	w := &watch{start()}
	s, _ := newSync(w.now, "account", "contact")
	stream := s.Stream("account")
	stream.Started()
	stream.Phase(checkpoint.TokenScan)
	stream.PageRead(80)
	w.add(10 * time.Second)
	stream.Phase(checkpoint.Snapshot)
	stream.Retried(0)
	stream.Throttled(w.at.Add(20 * time.Second))
	w.add(5 * time.Second)
	stream.PageRead(50)
	stream.Delivered(48, 2, 5000)

	got := s.Snapshot()
	require.Len(t, got.Streams, 2)
	f := got.Streams[0]
	assert.Equal(t, progress.Figures{Rows: 48, Deletions: 2, Bytes: 5000, Pages: 2, Retries: 1, Waited: progress.Seconds(5 * time.Second), Estimate: 100}, f.Figures)
	assert.Equal(t, []progress.PhaseSpan{
		{Phase: checkpoint.TokenScan, From: start(), To: later(10 * time.Second), Pages: 1, Scanned: 80},
		{Phase: checkpoint.Snapshot, From: later(10 * time.Second), Pages: 1, Scanned: 50, Waited: progress.Seconds(5 * time.Second)},
	}, f.Phases)
	assert.Equal(t, checkpoint.Snapshot, f.Phase())
	assert.Equal(t, later(30*time.Second), f.Waiting)
	assert.Equal(t, "Dataverse limits the requests", f.WaitingFor)
	assert.Equal(t, 15*time.Second, f.Duration(w.at))
	assert.Equal(t, int64(200), got.Totals.Estimate)
	assert.True(t, got.EstimateKnown)

	stream.Complete(t.Context())
	w.add(time.Minute)
	f = s.Snapshot().Streams[0]
	assert.Equal(t, progress.Seconds(5*time.Second), f.Figures.Waited, "the rest of the pause does not concern it")
	assert.Zero(t, f.Waiting)
	assert.Equal(t, later(15*time.Second), f.Ended)
	assert.Equal(t, int64(148), s.Snapshot().Totals.Estimate, "it is known now")
}

func TestPausesThatOverlapAreCountedOnce(t *testing.T) {
	w := &watch{start()}
	s, _ := newSync(w.now, "account")
	stream := s.Stream("account")
	stream.Started()
	stream.Throttled(later(10 * time.Second))
	w.add(5 * time.Second)
	stream.Throttled(later(12 * time.Second))
	stream.Retried(time.Second)
	w.add(15 * time.Second)
	stream.Retried(time.Second)
	w.add(time.Minute)
	assert.Equal(t, progress.Seconds(13*time.Second), s.Snapshot().Streams[0].Figures.Waited)
}

func TestAResumedStreamHasNoEstimate(t *testing.T) {
	s, _ := newSync(time.Now, "account")
	s.Stream("account").NoEstimate()
	got := s.Snapshot()
	assert.False(t, got.EstimateKnown)
	assert.Zero(t, got.Streams[0].Figures.Estimate)
}

func TestTheReportHasWarningsFailuresAndNulledCells(t *testing.T) {
	w := &watch{start()}
	s, _ := newSync(w.now, "account", "contact", "task")
	s.Connect(progress.Connection{Environment: "contoso.crm.dynamics.com", Redact: func(text string) string {
		return strings.ReplaceAll(text, "hush", "****")
	}})
	for i := range 300 {
		s.Warn(fmt.Sprintf("warning %d with hush", i))
	}
	stream := s.Stream("account")
	stream.Started()
	stream.Nulled("name", protocol.SourceSerializationError, 3)
	stream.Failed(t.Context(), assert.AnError, protocol.Failure{
		Stream: "account", Type: protocol.ConfigError, Message: "It failed with hush. Do this.", Internal: "read a page: hush",
	})
	s.Stream("contact").Started()
	s.End(t.Context(), false)
	got := s.Report()
	assert.Equal(t, progress.Failed, got.Outcome)
	assert.Equal(t, "contoso.crm.dynamics.com", got.Environment)
	assert.Equal(t, progress.Incomplete, got.Streams[1].Outcome)
	assert.Equal(t, progress.Incomplete, got.Streams[2].Outcome, "it never started")
	assert.Equal(t, "warning 0 with ****", got.Warnings[0].Text)
	assert.Equal(t, 300, len(got.Warnings)+got.WarningsOmitted)
	assert.Equal(t, []progress.NulledCells{{Stream: "account", Column: "name", Reason: "SOURCE_SERIALIZATION_ERROR", Cells: 3}}, got.Nulled)
	assert.Equal(t, []progress.Failure{{
		At: start(), Stream: "account", FailureType: "config_error", Message: "read a page: ****", Advice: "It failed with ****. Do this.",
	}}, got.Failures)
}

func TestTheEndOfAFailedStreamIsLoggedAsAnError(t *testing.T) {
	w := &watch{start()}
	s, log := newSync(w.now, "account")
	stream := s.Stream("account")
	stream.Started()
	w.add(12 * time.Second)
	stream.Failed(t.Context(), assert.AnError, protocol.Failure{Stream: "account", Message: "It failed. Do this."})
	last := log.lines[len(log.lines)-1]
	assert.Equal(t, airbyte.LogLevelError, last.level)
	assert.Equal(t, "Stream account ended with an error after 12s: 0 rows, 0 deletions, 0.0 MB in 0 pages, 0 retries, waited for 0s. "+
		"The reason: It failed. Do this.", last.text)
}

func TestASyncThatFailsAsAWholeLogsNoSummary(t *testing.T) {
	log := &logged{}
	s := progress.New(progress.Options{Now: time.Now, Log: slog.New(protocol.NewLogHandler(log.write, slog.LevelInfo))})
	s.Fail(assert.AnError, protocol.Failure{Type: protocol.ConfigError, Message: "The secret is wrong."})
	s.End(t.Context(), false)
	assert.Empty(t, log.lines)
	got := s.Report()
	assert.Equal(t, progress.Failed, got.Outcome)
	assert.Equal(t, "The secret is wrong.", got.Failures[0].Message)
}

func TestAStoppedSyncIsIncomplete(t *testing.T) {
	s, log := newSync(time.Now, "account")
	stream := s.Stream("account")
	stream.Started()
	stream.Stopped(t.Context())
	s.End(t.Context(), true)
	assert.Equal(t, progress.Incomplete, s.Report().Outcome)
	assert.Len(t, log.with("Stream account was stopped before its end"), 1)
	assert.Len(t, log.with("The sync was stopped before its end"), 1)
}

func TestStreamsWithoutRecordsHaveNoLineAmongMany(t *testing.T) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("table%03d", i))
	}
	s, log := newSync(time.Now, names...)
	for i, name := range names {
		stream := s.Stream(name)
		stream.Started()
		if i%100 == 0 {
			stream.Delivered(1, 0, 100)
		}
		stream.Complete(t.Context())
	}
	assert.Len(t, log.with("Stream table"), 10)
	s.End(t.Context(), false)
	assert.Less(t, len(log.lines), 60, "the whole log")
}

func TestTheSamplesOfALongSyncAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := newSync(time.Now, "account")
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { s.Watch(ctx, interval) })
		stream := s.Stream("account")
		stream.Started()
		for range 2 * 60 * 60 {
			time.Sleep(time.Second)
			stream.Delivered(1, 0, 100)
		}
		synctest.Wait() // the last line is due with the last row
		stop()
		watching.Wait()
		s.End(t.Context(), false)
		assert.Len(t, log.with("Progress after"), 240, "a line every half minute")
		samples := s.Report().Samples
		assert.LessOrEqual(t, len(samples), 241)
		assert.Greater(t, len(samples), 100)
		assert.Less(t, samples[0].After, progress.Seconds(2*time.Second))
		assert.Equal(t, progress.Seconds(2*time.Hour), samples[len(samples)-1].After)
		assert.Equal(t, int64(7200), samples[len(samples)-1].Rows)
		for i := range samples[1:] {
			assert.Greater(t, samples[i+1].After, samples[i].After)
		}
	})
}

func TestCountersAreSafeForConcurrentUse(t *testing.T) {
	s, _ := newSync(time.Now, "account")
	stream := s.Stream("account")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				stream.Phase(checkpoint.Snapshot)
				stream.PageRead(1)
				stream.Delivered(1, 1, 10)
				stream.Throttled(time.Now().Add(time.Millisecond))
				s.Snapshot()
			}
		})
	}
	group.Wait()
	got := s.Snapshot().Streams[0].Figures
	assert.Equal(t, int64(400), got.Rows)
	assert.Equal(t, int64(400), got.Pages)
}
