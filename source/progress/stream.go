package progress

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// maxPhases is the number of spans that a stream keeps. Beyond it, the last one continues.
const maxPhases = 100

// counters holds the counters of one stream.
type counters struct {
	sync *Sync
	name string
	mode string
	// readsChanges reports that the stream follows changes, or will, as far as is known before it has started.
	readsChanges atomic.Bool
	hasEstimate  atomic.Bool // its number of rows is known

	rows, deletions, bytes, pages, scanned, retries, estimate atomic.Int64

	mu      sync.Mutex
	outcome Outcome
	started time.Time
	ended   time.Time
	phases  []phase
	pauses  pauses
	lanes   atOnce
	waiting string // why the stream waits, if it does
	nulled  []NulledCells
}

// phase is a span, with the stream's counters at its beginning.
type phase struct {
	span           PhaseSpan
	pages, scanned int64
	waited         time.Duration
	further        time.Duration // of atOnce, up to the beginning of the phase
}

// atOnce counts how many pages of a stream are requested at once.
type atOnce struct {
	planned int // once the rows are read
	now     int
	since   time.Time     // since when
	further time.Duration // the time of all requests but the first at each moment, up to then
}

// change notes a change of the number.
func (l *atOnce) change(n int, now time.Time) {
	l.further, l.now, l.since = l.until(now), n, now
}

// until returns the time of all requests but the first, up to a moment.
func (l *atOnce) until(now time.Time) time.Duration {
	return l.further + time.Duration(max(l.now-1, 0))*now.Sub(l.since)
}

// expected returns the number for the rest of the rows: the present one, or what was planned as long as there is none.
func (l *atOnce) expected() int {
	if l.since.IsZero() {
		return l.planned
	}
	return l.now
}

var _ replicate.StreamProgress = (*counters)(nil)

func newStream(s *Sync, p PlannedStream) *counters {
	stream := &counters{sync: s, name: p.Name, mode: modeText(p.Incremental)}
	stream.readsChanges.Store(p.Incremental && p.HasState)
	stream.hasEstimate.Store(p.Counted)
	stream.estimate.Store(p.Estimate)
	stream.lanes.planned = p.Lanes
	return stream
}

func modeText(incremental bool) string {
	if incremental {
		return "incremental"
	}
	return "full refresh"
}

// Started notes that the stream is being read.
func (s *counters) Started() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = s.sync.options.Now()
}

// Phase notes that a phase begins, or begins again.
func (s *counters) Phase(p checkpoint.Phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readsChanges.Store(p == checkpoint.Changes || p == checkpoint.ReconcileDeletions)
	if len(s.phases) == maxPhases {
		return
	}
	now := s.sync.options.Now()
	s.endPhase(now)
	s.phases = append(s.phases, phase{
		span: PhaseSpan{Phase: p, From: now}, pages: s.pages.Load(), scanned: s.scanned.Load(), waited: s.pauses.until(now),
		further: s.lanes.until(now),
	})
}

// endPhase ends the current phase. The lock is held.
func (s *counters) endPhase(now time.Time) {
	if last := len(s.phases) - 1; last >= 0 {
		s.phases[last] = s.counted(s.phases[last], now)
		s.phases[last].span.To = now
	}
}

// counted returns a phase with what was counted in it, if it has not ended.
func (s *counters) counted(p phase, now time.Time) phase {
	if p.span.To.IsZero() {
		p.span.Pages, p.span.Scanned = s.pages.Load()-p.pages, s.scanned.Load()-p.scanned
		p.span.Waited = Seconds(s.pauses.until(now) - p.waited)
		if further := s.lanes.until(now) - p.further; further > 0 {
			p.span.Lanes = Seconds(now.Sub(p.span.From) + further)
		}
	}
	return p
}

// PageRead counts a page that arrived whole, with its rows or keys.
func (s *counters) PageRead(rows int) {
	s.scanned.Add(int64(rows))
	s.pages.Add(1)
}

