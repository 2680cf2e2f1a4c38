package rows

import (
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// Journal records how rows were, so that a change set that fails has no effect.
type Journal struct {
	In     *Transaction // nil: the changes are visible at once
	before []before
}

type before struct {
	store   *Store
	id      guid.ID
	row     *Row
	gone    bool
	version int64 // of the change
}

func (j *Journal) note(s *Store, id guid.ID, version int64) {
	b := before{store: s, id: id, row: s.Rows[id], version: version}
	if i, ok := s.IDs.Find(id); ok {
		b.gone = s.gone.has(i)
	}
	j.before = append(j.before, b)
}

// Undo reverts everything that was recorded. Row versions that were used stay used.
func (j *Journal) Undo() { j.undo(func(*Store) bool { return true }) }

// undo reverts the changes of some tables.
func (j *Journal) undo(of func(*Store) bool) {
	for _, b := range slices.Backward(j.before) {
		if of(b.store) {
			b.restore()
		}
	}
	j.before = nil
}

func (b before) restore() {
	s := b.store
	s.created.remove(b.id)
	delete(s.Rows, b.id)
	if b.row != nil {
		s.Rows[b.id] = b.row
		if b.row.Index < 0 {
			s.created.insert(b.id)
		}
	}
	if i, ok := s.IDs.Find(b.id); ok && !b.gone {
		s.gone.clear(i)
	}
	s.Log.remove(b.version)
}
