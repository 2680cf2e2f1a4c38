package rows

import (
	"iter"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// idIndex is a set of ids in their order, kept in short runs so that an insertion moves few of them.
type idIndex struct {
	runs [][]guid.ID // each sorted and not empty, each run's ids above those of the run before
	n    int
}

const runLength = 512

// run returns the number of the run in which id stands or would stand.
func (x *idIndex) run(id guid.ID) int {
	i, found := slices.BinarySearchFunc(x.runs, id, func(run []guid.ID, id guid.ID) int { return run[0].Compare(id) })
	if !found && i > 0 {
		i--
	}
	return i
}

func (x *idIndex) insert(id guid.ID) {
	if len(x.runs) == 0 {
		x.runs, x.n = [][]guid.ID{{id}}, 1
		return
	}
	r := x.run(id)
	at, found := slices.BinarySearchFunc(x.runs[r], id, guid.ID.Compare)
	if found {
		return
	}
	x.n++
	run := slices.Insert(x.runs[r], at, id)
	x.runs[r] = run
	if len(run) > runLength {
		half := len(run) / 2
		x.runs[r] = slices.Clone(run[:half])
		x.runs = slices.Insert(x.runs, r+1, slices.Clone(run[half:]))
	}
}

func (x *idIndex) remove(id guid.ID) {
	if len(x.runs) == 0 {
		return
	}
	r := x.run(id)
	at, found := slices.BinarySearchFunc(x.runs[r], id, guid.ID.Compare)
	if !found {
		return
	}
	x.n--
	x.runs[r] = slices.Delete(x.runs[r], at, at+1)
	if len(x.runs[r]) == 0 {
		x.runs = slices.Delete(x.runs, r, r+1)
	}
}

// from yields the ids that are not below the one given, in order.
func (x *idIndex) from(id guid.ID) iter.Seq[guid.ID] {
	return func(yield func(guid.ID) bool) {
		if len(x.runs) == 0 {
			return
		}
		first := x.run(id)
		for r := first; r < len(x.runs); r++ {
			at := 0
			if r == first {
				at, _ = slices.BinarySearchFunc(x.runs[r], id, guid.ID.Compare)
			}
			for _, next := range x.runs[r][at:] {
				if !yield(next) {
					return
				}
			}
		}
	}
}