// Lanes notes how many pages are requested at once.
func (s *counters) Lanes(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes.change(n, s.sync.options.Now())
}

// Delivered counts records that were written, and their length in bytes.
func (s *counters) Delivered(rows, deletions int, bytes int64) {
	s.rows.Add(int64(rows))
	s.deletions.Add(int64(deletions))
	s.bytes.Add(bytes)
}

// NoEstimate notes that the number of rows to expect is not known after all.
func (s *counters) NoEstimate() {
	s.hasEstimate.Store(false)
	s.estimate.Store(0)
}

// Throttled notes that the service makes the stream wait.
func (s *counters) Throttled(until time.Time) { s.wait(until, "Dataverse limits the requests") }

// Retried counts an attempt that failed and is repeated after a time; 0: at once, or once the service allows it.
func (s *counters) Retried(after time.Duration) {
	s.retries.Add(1)
	if after > 0 {
		s.wait(s.sync.options.Now().Add(after), "a request failed and is repeated")
	}
}

func (s *counters) wait(until time.Time, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauses.add(s.sync.options.Now(), until)
	s.waiting = why
}

// Nulled notes how many values of a column were delivered as null for a reason.
func (s *counters) Nulled(column string, reason protocol.ChangeReason, cells int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nulled = append(s.nulled, NulledCells{Stream: s.name, Column: column, Reason: string(reason), Cells: int64(cells)})
}

// Complete notes that everything was delivered, and logs what that was.
func (s *counters) Complete(ctx context.Context) { s.end(ctx, Complete) }

// Stopped notes that the process ends before the stream is complete.
func (s *counters) Stopped(ctx context.Context) { s.end(ctx, Incomplete) }

// Failed notes the error that ends the stream.
func (s *counters) Failed(ctx context.Context, cause error, explained protocol.Failure) {
	s.sync.mu.Lock()
	s.sync.failures = append(s.sync.failures, newFailure(s.sync.options.Now(), cause, explained))
	s.sync.mu.Unlock()
	figures := s.figures(s.finish(Failed))
	s.sync.options.Log.ErrorContext(ctx, figures.Text()+" The reason: "+explained.Message)
}

// end notes the end of the stream and logs it.
func (s *counters) end(ctx context.Context, o Outcome) {
	s.sync.logEnd(ctx, s.figures(s.finish(o)))
}

// finish notes the end of the stream and returns its time.
func (s *counters) finish(o Outcome) time.Time {
	now := s.sync.options.Now()
	s.mu.Lock()
	s.endPhase(now)
	s.outcome, s.ended = o, now
	s.pauses.end(now)
	s.mu.Unlock()
	return now
}

// stop notes that the sync ends, unless the stream has ended before.
func (s *counters) stop(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcome != Open {
		return
	}
	s.outcome = Incomplete
	if !s.started.IsZero() {
		s.endPhase(now)
		s.ended = now
	}
	s.pauses.end(now)
}

// figures returns the values of the counters at a moment, which is now.
func (s *counters) figures(at time.Time) StreamFigures {
	f := StreamFigures{
		Name: s.name, Mode: s.mode, EstimateKnown: s.hasEstimate.Load(), ReadsChanges: s.readsChanges.Load(),
		Figures: Figures{
			Rows: s.rows.Load(), Deletions: s.deletions.Load(), Bytes: s.bytes.Load(), Pages: s.pages.Load(),
			Retries: s.retries.Load(), Estimate: s.estimate.Load(),
		},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Outcome, f.Started, f.Ended, f.Lanes = s.outcome, s.started, s.ended, s.lanes.expected()
	f.Figures.Waited = Seconds(s.pauses.until(at))
	for _, p := range s.phases {
		f.Phases = append(f.Phases, s.counted(p, at).span)
	}
	if s.pauses.last.After(at) {
		f.Waiting, f.WaitingFor = s.pauses.last, s.waiting
	}
	return f
}

// nulledCells returns the columns with nulled values.
func (s *counters) nulledCells() []NulledCells {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.nulled)
}
