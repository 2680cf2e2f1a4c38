package progress

import (
	"cmp"
	"slices"
	"time"
)

const (
	// rateWindow is the time over which rates are measured. Pages arrive every second or two, thousands of rows at once.
	rateWindow = 10 * time.Second
	// rateStep is the time between two observations that are kept for rates, and the shortest over which one is known.
	rateStep = time.Second
	// preference is by how much a table that is not shown has to be more active than one that is, to take its line. Without
	// it, tables that are equally active would replace each other all the time.
	preference = 2
)

// Activity measures how fast each stream of a sync is, and selects the streams that a terminal shows. Its zero value is
// ready to use, by one goroutine at a time.
type Activity struct {
	past  []observation // the oldest first, from about the beginning of the window
	now   observation
	shown map[int]bool
}

// observation is what the streams of a sync have read until a point in time. The streams are in the order of the snapshot.
type observation struct {
	at        time.Time
	delivered int64 // rows of all streams
	streams   []position
}

// position is how far a stream is: the number of its phases, and the rows or keys that the last one has read, delivered or not.
type position struct {
	phases  int
	since   time.Time // when the last one began
	scanned int64
}

// Observe takes the next snapshot of a sync.
func (a *Activity) Observe(s Snapshot) {
	a.now = observation{at: s.At, delivered: s.Totals.Rows, streams: make([]position, len(s.Streams))}
	for i := range s.Streams {
		if phases := s.Streams[i].Phases; len(phases) > 0 {
			last := phases[len(phases)-1]
			a.now.streams[i] = position{phases: len(phases), since: last.From, scanned: last.Scanned}
		}
	}
	if len(a.past) > 0 && s.At.Sub(a.past[len(a.past)-1].at) < rateStep {
		return
	}
	a.past = append(a.past, a.now)
	for len(a.past) > 1 && s.At.Sub(a.past[1].at) >= rateWindow {
		a.past = a.past[1:]
	}
}

// Rate returns how many rows or keys a second the stream at an index of the snapshot has read lately, in its present phase. It is
// 0 if this was not observed for long enough.
func (a *Activity) Rate(stream int) float64 {
	if stream >= len(a.now.streams) {
		return 0
	}
	return perSecond(a.read(stream), min(a.elapsed(), a.now.at.Sub(a.now.streams[stream].since)))
}

// Total returns how many rows a second all streams together have delivered lately.
func (a *Activity) Total() float64 {
	if len(a.past) == 0 {
		return 0
	}
	return perSecond(a.now.delivered-a.past[0].delivered, a.elapsed())
}

func perSecond(n int64, elapsed time.Duration) float64 {
	if elapsed < rateStep {
		return 0
	}
	return float64(n) / elapsed.Seconds()
}

func (a *Activity) elapsed() time.Duration {
	if len(a.past) == 0 {
		return 0
	}
	return a.now.at.Sub(a.past[0].at)
}

// read returns how many rows or keys the stream has read in the window, in its present phase.
func (a *Activity) read(stream int) int64 {
	if stream >= len(a.now.streams) {
		return 0
	}
	now := a.now.streams[stream]
	if len(a.past) == 0 || stream >= len(a.past[0].streams) || a.past[0].streams[stream].phases != now.phases {
		return now.scanned // all of it is new
	}
	return now.scanned - a.past[0].streams[stream].scanned
}

// MostActive returns the indexes of at most n streams that are being read, those that have read most lately, in the order
// of the snapshot. It prefers those that it returned the last time.
func (a *Activity) MostActive(s Snapshot, n int) []int {
	var open []int
	for i := range s.Streams {
		if !s.Streams[i].Started.IsZero() && s.Streams[i].Ended.IsZero() {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(i, j int) int { return cmp.Compare(a.weight(j), a.weight(i)) })
	selected := open[:min(max(n, 0), len(open))]
	slices.Sort(selected)
	a.shown = make(map[int]bool, len(selected))
	for _, i := range selected {
		a.shown[i] = true
	}
	return selected
}

func (a *Activity) weight(stream int) int64 {
	if a.shown[stream] {
		return a.read(stream)*preference + 1
	}
	return a.read(stream)
}
