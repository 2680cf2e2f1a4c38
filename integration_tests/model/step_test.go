package model_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// kind is what happens in a step.
type kind string

const (
	change       kind = "change rows of"
	imported     kind = "import rows, with a modifiedon of another time, into"
	purge        kind = "delete a third of"
	expire       kind = "expire the delta tokens of"
	rename       kind = "rename the entity set of"
	removeColumn kind = "remove a column of"
	addColumn    kind = "add a column to"
	deselect     kind = "deselect a column of"
	selectAll    kind = "select all columns of"
	pause        kind = "wait for days:"
	outgrow      kind = "let the keys outgrow the state of"
	copied       kind = "put another organisation behind the url"
	restrict     kind = "let the user see only some rows of"
	grant        kind = "let the user see all rows of"
	untrack      kind = "switch change tracking off for"
	track        kind = "switch change tracking on for"
	remove       kind = "remove the table"
	restored     kind = "restore a backup from before the token of"
	refresh      kind = "refresh the stream"
	python       kind = "leave the state of the Python connector to"
	first        kind = "leave the state of the first version to"
	move         kind = "give the environment another address"
	read         kind = "read"
)

// step is one thing that happens. Its own seed makes its choices, so that a step does the same where others are left
// out.
type step struct {
	kind  kind
	table string
	n     int // rows to change, or days to wait
	seed  uint64
	read  reading // of a read
}

// reading is one read and what happens while it runs.
type reading struct {
	cut    cut
	kill   place // the process is killed while it waits for this answer
	keep   bool  // what came after the last STATE of each stream before the break is kept
	newJob bool  // a job of its own, and not another attempt of the one before
	busy   bool  // others write to the environment all the time, though not to a table whose changes are followed
	refuse []place
	during []event
}

// cut is where a read's output breaks: so many bytes behind so many states. The zero value is nowhere. A process is killed
// at a line, of about 120 bytes.
type cut struct{ states, bytes int }

// place is a request of a read: the n-th for the table's rows, from 1; as that of an event 0 is the first by keys.
type place struct {
	table string
	n     int
}

// event is a step that happens just before a request.
type event struct {
	before place
	step   step
}

func drawSteps(r *rand.Rand) []step {
	var steps []step
	for range 4 + r.IntN(8) {
		switch r.IntN(7) {
		case 0, 1, 2:
			steps = append(steps, drawRead(r))
		case 3:
			steps = append(steps, drawPlight(r)...)
		default:
			steps = append(steps, drawStep(r, between))
		}
	}
	return steps
}

// drawPlight draws steps that are hard to stand one behind the other: a walk of several pages is killed and what it has
// told of changes once more, or a table has to be read anew while rows are hidden.
func drawPlight(r *rand.Rand) []step {
	table := tracked[r.IntN(len(tracked))]
	of := func(k kind, n int) step { return step{kind: k, table: table, n: n, seed: r.Uint64()} }
	broken, whole := drawRead(r), drawRead(r)
	broken.read.cut, broken.read.refuse, broken.read.during = cut{}, nil, nil
	whole.read.cut, whole.read.kill = cut{}, place{}
	if one(r, 2) {
		broken.read.kill, broken.read.keep = place{table, 2 + r.IntN(4)}, !one(r, 4)
		return []step{of(change, 10+r.IntN(30)), broken, of(change, 1+r.IntN(20)), whole}
	}
	broken.read.kill = place{}
	broken.read.during = []event{{place{table, r.IntN(12)}, of(restrict, 1)}}
	if one(r, 2) {
		broken.read.during[0].before.n = 0
	}
	lost := []kind{expire, restored, change}[r.IntN(3)]
	return []step{of(change, 10+r.IntN(30)), of(lost, 10), broken, of(grant, 1), whole}
}

// share is how often a kind of step is drawn, between reads and during them.
type share struct {
	kind            kind
	between, during int
}

