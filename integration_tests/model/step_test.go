package model_test

import (
	"fmt"
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
	copied       kind = "put another organization behind the url"
	restrict     kind = "let the user see only some rows of"
	grant        kind = "let the user see all rows of"
	untrack      kind = "turn change tracking off for"
	track        kind = "turn change tracking on for"
	remove       kind = "remove the table"
	newerToken   kind = "give the state a token of a later version, as after a restored backup:"
	backup       kind = "take a backup"
	restore      kind = "restore the backup"
	clearData    kind = "clear the data of"
	refresh      kind = "refresh and remove the records of"
	retain       kind = "refresh and retain the records of"
	backfill     kind = "backfill, with a null state,"
	forget       kind = "forget the state, with a scheduler that keeps none, of"
	python       kind = "leave the state of the Python connector to"
	hold         kind = "change rows, which are committed later, of"
	commit       kind = "commit what was held back of"
	move         kind = "give the environment another address"
	read         kind = "read"
)

// step is one thing that happens. Its own seed makes its choices, so that a step does the same where others are
// removed.
type step struct {
	kind  kind
	table string
	n     int // rows to change, or days to wait
	seed  uint64
	read  disturbances // of a read
}

// disturbances are what happens during one read.
type disturbances struct {
	cut     cut
	kill    place // the process is killed while it waits for this response
	keep    bool  // the records after the last STATE of each stream before the break are kept
	newJob  bool  // a new job, and not another attempt of the one before
	busy    bool  // others write to the environment all the time, though not to a table whose changes are followed
	loses   bool  // the platform loses states, and so the attempt fails for it
	kept    int   // the states before it does
	refused []refusal
	events  []event
}

// cut is where a read's output breaks: so many bytes after so many states. The zero value is nowhere.
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

// stepAt returns the step as it happens just before a request. While rows are looked up other streams are read, which
// must not see the clock of an import.
func (e event) stepAt(q request) step {
	s := e.step
	if s.kind == imported && q.lookup {
		s.kind = change
	}
	return s
}

func (s step) String() string {
	switch s.kind {
	case read:
		return s.read.String()
	case copied, move, backup:
		return string(s.kind)
	case pause:
		return fmt.Sprintf("%s %d", s.kind, s.n)
	case restore:
		return fmt.Sprintf("%s, overtaken: %t", s.kind, s.overtakes())
	case change, imported, hold:
		return fmt.Sprintf("%s %s, %d times (seed %d)", s.kind, s.table, s.n, s.seed)
	default:
		return fmt.Sprintf("%s %s", s.kind, s.table)
	}
}

// overtakes reports whether the versions of a restored backup continue above all former ones.
func (s step) overtakes() bool { return s.seed%4 > 0 }

func (d disturbances) String() string {
	var b strings.Builder
	b.WriteString("read")
	if d.newJob {
		b.WriteString(" in a new job")
	}
	if d.busy {
		b.WriteString(" while others write")
	}
	if d.cut != (cut{}) {
		fmt.Fprintf(&b, ", cut %d bytes after %d states, keeping what no STATE covers: %t", d.cut.bytes, d.cut.states, d.keep)
	}
	if d.kill.n > 0 {
		fmt.Fprintf(&b, ", killed at request %d of %s, keeping what no STATE covers: %t", d.kill.n, d.kill.table, d.keep)
	}
	if d.loses {
		fmt.Fprintf(&b, ", the platform keeps only the first %d states", d.kept)
	}
	for _, f := range d.refused {
		fmt.Fprintf(&b, "; from request %d of %s on %s, %d times", f.from.n, f.from.table, f.response, f.times)
	}
	for _, e := range d.events {
		if e.before.n == 0 {
			fmt.Fprintf(&b, "; before the first request for keys of %s: %s", e.before.table, e.step)
			continue
		}
		fmt.Fprintf(&b, "; before request %d of %s: %s", e.before.n, e.before.table, e.step)
	}
	return b.String()
}
