package model_test

import (
	"math"
	"math/rand/v2"
)

func drawSteps(r *rand.Rand) []step {
	var steps []step
	for range 4 + r.IntN(8) {
		switch r.IntN(15) {
		case 0, 1, 2, 3, 4, 5:
			steps = append(steps, drawRead(r))
		case 6, 7, 8:
			steps = append(steps, drawSequence(r)...)
		default:
			steps = append(steps, drawStep(r, between))
		}
	}
	return steps
}

// drawSequence draws steps that rarely follow one another by chance.
func drawSequence(r *rand.Rand) []step {
	table := tracked[r.IntN(len(tracked))]
	of := func(k kind, n int) step { return step{kind: k, table: table, n: n, seed: r.Uint64()} }
	broken, quiet := drawRead(r), drawRead(r)
	broken.read.cut, broken.read.refused, broken.read.events = cut{}, nil, nil
	quiet.read = disturbances{newJob: true}
	switch r.IntN(9) {
	case 0: // a scan of several pages is killed, and its changes come once more
		broken.read.kill, broken.read.keep = place{table, 2 + r.IntN(4)/2}, !one(r, 4)
		return []step{quiet, of(change, 30+r.IntN(30)), broken, of(change, 1+r.IntN(20)), quiet}
	case 1: // a table has to be read in full while rows are hidden
		broken.read.kill = place{}
		broken.read.events = []event{{place{table, r.IntN(12)}, of(restrict, 1)}}
		if one(r, 2) {
			broken.read.events[0].before.n = 0
		}
		lost := []kind{expire, newerToken, change}[r.IntN(3)]
		return []step{of(change, 10+r.IntN(30)), of(lost, 10), broken, of(grant, 1), quiet}
	case 2: // the state is dropped, and the rows of changes stay; a page of the snapshot may lack its links
		dropped := []kind{backfill, retain, refresh, clearData}[r.IntN(4)]
		full := []step{quiet, of(change, 5+r.IntN(30)), quiet, of(change, 5+r.IntN(30)), of(dropped, 1), drawRead(r), quiet}
		if last := &full[len(full)-2]; last.seed%3 == 0 {
			n := 1 + int(last.seed/3%6)
			last.read = disturbances{newJob: true, refused: []refusal{{from: place{table, n}, response: linkless, times: 1}}}
		}
		return full
	case 3, 4: // a good delta token meets a response that is no evidence
		refused := drawPassing(r, table)
		refused.from.n = 1 + r.IntN(2)
		if refused.times < few { // overcome
			refused.times = attempts
		}
		broken.read = disturbances{newJob: true, refused: []refusal{refused}}
		large := step{kind: outgrow, table: table} // else a resync would find the rows that were deleted
		return []step{quiet, large, of(change, 5+r.IntN(30)), broken, quiet}
	case 5: // a backup is restored from before the rows that were read last
		return []step{of(backup, 1), of(change, 5+r.IntN(30)), quiet, of(restore, 1), of(change, r.IntN(10)), quiet}
	case 6: // rows are read by their keys, and a response lacks some that exist
		by := []kind{expire, newerToken, deselect}[r.IntN(3)]
		refused := refusal{from: place{table, 1}, response: halfFound, times: []int{1, 2, many}[r.IntN(3)]}
		broken.read = disturbances{newJob: true, refused: []refusal{refused}}
		return []step{quiet, of(by, 1), of(change, 5+r.IntN(30)), broken, quiet}
	default: // the records of a first attempt stay, and its states do not
		begun := []kind{clearData, refresh, refresh}[r.IntN(3)]
		broken.read = disturbances{newJob: true, loses: true, kept: max(0, r.IntN(12)-3), keep: true}
		if one(r, 2) {
			broken.read.kill = place{table, 2 + r.IntN(16)}
		}
		again := step{kind: read, seed: r.Uint64()}
		return []step{of(begun, 1), broken, of(change, 5+r.IntN(30)), again, quiet}
	}
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
		{untrack, 1, 1}, {track, 6, 0}, {remove, 1, 1}, {newerToken, 2, 0}, {backup, 2, 0}, {restore, 2, 0},
		{clearData, 2, 0}, {refresh, 2, 0}, {retain, 2, 0}, {backfill, 2, 0}, {forget, 1, 0}, {python, 3, 0}, {move, 2, 0},
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
	s.read.loses, s.read.kept = one(r, 5), r.IntN(10)
	if one(r, 3) {
		s.read.refused = append(s.read.refused, drawRefusal(r))
	}
	if one(r, 2) {
		for range 1 + r.IntN(3) {
			at := place{drawTable(r), 1 + r.IntN(12)}
			drawn := drawStep(r, during)
			if !one(r, 4) {
				drawn.table = at.table
			}
			s.read.events = append(s.read.events, event{at, drawn})
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