func shares() []share {
	return []share{
		{change, 22, 16}, {imported, 4, 2}, {purge, 2, 1}, {expire, 4, 2}, {rename, 2, 1}, {removeColumn, 2, 1},
		{addColumn, 2, 0}, {deselect, 4, 0}, {selectAll, 3, 0}, {pause, 3, 0}, {outgrow, 3, 0}, {copied, 1, 0},
		// What is withheld and granted between two requests cannot be noticed by anyone: during a read nothing is granted.
		{restrict, 2, 14}, {grant, 8, 0},
		{untrack, 1, 1}, {track, 6, 0}, {remove, 1, 1}, {restored, 2, 0}, {refresh, 3, 0}, {python, 3, 0}, {first, 2, 0}, {move, 2, 0},
	}
}

func between(s share) int { return s.between }
func during(s share) int  { return s.during }

func drawStep(r *rand.Rand, weight func(share) int) step {
	sum := 0
	for _, s := range shares() {
		sum += weight(s)
	}
	at := r.IntN(sum)
	var drawn kind
	for _, s := range shares() {
		if at -= weight(s); at < 0 {
			drawn = s.kind
			break
		}
	}
	return step{kind: drawn, table: drawTable(r), n: logarithmic(r, 1, 40), seed: r.Uint64()}
}

func drawTable(r *rand.Rand) string {
	return []string{orders, orders, orders, links, links, tags, tags, notes}[r.IntN(8)]
}

func drawRead(r *rand.Rand) step {
	s := step{kind: read, seed: r.Uint64()}
	s.read.newJob, s.read.busy = !one(r, 3), one(r, 2)
	switch r.IntN(6) {
	case 0, 1:
		s.read.cut = drawCut(r)
	case 2:
		s.read.kill = place{drawTable(r), 1 + r.IntN(9)}
	}
	s.read.keep = one(r, 2)
	if one(r, 5) {
		s.read.refuse = append(s.read.refuse, place{drawTable(r), 1 + r.IntN(4)})
	}
	if one(r, 2) {
		for range 1 + r.IntN(3) {
			at := place{drawTable(r), 1 + r.IntN(12)}
			drawn := drawStep(r, during)
			if !one(r, 4) {
				drawn.table = at.table
			}
			s.read.during = append(s.read.during, event{at, drawn})
		}
	}
	return s
}

func drawCut(r *rand.Rand) cut {
	if one(r, 2) {
		return cut{states: 1 + r.IntN(12), bytes: r.IntN(1500)}
	}
	return cut{bytes: logarithmic(r, 1500, 60_000)}
}

// logarithmic draws small numbers as often as large ones.
func logarithmic(r *rand.Rand, least, most float64) int {
	return int(math.Exp(math.Log(least) + r.Float64()*math.Log(most/least)))
}

func (s step) String() string {
	switch s.kind {
	case read:
		return s.read.String()
	case copied, move:
		return string(s.kind)
	case pause:
		return fmt.Sprintf("%s %d", s.kind, s.n)
	case change, imported:
		return fmt.Sprintf("%s %s, %d times (seed %d)", s.kind, s.table, s.n, s.seed)
	default:
		return fmt.Sprintf("%s %s", s.kind, s.table)
	}
}

func (r reading) String() string {
	var b strings.Builder
	b.WriteString("read")
	if r.newJob {
		b.WriteString(" in a new job")
	}
	if r.busy {
		b.WriteString(" while others write")
	}
	if r.cut != (cut{}) {
		fmt.Fprintf(&b, ", cut %d bytes behind %d states, keeping what no STATE covers: %t", r.cut.bytes, r.cut.states, r.keep)
	}
	if r.kill.n > 0 {
		fmt.Fprintf(&b, ", killed at request %d of %s, keeping what no STATE covers: %t", r.kill.n, r.kill.table, r.keep)
	}
	for _, p := range r.refuse {
		fmt.Fprintf(&b, "; from request %d of %s on a page's link is refused once", p.n, p.table)
	}
	for _, e := range r.during {
		if e.before.n == 0 {
			fmt.Fprintf(&b, "; before the first request for keys of %s: %s", e.before.table, e.step)
			continue
		}
		fmt.Fprintf(&b, "; before request %d of %s: %s", e.before.n, e.before.table, e.step)
	}
	return b.String()
}
