package model_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// untracked is what a trial draws about the table without change tracking. In the zero value the catalog offers a full
// refresh of it.
type untracked struct {
	incremental bool // the catalog offers an incremental sync
	byTime      bool // the table has no versionnumber
	bounded     bool // tables with change tracking give version bounds
}

// drawUntracked draws from a random stream of its own, so that the trials of the other seeds stay as they are.
func drawUntracked(t trial) trial {
	r := rand.New(rand.NewPCG(t.seed, untrackedStream))
	if !one(r, 2) {
		return t
	}
	t.switches.notes = untracked{incremental: true, byTime: one(r, 4) && !t.switches.drift, bounded: !one(r, 3)}
	if !t.switches.notes.lateCommits(t.switches.drift) {
		return t
	}
	insert := func(at int, steps ...step) { t.steps = slices.Insert(slices.Clone(t.steps), at, steps...) }
	of := func(k kind, n int) step { return step{kind: k, table: notes, n: n, seed: r.Uint64()} }
	for range 1 + r.IntN(2) { // rows take their versions, and other rows with greater ones are read before they are committed
		reads := step{kind: read, seed: r.Uint64(), read: disturbances{newJob: true}}
		insert(r.IntN(len(t.steps)+1), of(hold, 1+r.IntN(10)), of(change, 1+r.IntN(20)), reads, of(commit, 0))
	}
	if one(r, 2) {
		at := r.IntN(len(t.steps) + 1)
		insert(at, of(hold, 1+r.IntN(5)))
		insert(at+1+r.IntN(len(t.steps)-at), of(commit, 0))
	}
	return t
}

// untrackedStream is the number of the random stream.
const untrackedStream = 10

// lateCommits reports whether rows may be committed late: by times of servers whose clocks differ, nobody could find them.
func (u untracked) lateCommits(drift bool) bool { return u.bounded && !u.byTime || !drift }

func (u untracked) String() string {
	switch {
	case !u.incremental:
		return "read in full"
	case u.byTime:
		return "read by modifiedon"
	case u.bounded:
		return "read by versionnumber, with a bound"
	default:
		return "read by versionnumber, without a bound"
	}
}

// setting is the configuration's cursor_for_untracked.
func (u untracked) setting() string {
	if u.incremental {
		return "auto"
	}
	return "off"
}

// shape removes the version of the table's rows if they are read by time.
func (u untracked) shape(tables []*schema.Table) []*schema.Table {
	for _, t := range tables {
		if u.byTime && t.LogicalName == notes {
			t.Columns = slices.DeleteFunc(t.Columns, func(c schema.Column) bool { return c.LogicalName == "versionnumber" })
		}
	}
	return tables
}

// asksForBound reports whether a request asks for a delta token as a version bound. It waits for no turn: the stream that
// needs it has another table.
func asksForBound(r *http.Request) bool {
	return strings.HasSuffix(r.Header.Get("Prefer"), "odata.track-changes,odata.maxpagesize=1000")
}

// respondToBound returns the response to such a request.
func (w *world) respondToBound() response {
	if w.switches.notes.bounded {
		return served
	}
	return forbidden
}

// holdRows begins a transaction that changes rows, and that is not committed yet.
func (w *world) holdRows(r *rand.Rand, table string, n int) error {
	late := w.environment.Begin()
	w.open = append(w.open, openTransaction{late, w.clock.right()})
	touched := map[string]bool{}
	for range n {
		id := w.pick(r, table)
		if id == "" || touched[id] || one(r, 3) {
			created, err := late.Create(table, w.values(r, table))
			if err != nil {
				return err
			}
			w.touch(table, created)
			continue
		}
		touched[id] = true
		w.touch(table, id)
		if err := late.Update(table, id, w.values(r, table)); err != nil {
			return err
		}
	}
	return nil
}

// openTransaction is a transaction that began at a time.
type openTransaction struct {
	*simulator.Transaction
	began time.Time
}

// commitRows commits all transactions.
func (w *world) commitRows() {
	for _, t := range w.open {
		t.Commit()
	}
	w.open = nil
}

// advance lets time pass. Transactions that would stay open for longer than any does are committed before.
func (w *world) advance(by time.Duration) {
	const longest = 9 * time.Minute
	if slices.ContainsFunc(w.open, func(t openTransaction) bool { return w.clock.right().Add(by).Sub(t.began) > longest }) {
		w.commitRows()
	}
	w.clock.advance(by)
}

// harmless returns a step in place of one that the reads of the table without change tracking cannot notice: rows that the
// user may not see, and rows whose modifiedon is of another time.
func (w *world) harmless(s step) step {
	if s.table != notes || !w.switches.notes.incremental {
		return s
	}
	if s.kind == restrict || s.kind == imported && w.switches.notes.byTime {
		s.kind = change
	}
	return s
}

// endBlindness notes that the table without change tracking is read in full. After a restored backup it can be compared
// again: its newest row may be gone, and then nobody can notice the backup.
func (w *world) endBlindness(report *destination.Report) {
	read := report.Streams[notes]
	if read == nil || len(read.States) == 0 {
		return
	}
	first := string(read.States[0].StreamState)
	if !strings.Contains(first, `"after_version"`) && !strings.Contains(first, `"sent_version"`) && !strings.Contains(first, `"since"`) {
		w.blind = false
	}
}

// left reports whether a deleted row of the table without change tracking remains in the destination: deletions are not found.
func (w *world) left(stream, id string) bool {
	_, deleted := w.deleted[stream][id]
	return stream == notes && w.switches.notes.incremental && deleted
}
