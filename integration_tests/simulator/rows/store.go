package rows

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Store holds the rows of one table: the generated ones by their number alone, and of each row that was created or
// changed what differs from the generated one.
type Store struct {
	Table        *schema.Table
	IDs          Sequence
	salt         uint64 // of the rows' values
	firstVersion int64  // of the generated rows
	start        int64  // when the first generated row was made, in Unix time
	span         int64  // a power of two, above the number of generated rows
	shuffle      uint64
	Rows         map[guid.ID]*Row
	created      idIndex // rows that were created, and generated rows that were created again
	gone         bitset  // generated rows that were deleted
	Log          ChangeLog
	ValidFrom    int64           // delta tokens of an older version are expired
	Unfilled     map[string]bool // columns that came after the generated rows, which have null there
	Cells        []*Cell
	Comparison   KeyComparison // of its primary keys in a filter
}

// Row is a row that was created or changed. It is never changed in place.
type Row struct {
	Index    int // the generated row that shows where values has nothing; -1 for a created row
	Version  int64
	Created  int64 // of a created row, in Unix time as modified
	Modified int64
	Values   map[string]Value // by logical name
}

// Value is a column's JSON, and for a lookup the table it points to.
type Value struct {
	Json   []byte
	Target string
}

// Ref points to a row of a store.
type Ref struct {
	ID    guid.ID
	Index int  // of the generated row; -1 if there is none beneath
	Row   *Row // nil for an untouched generated row
}

func newStore(seed uint64, t *schema.Table, rows int, start int64, keys KeyPattern) *Store {
	s := &Store{
		Table:    t,
		IDs:      newSequence(seed, t.Family(), rows, keys),
		start:    start,
		span:     1 << bits.Len64(Word(rows)),
		Rows:     map[guid.ID]*Row{},
		Unfilled: map[string]bool{},
	}
	s.salt = Mix(seed, HashString(t.LogicalName))
	s.shuffle = Mix(s.salt, 4) & Word64(s.span-1)
	return s
}

// Count returns the number of rows.
func (s *Store) Count() int { return s.IDs.Length - s.gone.n + s.created.n }

// Find returns the row with that id.
func (s *Store) Find(id guid.ID) (Ref, bool) {
	if row := s.Rows[id]; row != nil {
		return Ref{id, row.Index, row}, true
	}
	if i, ok := s.IDs.Find(id); ok && !s.gone.has(i) {
		return Ref{id, i, nil}, true
	}
	return Ref{}, false
}

// From yields the rows whose ids are not below the one given, in order.
func (s *Store) From(id guid.ID) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		i := s.IDs.ceil(id)
		for c := range s.created.from(id) {
			for ; i < s.IDs.Length && s.IDs.Id(i).Compare(c) < 0; i++ {
				if !s.gone.has(i) && !yield(s.generated(i)) {
					return
				}
			}
			if !yield(Ref{c, -1, s.Rows[c]}) {
				return
			}
		}
		for ; i < s.IDs.Length; i++ {
			if !s.gone.has(i) && !yield(s.generated(i)) {
				return
			}
		}
	}
}

// KeyRange is the primary keys from one to another, in the order of SQL Server. Nil is no bound.
type KeyRange struct{ Least, Greatest *guid.ID }

// Within yields the rows of From that a range of keys can hold, in order.
func (s *Store) Within(id guid.ID, keys KeyRange) iter.Seq[Ref] {
	if keys.Least != nil && keys.Least.Compare(id) > 0 {
		id = *keys.Least
	}
	return func(yield func(Ref) bool) {
		for r := range s.From(id) {
			if keys.Greatest != nil && r.ID.Compare(*keys.Greatest) > 0 || !yield(r) {
				return
			}
		}
	}
}

// ByVersion yields the rows whose versions are above the one given, by version. Those that were changed have versions above
// the generated ones.
func (s *Store) ByVersion(version int64) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for v := max(version+1, s.firstVersion); v < s.firstVersion+s.span; v++ {
			i := int(Word64(v-s.firstVersion) ^ s.shuffle)
			if i >= s.IDs.Length || s.gone.has(i) {
				continue
			}
			if r := s.generated(i); r.Row == nil && !yield(r) {
				return
			}
		}
		var changed []Ref
		for id, row := range s.Rows {
			if row.Version > version {
				changed = append(changed, Ref{id, row.Index, row})
			}
		}
		slices.SortFunc(changed, func(a, b Ref) int { return cmp.Compare(a.Row.Version, b.Row.Version) })
		for _, r := range changed {
			if !yield(r) {
				return
			}
		}
	}
}

func (s *Store) generated(i int) Ref {
	id := s.IDs.Id(i)
	return Ref{id, i, s.Rows[id]}
}

// Version returns the row version of a row.
func (s *Store) Version(r Ref) int64 {
	if r.Row != nil {
		return r.Row.Version
	}
	if s.Table.Type == schema.Elastic {
		return s.changed(Word(r.Index))
	}
	return s.firstVersion + int64(Word(r.Index)^s.shuffle)
}

// createdOn and modifiedOn are the times that the service keeps for each row, in Unix time.
func (s *Store) createdOn(r Ref) int64 {
	if r.Index < 0 {
		return r.Row.Created
	}
	return s.made(Word(r.Index))
}

// ModifiedOn returns when the row was last changed, in Unix time.
func (s *Store) ModifiedOn(r Ref) int64 {
	if r.Row != nil {
		return r.Row.Modified
	}
	return unixOf(s.changed(Word(r.Index)))
}

// Put sets the row with that id and notes in the journal how it was before.
func (s *Store) Put(j *Journal, id guid.ID, row *Row, at time.Time) {
	j.note(s, id, row.Version)
	if s.Rows[id] == nil && row.Index < 0 {
		s.created.insert(id)
	}
	s.Rows[id] = row
	if s.Table.Tracked {
		s.Log.add(Change{Version: row.Version, ID: id, At: at})
	}
}

// Remove deletes a row and notes in the journal how it was before.
func (s *Store) Remove(j *Journal, r Ref, version int64, at time.Time) {
	j.note(s, r.ID, version)
	if r.Index >= 0 {
		s.gone.set(r.Index)
	} else {
		s.created.remove(r.ID)
	}
	delete(s.Rows, r.ID)
	if s.Table.Tracked {
		s.Log.add(Change{Version: version, ID: r.ID, Deleted: true, At: at})
	}
}

// bitset is a set of small numbers.
type bitset struct {
	words []uint64
	n     int
}

func (b *bitset) has(i int) bool {
	return i>>6 < len(b.words) && b.words[i>>6]&(1<<(Word(i)&63)) != 0
}

func (b *bitset) set(i int) {
	if b.has(i) {
		return
	}
	if grow := i>>6 + 1 - len(b.words); grow > 0 {
		b.words = append(b.words, make([]uint64, grow)...)
	}
	b.words[i>>6] |= 1 << (Word(i) & 63)
	b.n++
}

func (b *bitset) clear(i int) {
	if b.has(i) {
		b.words[i>>6] &^= 1 << (Word(i) & 63)
		b.n--
	}
}

// Exists reports whether there is a row with that id.
func (s *Store) Exists(id guid.ID) bool {
	_, ok := s.Find(id)
	return ok
}
