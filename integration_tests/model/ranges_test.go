package model_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// ranges is what a trial draws about tables that are large enough to be read by ranges of their keys. In the zero value they
// are not.
type ranges struct {
	large bool
	keys  simulator.KeyPattern
	off   bool // parallel_snapshots is false
	hint  int  // how many requests the service recommends to send at once
}

// rangesStream is the number of the random stream.
const rangesStream = 18

// drawRanges draws from a random stream of its own, so that the trials of the other seeds stay as they are.
func drawRanges(t trial) trial {
	r := rand.New(rand.NewPCG(t.seed, rangesStream))
	if !one(r, 6) {
		return t
	}
	s := &t.switches
	s.ranges = ranges{large: true, keys: simulator.KeyPattern(r.IntN(3)), off: one(r, 8), hint: 2 + r.IntN(7)}
	s.pageSize, s.shortest, s.large = 2+r.IntN(3), 0, false
	s.rows = s.pageSize*(20+r.IntN(5)) + r.IntN(s.pageSize)
	s.behaviors.ScanByVersion = one(r, 2)
	if one(r, 3) {
		s.behaviors.KeyComparison = simulator.KeyComparison(1 + r.IntN(3))
	}
	if one(r, 2) {
		t.steps = slices.Insert(slices.Clone(t.steps), r.IntN(len(t.steps)+1), drawInterrupted(r)...)
	}
	return t
}

// drawInterrupted draws a read by ranges that is killed, and a read that continues it and in which pages lack their links.
func drawInterrupted(r *rand.Rand) []step {
	table := tracked[r.IntN(len(tracked))]
	killed, continues := step{kind: read, seed: r.Uint64()}, step{kind: read, seed: r.Uint64()}
	killed.read = disturbances{newJob: true, kill: place{table, 3 + r.IntN(18)}, keep: one(r, 2)}
	continues.read = disturbances{newJob: true, refused: []refusal{{from: place{table, 1 + r.IntN(10)}, response: linkless, times: 1 + r.IntN(2)}}}
	return []step{{kind: refresh, table: table, seed: r.Uint64()}, killed, {kind: change, table: table, n: r.IntN(4), seed: r.Uint64()}, continues}
}

func (g ranges) String() string {
	if !g.large {
		return "none"
	}
	return fmt.Sprintf("keys %s, off: %t, %d requests at once", []string{"of one node", "of three nodes", "random"}[g.keys], g.off, g.hint)
}

// settle is how long the gate waits for further requests of a stream that sends several at once; 0: each sends one.
func (g ranges) settle() time.Duration {
	if g.large {
		return time.Millisecond
	}
	return 0
}

// eachRowOnce checks a read of all rows of a stream, during which nothing changed: a large table is read by ranges of its key unless
// the service does not compare keys, and no row comes twice.
func (w *world) eachRowOnce(stream string, report *destination.Report) error {
	s := w.switches
	if !s.ranges.large || s.behaviors.KeyComparison != simulator.KeysCompared {
		return nil
	}
	for _, text := range []string{"one page after the other", "not returned with their ranges"} {
		if messages := logged(report, stream, text, "WARN"); len(messages) > 0 {
			return fmt.Errorf("the service compares keys as expected, and a warning claims that it does not: %s", messages[0])
		}
	}
	if rows, sent := len(w.environment.IDs(stream)), report.Streams[stream].Records; rows != sent && !s.behaviors.RepeatRows {
		return fmt.Errorf("%s has %d rows, and a read of all of them sends %d records", stream, rows, sent)
	}
	return nil
}

// rest chooses a request once none has come for a while. The caller holds the lock.
func (g *gate) rest() {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(g.settle, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.choose()
	})
}

// choose lets one of all requests that wait through. The caller holds the lock.
func (g *gate) choose() {
	var waiting []*waiter
	for _, stream := range slices.Sorted(maps.Keys(g.live)) {
		waiting = append(waiting, slices.SortedFunc(slices.Values(g.parked[stream]), func(a, b *waiter) int { return strings.Compare(a.query, b.query) })...)
	}
	if len(waiting) == 0 || g.open {
		return
	}
	chosen := waiting[g.random.IntN(len(waiting))]
	stream := chosen.request.stream
	g.parked[stream] = slices.DeleteFunc(g.parked[stream], func(other *waiter) bool { return other == chosen })
	chosen.turn <- g.admit(chosen.request)
	g.rest()
}
