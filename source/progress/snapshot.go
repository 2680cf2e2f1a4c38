package progress

import (
	"slices"
	"time"
)

// Snapshot returns the state of the sync now.
func (s *Sync) Snapshot() Snapshot {
	now := s.options.Now()
	s.mu.Lock()
	streams := slices.Clone(s.streams)
	snapshot := Snapshot{At: now, Started: s.started, Stage: s.stage, Streams: []StreamFigures{}}
	connection, parallel := s.connection, s.plan.Parallel
	if !s.ended.IsZero() {
		snapshot.At = s.ended
	}
	s.mu.Unlock()
	if connection.Throttled != nil {
		throttled, until := connection.Throttled()
		snapshot.Totals.Waited, snapshot.Waiting = Seconds(throttled), until
	}
	if parallel != nil {
		snapshot.Parallel = parallel()
	}
	snapshot.EstimateKnown = len(streams) > 0
	for _, stream := range streams {
		f := stream.figures(now)
		snapshot.Streams = append(snapshot.Streams, f)
		if f.Outcome == Open && !f.ReadsChanges && !f.EstimateKnown {
			snapshot.EstimateKnown = false
		}
		f.Figures.Estimate = f.expected()
		snapshot.Totals.add(f.Figures)
	}
	snapshot.Remaining = EstimateRemaining(snapshot.At, snapshot.Streams, snapshot.Parallel)
	return snapshot
}

// expected returns how many rows a stream delivers in all, as far as it is known.
func (s *StreamFigures) expected() int64 {
	if s.Outcome != Open || s.ReadsChanges {
		return s.Figures.Rows
	}
	return max(s.Figures.Estimate, s.Figures.Rows)
}

// Report returns what the sync has done so far, all of it after End.
func (s *Sync) Report() Report {
	snapshot := s.Snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	mask := s.connection.Redact
	if mask == nil {
		mask = func(text string) string { return text }
	}
	report := Report{
		FormatVersion: ReportVersion, Connector: s.options.Connector, Version: s.options.Version,
		Environment: s.connection.Environment, Organization: s.plan.Organization, ApplicationUser: short(s.plan.ApplicationUser),
		Started: s.started, Ended: snapshot.At, Outcome: s.outcome, PageSize: s.plan.PageSize, Totals: snapshot.Totals,
		Streams: snapshot.Streams, Warnings: s.warnings.redacted(mask), WarningsOmitted: s.warnings.omitted,
		Failures: slices.Clone(s.failures), Samples: slices.Clone(s.samples.taken),
	}
	if s.connection.Users != nil {
		report.Users = s.connection.Users()
	}
	report.Totals.Estimate = 0
	report.roundTimes()
	for i := range report.Failures {
		report.Failures[i].redact(mask)
	}
	for _, stream := range s.streams {
		report.Nulled = append(report.Nulled, stream.nulledCells()...)
	}
	return report
}

// roundTimes leaves whole milliseconds of the times.
func (r *Report) roundTimes() {
	round := func(t *time.Time) { *t = t.UTC().Truncate(time.Millisecond) }
	round(&r.Started)
	round(&r.Ended)
	for i := range r.Streams {
		stream := &r.Streams[i]
		round(&stream.Started)
		round(&stream.Ended)
		for j := range stream.Phases {
			round(&stream.Phases[j].From)
			round(&stream.Phases[j].To)
		}
	}
	for i := range r.Warnings {
		round(&r.Warnings[i].At)
	}
	for i := range r.Failures {
		round(&r.Failures[i].At)
	}
}

// shown is how many characters of the application user's id are shown. They are enough to find it in a list.
const shown = 8

// short returns the first characters of an id.
func short(id string) string {
	if len(id) <= shown {
		return id
	}
	return id[:shown] + "…"
}

// outcomeOf returns how a sync ended whose streams ended as the figures say. A stream that never started was stopped.
func outcomeOf(streams []StreamFigures, stopped bool) Outcome {
	outcome := Complete
	for _, f := range streams {
		switch {
		case f.Outcome == Failed:
			return Failed
		case f.Outcome != Complete:
			outcome = Incomplete
		}
	}
	if stopped {
		return Incomplete
	}
	return outcome
}

// end notes the end of the sync, and of its streams that were not read to theirs.
func (s *Sync) end(stopped bool) {
	now := s.options.Now()
	figures := s.Snapshot().Streams
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stream := range s.streams {
		stream.stop(now)
	}
	if s.outcome == Open {
		s.outcome = outcomeOf(figures, stopped)
	}
	s.stage, s.ended = Ended, now
	if throttled := s.connection.Throttled; throttled != nil {
		total, _ := throttled()
		s.connection.Throttled = func() (time.Duration, time.Time) { return total, time.Time{} }
	}
	if users := s.connection.Users; users != nil {
		figures := users()
		s.connection.Users = func() []UserFigures { return figures }
	}
}

// sampled is what the rate of a line of progress is computed from.
type sampled struct {
	at   time.Time
	rows int64
}
