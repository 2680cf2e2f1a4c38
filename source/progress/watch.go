package progress

import (
	"context"
	"time"
)

// Watch logs the state of the sync at every interval, and takes the samples, until the context ends. It is meant to run
// alongside the sync.
func (s *Sync) Watch(ctx context.Context, interval time.Duration) {
	looks := time.NewTicker(firstSampling)
	defer looks.Stop()
	lines := time.NewTicker(interval)
	defer lines.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-looks.C:
			s.sample(false)
		case <-lines.C:
			s.logProgress(ctx)
		}
	}
}

// sample takes a sample if one is due, or the last one.
func (s *Sync) sample(last bool) {
	after := s.options.Now().Sub(s.started)
	s.mu.Lock()
	due := last || s.samples.due(after)
	s.mu.Unlock()
	if !due {
		return
	}
	totals := s.Snapshot().Totals
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples.add(Sample{After: Seconds(after), Rows: totals.Records(), Throttled: totals.Waited})
}

// logProgress logs the state of the sync, with the rate since the last time.
func (s *Sync) logProgress(ctx context.Context) {
	snapshot := s.Snapshot()
	s.mu.Lock()
	before := s.last
	if before.at.IsZero() {
		before.at = s.started
	}
	s.last = sampled{at: snapshot.At, rows: snapshot.Totals.Rows}
	s.mu.Unlock()
	rate := 0.0
	if took := snapshot.At.Sub(before.at).Seconds(); took > 0 {
		rate = float64(snapshot.Totals.Rows-before.rows) / took
	}
	s.options.Log.InfoContext(ctx, snapshot.Text(rate))
}

// manyStreams is the number of streams above which one that delivered nothing and met no error has no line of its own: the
// summary counts it.
const manyStreams = 100

// logEnd logs what a stream has done.
func (s *Sync) logEnd(ctx context.Context, f StreamFigures) {
	s.mu.Lock()
	many := len(s.streams) > manyStreams
	s.mu.Unlock()
	if many && f.Outcome == Complete && f.Figures.Records() == 0 && f.Figures.Retries == 0 {
		s.options.Log.DebugContext(ctx, f.Text())
		return
	}
	s.options.Log.InfoContext(ctx, f.Text())
}

// End notes the end of the sync and logs its summary: lines of text, and one of JSON. Nothing is logged of a sync that ended
// before its streams were known. stopped reports that a signal stopped the process. From then on, the report does not
// change.
func (s *Sync) End(ctx context.Context, stopped bool) {
	s.sample(true)
	s.end(stopped)
	report := s.Report()
	if len(report.Streams) == 0 {
		return
	}
	for _, line := range report.Text() {
		s.options.Log.InfoContext(ctx, line)
	}
	line, err := report.Line()
	if err != nil {
		s.options.Log.WarnContext(ctx, err.Error())
		return
	}
	s.options.Log.InfoContext(ctx, line)
}
