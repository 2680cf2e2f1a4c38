package rows

import (
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// Journal records how rows were, so that a change set that fails has no effect.
type Journal struct {
	before []before
}

type before struct {
	store *Store
	id    guid.ID
	row   *Row
	gone  bool
	log   int
}

func (j *Journal) note(s *Store, id guid.ID) {
	b := before{store: s, id: id, row: s.Rows[id], log: len(s.Log.Entries)}
	if i, ok := s.IDs.Find(id); ok {
		b.gone = s.gone.has(i)
	}
	j.before = append(j.before, b)
}

// Undo reverts everything that was recorded. Row versions that were used stay used.
func (j *Journal) Undo() {
	for _, b := range slices.Backward(j.before) {
		b.restore()
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
	s.Log.cut(b.log)
}
