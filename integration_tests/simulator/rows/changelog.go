package rows

import (
	"slices"
	"sort"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// ChangeLog is what has happened to a tracked table, by row version.
type ChangeLog struct {
	Entries  []Change
	deletion map[guid.ID]int // where the last deletion of an id stands
}

// Change is an entry of a log.
type Change struct {
	Version  int64
	ID       guid.ID
	Deleted  bool
	Repeated bool // there is a later deletion of the same id
	before   int  // of a deletion that is not the first of its id: where the one before stands; else -1
	At       time.Time
}

// add takes a change in, in the order of row versions: one that was committed late stands before others.
func (l *ChangeLog) add(c Change) {
	if at := l.search(c.Version); at < len(l.Entries) {
		l.rebuild(slices.Insert(l.Entries, at, c))
		return
	}
	if c.before = -1; c.Deleted {
		if before, again := l.deletion[c.ID]; again {
			c.before = before
			l.Entries[before].Repeated = true
		}
		if l.deletion == nil {
			l.deletion = map[guid.ID]int{}
		}
		l.deletion[c.ID] = len(l.Entries)
	}
	l.Entries = append(l.Entries, c)
}

// search returns where the entry after a row version stands.
func (l *ChangeLog) search(version int64) int {
	return sort.Search(len(l.Entries), func(i int) bool { return l.Entries[i].Version > version })
}

// rebuild makes the log from its entries.
func (l *ChangeLog) rebuild(entries []Change) {
	*l = ChangeLog{Entries: make([]Change, 0, len(entries))}
	for _, c := range entries {
		c.Repeated = false
		l.add(c)
	}
}

// remove takes the change of a row version out again, if the log has it.
func (l *ChangeLog) remove(version int64) {
	at := l.search(version) - 1
	if at < 0 || l.Entries[at].Version != version {
		return
	}
	if at < len(l.Entries)-1 {
		l.rebuild(slices.Delete(l.Entries, at, at+1))
		return
	}
	switch c := l.Entries[at]; {
	case !c.Deleted:
	case c.before < 0:
		delete(l.deletion, c.ID)
	default:
		l.Entries[c.before].Repeated = false
		l.deletion[c.ID] = c.before
	}
	l.Entries = l.Entries[:at]
}

// After returns the entries after a row version that match, at most so many.
func (l *ChangeLog) After(version int64, limit int, match func(Change) bool) []Change {
	var found []Change
	for _, c := range l.Entries[l.search(version):] {
		if len(found) == limit {
			break
		}
		if match(c) {
			found = append(found, c)
		}
	}
	return found
}
