package simulator

import (
	"sort"
	"time"
)

// changeLog is what has happened to a tracked table, by row version.
type changeLog struct {
	entries  []change
	deletion map[rowID]int // where the last deletion of an id stands
}

// change is an entry of a log.
type change struct {
	version  int64
	id       rowID
	deleted  bool
	repeated bool // there is a later deletion of the same id
	before   int  // of a deletion that is not the first of its id: where the one before stands; else -1
	at       time.Time
}

func (l *changeLog) add(c change) {
	if c.before = -1; c.deleted {
		if before, again := l.deletion[c.id]; again {
			c.before = before
			l.entries[before].repeated = true
		}
		if l.deletion == nil {
			l.deletion = map[rowID]int{}
		}
		l.deletion[c.id] = len(l.entries)
	}
	l.entries = append(l.entries, c)
}

// cut takes back all entries behind the first so many.
func (l *changeLog) cut(length int) {
	for at := len(l.entries) - 1; at >= length; at-- {
		switch c := l.entries[at]; {
		case !c.deleted:
		case c.before < 0:
			delete(l.deletion, c.id)
		default:
			l.entries[c.before].repeated = false
			l.deletion[c.id] = c.before
		}
	}
	l.entries = l.entries[:length]
}

// after are the entries behind a row version that match, at most so many.
func (l *changeLog) after(version int64, limit int, match func(change) bool) []change {
	var found []change
	for _, c := range l.entries[sort.Search(len(l.entries), func(i int) bool { return l.entries[i].version > version }):] {
		if len(found) == limit {
			break
		}
		if match(c) {
			found = append(found, c)
		}
	}
	return found
}
