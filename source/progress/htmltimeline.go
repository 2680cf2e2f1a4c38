package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const (
	// maxLanes is the most streams of the timeline that are shown at first. The others can be folded out.
	maxLanes = 40
	// maxMarks is the most marks of an axis.
	maxMarks = 8
	// thinnest is the least share of the width that a span is drawn with, in percent, so that it remains visible.
	thinnest = 0.25
)

// timeline shows when each stream was in which phase.
type timeline struct {
	Legend []legendEntry
	Shown  lanes
	More   *moreLanes // nil: all are shown
}

type legendEntry struct{ Class, Text string }

type moreLanes struct {
	Summary string
	Lanes   lanes
}

type lanes struct {
	Axis  []mark
	Lanes []lane
}

// mark is a position of an axis, with its text.
type mark struct{ At, Text, Anchor string }

// lane is one stream of the timeline.
type lane struct {
	Name, Description, Time string
	Spans                   []spanBox
}

// spanBox is a box on a lane. At and Width are shares of the lane's width.
type spanBox struct{ Class, At, Width, Text string }

// timeline returns the streams in the order in which they started; nil if none did.
func (r *Report) timeline() *timeline {
	var started []*StreamFigures
	for i := range r.Streams {
		if !r.Streams[i].Started.IsZero() {
			started = append(started, &r.Streams[i])
		}
	}
	if len(started) == 0 {
		return nil
	}
	slices.SortStableFunc(started, func(a, b *StreamFigures) int { return a.Started.Compare(b.Started) })
	axis := axisMarks(r.Ended.Sub(r.Started))
	t := &timeline{Legend: legend(started), Shown: lanes{Axis: axis}}
	prominent := r.prominent(started)
	hidden := lanes{Axis: axis}
	for _, s := range started {
		if prominent[s.Name] {
			t.Shown.Lanes = append(t.Shown.Lanes, r.lane(s))
		} else {
			hidden.Lanes = append(hidden.Lanes, r.lane(s))
		}
	}
	if len(hidden.Lanes) > 0 {
		t.More = &moreLanes{Summary: prose.Quantity(len(hidden.Lanes), "more stream") + ", which took less time", Lanes: hidden}
	}
	return t
}

// prominent returns the names of the streams that are shown at first: those that failed, then those that took longest.
func (r *Report) prominent(started []*StreamFigures) map[string]bool {
	ordered := slices.Clone(started)
	slices.SortStableFunc(ordered, func(a, b *StreamFigures) int {
		return cmp.Or(cmp.Compare(a.Outcome.rank(), b.Outcome.rank()), cmp.Compare(b.Duration(r.Ended), a.Duration(r.Ended)))
	})
	names := map[string]bool{}
	for _, s := range ordered[:min(maxLanes, len(ordered))] {
		names[s.Name] = true
	}
	return names
}

// legend returns the phases that occur, in the order in which a stream has them.
func legend(started []*StreamFigures) []legendEntry {
	var entries []legendEntry
	for _, phase := range []checkpoint.Phase{
		checkpoint.FullRefresh, checkpoint.Start, checkpoint.TokenScan, checkpoint.Snapshot, checkpoint.ReconcileDeletions, checkpoint.Changes,
		checkpoint.PackageExport, checkpoint.PackageRows,
	} {
		inPhase := func(p PhaseSpan) bool { return p.Phase == phase }
		if slices.ContainsFunc(started, func(s *StreamFigures) bool { return slices.ContainsFunc(s.Phases, inPhase) }) {
			entries = append(entries, legendEntry{"p-" + string(phase), phaseText(phase)})
		}
	}
	for _, o := range []Outcome{Failed, Incomplete} {
		if slices.ContainsFunc(started, func(s *StreamFigures) bool { return s.Outcome == o }) {
			entries = append(entries, legendEntry{"p-" + string(o), string(o)})
		}
	}
	return entries
}

func (r *Report) lane(s *StreamFigures) lane {
	took := s.Duration(r.Ended)
	l := lane{Name: s.Name, Time: duration(took)}
	var phases []string
	for _, p := range s.Phases {
		to := cmp.Or(p.To, s.Ended, r.Ended)
		text := fmt.Sprintf("%s, %s to %s, %s", phaseText(p.Phase), r.after(p.From), r.after(to), prose.Quantity(p.Pages, "page"))
		if p.Waited > 0 {
			text += ", waited for " + duration(time.Duration(p.Waited))
		}
		phases = append(phases, text)
		l.Spans = append(l.Spans, r.span("p-"+string(p.Phase), p.From, to, text))
	}
	if s.Outcome == Failed || s.Outcome == Incomplete {
		end := cmp.Or(s.Ended, r.Ended)
		l.Spans = append(l.Spans, r.span("p-"+string(s.Outcome), end, end, string(s.Outcome)+" at "+r.after(end)))
		l.Spans[len(l.Spans)-1].Width = "5"
	}
	l.Description = fmt.Sprintf("%s: %s after %s. %s", s.Name, outcomeText(s.Outcome), duration(took), strings.Join(phases, "; "))
	return l
}

// after returns a time as the duration since the start of the sync.
func (r *Report) after(t time.Time) string { return duration(t.Sub(r.Started)) }

func (r *Report) span(class string, from, to time.Time, text string) spanBox {
	total := r.Ended.Sub(r.Started)
	at := min(share(from.Sub(r.Started), total), 100-thinnest)
	width := min(max(share(to.Sub(from), total), thinnest), 100-at)
	return spanBox{Class: class, At: percentage(at), Width: percentage(width), Text: text}
}

// share returns a part of a duration in percent, from 0 to 100.
func share(part, total time.Duration) float64 {
	if total <= 0 {
		return 0
	}
	return min(max(100*part.Seconds()/total.Seconds(), 0), 100)
}

// percentage returns a number of percent as SVG and CSS have it.
func percentage(share float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(share, 'f', 2, 64), "0"), ".") + "%"
}

// axisMarks returns the marks of an axis of a duration, at round times.
func axisMarks(total time.Duration) []mark {
	step := axisStep(total)
	var marks []mark
	for at := time.Duration(0); at <= total; at += step {
		marks = append(marks, mark{At: percentage(share(at, total)), Text: axisText(at), Anchor: anchor(share(at, total))})
	}
	return marks
}

// axisStep returns the time between two marks: the least round time of which there are few enough.
func axisStep(total time.Duration) time.Duration {
	steps := []time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
		15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	for _, step := range steps {
		if total <= step*(maxMarks-1) {
			return step
		}
	}
	const day = 24 * time.Hour
	return (total/(maxMarks-1) + day).Truncate(day)
}

func axisText(at time.Duration) string {
	if at > 0 && at%time.Second != 0 {
		return strconv.FormatFloat(at.Seconds(), 'f', -1, 64) + "s"
	}
	return clock(at)
}

// anchor keeps the first and the last text inside the axis.
func anchor(at float64) string {
	switch {
	case at < 2:
		return "start"
	case at > 98:
		return "end"
	default:
		return "middle"
	}
}
