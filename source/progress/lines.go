package progress

import (
	"fmt"
	"math"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// Text returns, as a line of the log, what a sync of an environment is about to do.
func (p *Plan) Text(o Options, environment string) string {
	var changes, snapshots, full int64
	for _, s := range p.Streams {
		switch {
		case !s.Incremental:
			full++
		case s.HasState:
			changes++
		default:
			snapshots++
		}
	}
	var modes []string
	for _, mode := range []struct {
		streams int64
		text    string
	}{
		{changes, "incremental from a saved state"},
		{snapshots, "incremental without a state, so with an initial snapshot"},
		{full, "full refresh"},
	} {
		if mode.streams > 0 {
			modes = append(modes, fmt.Sprintf("%s %s", prose.Grouped(mode.streams), mode.text))
		}
	}
	return fmt.Sprintf("%s %s reads %s of %s (organization %s, application user %s): %s. Pages have up to %s. "+
		"Up to %s and %s run at the same time.",
		o.Connector, o.Version, prose.Quantity(len(p.Streams), "stream"), environment, p.Organization, short(p.ApplicationUser),
		strings.Join(modes, ", "), prose.Quantity(p.PageSize, "row"),
		prose.Quantity(p.Requests(), "request"), prose.Quantity(p.Parallel(), "stream"))
}

// Text returns, as a line of the log, how far a sync is. rate is the number of rows per second since the last line.
func (s *Snapshot) Text(rate float64) string {
	took := duration(s.At.Sub(s.Started))
	if s.Stage == Preparing {
		return fmt.Sprintf("The sync has been preparing for %s: it reads the definitions of the tables.%s", took, waitingText(s.At, s.Waiting))
	}
	ended := 0
	for i := range s.Streams {
		if s.Streams[i].Outcome != Open {
			ended++
		}
	}
	var line strings.Builder
	fmt.Fprintf(&line, "Progress after %s: %s, %s per second, %s of %s ended, throttled for %s.", took, s.rowsText(),
		prose.Quantity(int64(math.Round(rate)), "row"), prose.Grouped(ended), prose.Quantity(len(s.Streams), "stream"),
		duration(time.Duration(s.Totals.Waited)))
	if slowest := s.slowest(); slowest != nil {
		fmt.Fprintf(&line, " The slowest stream is %s: %s.", slowest.Name, slowest.positionText())
	}
	line.WriteString(waitingText(s.At, s.Waiting))
	if rest := s.Remaining.Text(); rest != "" {
		fmt.Fprintf(&line, " Remaining time: %s.", rest)
	}
	return line.String()
}

// rowsText returns how many records were delivered, and of how many.
func (s *Snapshot) rowsText() string {
	text := prose.Quantity(s.Totals.Rows, "row")
	if estimate := s.Totals.Estimate; s.EstimateKnown && estimate > s.Totals.Rows {
		text = fmt.Sprintf("%s of about %s (%d %%)", prose.Grouped(s.Totals.Rows), prose.Quantity(estimate, "row"), s.Totals.Rows*100/estimate)
	}
	if s.Totals.Deletions > 0 {
		text += " and " + prose.Quantity(s.Totals.Deletions, "deletion")
	}
	return text
}

// slowest returns the stream that is expected to end last: the one with the longest rest, or the one that runs the longest
// where that is not known. It returns nil if no stream is being read.
func (s *Snapshot) slowest() *StreamFigures {
	measured := measure(s.At, s.Streams)
	var found *StreamFigures
	var longest time.Duration
	for i := range s.Streams {
		stream := &s.Streams[i]
		if stream.Outcome != Open || stream.Started.IsZero() {
			continue
		}
		rest, known := measured.rest(s.At, stream)
		if !s.Remaining.Known || !known {
			rest.alone.most = stream.Duration(s.At)
		}
		if found == nil || rest.alone.most > longest {
			found, longest = stream, rest.alone.most
		}
	}
	return found
}

// positionText returns the phase of a stream, with its pages.
func (s *StreamFigures) positionText() string {
	if len(s.Phases) == 0 {
		return phaseText("")
	}
	span := s.Phases[len(s.Phases)-1]
	if span.Pages == 0 { // how many rows a page has is not known yet
		return phaseText(span.Phase) + ", no page yet"
	}
	text := fmt.Sprintf("%s, %s", phaseText(span.Phase), prose.Quantity(span.Pages, "page"))
	if pages := s.expectedPages(span); pages > span.Pages {
		text = fmt.Sprintf("%s, page %s of about %s", phaseText(span.Phase), prose.Grouped(span.Pages), prose.Grouped(pages))
	}
	return text
}

// expectedPages returns the number of pages of a scan of all rows or keys, 0 if it is not known.
func (s *StreamFigures) expectedPages(span PhaseSpan) int64 {
	switch span.Phase {
	case checkpoint.FullRefresh, checkpoint.TokenScan, checkpoint.Snapshot:
	case checkpoint.Start, checkpoint.ReconcileDeletions, checkpoint.Changes, checkpoint.ByVersion, checkpoint.ByTime,
		checkpoint.PackageExport, checkpoint.PackageRows:
		return 0
	}
	size := int64(dataverse.MaxPageSize)
	if span.Pages > 0 {
		size = max(span.Scanned/span.Pages, 1)
	}
	return (s.Figures.Estimate + size - 1) / size
}

// waitingText returns the sentence on a pause of all requests, after a space.
func waitingText(at, until time.Time) string {
	if !until.After(at) {
		return ""
	}
	return fmt.Sprintf(" Dataverse limits the requests, so all of them wait for another %s.", duration(until.Sub(at)))
}

// Text returns, as a line of the log, what a stream that has ended has done.
func (s *StreamFigures) Text() string {
	f := s.Figures
	verb := "is complete"
	switch s.Outcome {
	case Failed:
		verb = "ended with an error"
	case Incomplete:
		verb = "was stopped before its end"
	case Open, Complete:
	}
	return fmt.Sprintf("Stream %s %s after %s: %s, %s, %s MB in %s, %s, waited for %s.", s.Name, verb, duration(s.Duration(s.Ended)),
		prose.Quantity(f.Rows, "row"), prose.Quantity(f.Deletions, "deletion"), megabytes(f.Bytes), prose.Quantity(f.Pages, "page"), retriesText(f.Retries),
		duration(time.Duration(f.Waited)))
}

func retriesText(n int64) string { return prose.Grouped(n) + " " + prose.Form(n, "retry", "retries") }
