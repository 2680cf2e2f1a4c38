package rows

import (
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

func (l *ChangeLog) add(c Change) {
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

// cut removes all entries after the first so many.
func (l *ChangeLog) cut(length int) {
	for at := len(l.Entries) - 1; at >= length; at-- {
		switch c := l.Entries[at]; {
		case !c.Deleted:
		case c.before < 0:
			delete(l.deletion, c.ID)
		default:
			l.Entries[c.before].Repeated = false
			l.deletion[c.ID] = c.before
		}
	}
	l.Entries = l.Entries[:length]
}

// After returns the entries after a row version that match, at most so many.
func (l *ChangeLog) After(version int64, limit int, match func(Change) bool) []Change {
	var found []Change
	for _, c := range l.Entries[sort.Search(len(l.Entries), func(i int) bool { return l.Entries[i].Version > version }):] {
		if len(found) == limit {
			break
		}
		if match(c) {
			found = append(found, c)
		}
	}
	return found
}
