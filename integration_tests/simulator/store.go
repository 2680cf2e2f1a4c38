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
	salt         uint64 // of the rows' values
	firstVersion int64  // of the generated rows
	begin        int64  // when the first generated row was made, in Unix time
	span         int64  // a power of two, above the number of generated rows
	shuffle      uint64
	rows         map[rowID]*storedRow
	created      idIndex // rows that were created, and generated rows that were created again
	gone         bitset  // generated rows that were deleted
	log          changeLog
	validFrom    int64           // delta tokens of an older version are expired
	unfilled     map[string]bool // columns that came after the generated rows, which have null there
	cells        []*cell
}

// storedRow is a row that was created or changed. It is never changed in place.
type storedRow struct {
	index    int // the generated row that shows where values has nothing; -1 for a created row
	version  int64
	created  int64 // of a created row, in Unix time as modified
	modified int64
	values   map[string]storedValue // by logical name
}

// storedValue is a column's JSON, and for a lookup the table it points to.
type storedValue struct {
	json   []byte
	target string
}

// ref points to a row of a store.
type ref struct {
	id    rowID
	index int        // of the generated row; -1 if there is none beneath
	row   *storedRow // nil for an untouched generated row
}

func newStore(seed uint64, t *Table, rows int, begin int64) *store {
	s := &store{
		table:    t,
		ids:      newSequence(seed, t.family(), rows),
		begin:    begin,
		span:     1 << bits.Len64(word(rows)),
		rows:     map[rowID]*storedRow{},
		unfilled: map[string]bool{},
	}
	s.salt = mix(seed, hashString(t.LogicalName))
	s.shuffle = mix(s.salt, 4) & word64(s.span-1)
	return s
}

// family is the table whose ids the rows have: the settings of users have those of the users.
func (t *Table) family() string {
	if t.PrimaryID == "systemuserid" {
		return "systemuser"
	}
	return t.LogicalName
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
	if s.table.Type == Elastic {
		return s.changed(word(r.index))
	}
	return s.firstVersion + int64(word(r.index)^s.shuffle)
}

// createdOn and modifiedOn are the times that the service keeps for each row, in Unix time.
func (s *store) createdOn(r ref) int64 {
	if r.index < 0 {
		return r.row.created
	}
	return s.made(word(r.index))
}

func (s *store) modifiedOn(r ref) int64 {
	if r.row != nil {
		return r.row.modified
	}
	return unixOf(s.changed(word(r.index)))
}

// put sets the row with that id, and remove deletes it. Both note in the journal how it was before.
func (s *store) put(j *journal, id rowID, row *storedRow, at time.Time) {
	j.note(s, id)
	if s.rows[id] == nil && row.index < 0 {
		s.created.insert(id)
	}
	s.rows[id] = row
	if s.table.Tracked {
		s.log.add(change{version: row.version, id: id, at: at})
	}
}

func (s *store) remove(j *journal, r ref, version int64, at time.Time) {
	j.note(s, r.id)
	if r.index >= 0 {
		s.gone.set(r.index)
	} else {
		s.created.remove(r.id)
	}
	delete(s.rows, r.id)
	if s.table.Tracked {
		s.log.add(change{version: version, id: r.id, deleted: true, at: at})
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
