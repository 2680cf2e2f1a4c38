package simulator

import (
	"iter"
	"math/bits"
	"time"
)

// store holds the rows of one table: the generated ones by their number alone, and of each row that was created or
// changed what differs from the generated one.
type store struct {
	table        *Table
	ids          sequence
	firstVersion int64 // of the generated rows
	shuffle      uint64
	rows         map[rowID]*storedRow
	created      idIndex // rows that were created, and generated rows that were created again
	gone         bitset  // generated rows that were deleted
	log          []change
	validFrom    int64           // delta tokens of an older version are expired
	unfilled     map[string]bool // columns that came after the generated rows, which have null there
	cells        []*cell
}

// storedRow is a row that was created or changed. It is never changed in place.
type storedRow struct {
	index    int // the generated row that shows where values has nothing; -1 for a created row
	version  int64
	created  time.Time // of a created row
	modified time.Time
	values   map[string]storedValue // by logical name
}

// storedValue is a column's JSON, and for a lookup the table it points to.
type storedValue struct {
	json   []byte
	target string
}

// change is an entry of a tracked table's log.
type change struct {
	version int64
	id      rowID
	deleted bool
	at      time.Time
}

// ref points to a row of a store.
type ref struct {
	id    rowID
	index int        // of the generated row; -1 if there is none beneath
	row   *storedRow // nil for an untouched generated row
}

func newStore(seed uint64, t *Table, rows int) *store {
	s := &store{
		table:    t,
		ids:      newSequence(seed, t.LogicalName, rows),
		rows:     map[rowID]*storedRow{},
		unfilled: map[string]bool{},
	}
	s.shuffle = mix(s.ids.salt, 4) & (1<<bits.Len64(word(rows)) - 1)
	return s
}

func (s *store) count() int { return s.ids.length - s.gone.n + s.created.n }

// find is the row with that id.
func (s *store) find(id rowID) (ref, bool) {
	if row := s.rows[id]; row != nil {
		return ref{id, row.index, row}, true
	}
	if i, ok := s.ids.find(id); ok && !s.gone.has(i) {
		return ref{id, i, nil}, true
	}
	return ref{}, false
}

// from yields the rows whose ids are not below the one given, in order.
func (s *store) from(id rowID) iter.Seq[ref] {
	return func(yield func(ref) bool) {
		i := s.ids.ceil(id)
		for c := range s.created.from(id) {
			for ; i < s.ids.length && s.ids.id(i).compare(c) < 0; i++ {
				if !s.gone.has(i) && !yield(s.generated(i)) {
					return
				}
			}
			if !yield(ref{c, -1, s.rows[c]}) {
				return
			}
		}
		for ; i < s.ids.length; i++ {
			if !s.gone.has(i) && !yield(s.generated(i)) {
				return
			}
		}
	}
}

func (s *store) generated(i int) ref {
	id := s.ids.id(i)
	return ref{id, i, s.rows[id]}
}

// version is the row version of a row.
func (s *store) version(r ref) int64 {
	if r.row != nil {
		return r.row.version
	}
	return s.firstVersion + int64(word(r.index)^s.shuffle) //nolint:gosec // below the reserved span
}

// createdOn and modifiedOn are the times that the service keeps for each row.
func (s *store) createdOn(r ref) time.Time {
	if r.index < 0 {
		return r.row.created
	}
	const fiveYears = 5 * 365 * 24 * 60 * 60
	begin := time.Date(2018, time.March, 1, 8, 0, 0, 0, time.UTC)
	return begin.Add(time.Duration(mix(s.ids.salt, word(r.index), 5)%fiveYears) * time.Second) //nolint:gosec // five years at most
}

func (s *store) modifiedOn(r ref) time.Time {
	if r.row != nil {
		return r.row.modified
	}
	const year = 365 * 24 * 60 * 60
	return s.createdOn(r).Add(time.Duration(mix(s.ids.salt, word(r.index), 6)%year) * time.Second) //nolint:gosec // a year at most
}

// put sets the row with that id, and remove deletes it. Both note in the journal how it was before.
func (s *store) put(j *journal, id rowID, row *storedRow, at time.Time) {
	j.note(s, id)
	if s.rows[id] == nil && row.index < 0 {
		s.created.insert(id)
	}
	s.rows[id] = row
	s.record(change{version: row.version, id: id, at: at})
}

func (s *store) remove(j *journal, r ref, version int64, at time.Time) {
	j.note(s, r.id)
	if r.index >= 0 {
		s.gone.set(r.index)
	} else {
		s.created.remove(r.id)
	}
	delete(s.rows, r.id)
	s.record(change{version: version, id: r.id, deleted: true, at: at})
}

func (s *store) record(c change) {
	if s.table.Tracked {
		s.log = append(s.log, c)
	}
}

// bitset is a set of small numbers.
type bitset struct {
	words []uint64
	n     int
}

func (b *bitset) has(i int) bool {
	return i>>6 < len(b.words) && b.words[i>>6]&(1<<(word(i)&63)) != 0
}

func (b *bitset) set(i int) {
	if b.has(i) {
		return
	}
	if grow := i>>6 + 1 - len(b.words); grow > 0 {
		b.words = append(b.words, make([]uint64, grow)...)
	}
	b.words[i>>6] |= 1 << (word(i) & 63)
	b.n++
}

func (b *bitset) clear(i int) {
	if b.has(i) {
		b.words[i>>6] &^= 1 << (word(i) & 63)
		b.n--
	}
}
