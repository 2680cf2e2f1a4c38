package simulator

import "slices"

// journal remembers how rows were, so that a change set that fails half way leaves nothing behind.
type journal struct {
	before []before
}

type before struct {
	store *store
	id    rowID
	row   *storedRow
	gone  bool
	log   int
}

func (j *journal) note(s *store, id rowID) {
	b := before{store: s, id: id, row: s.rows[id], log: len(s.log.entries)}
	if i, ok := s.ids.find(id); ok {
		b.gone = s.gone.has(i)
	}
	j.before = append(j.before, b)
}

// undo takes back everything that was noted. Row versions that were used stay used.
func (j *journal) undo() {
	for _, b := range slices.Backward(j.before) {
		b.restore()
	}
	j.before = nil
}

func (b before) restore() {
	s := b.store
	s.created.remove(b.id)
	delete(s.rows, b.id)
	if b.row != nil {
		s.rows[b.id] = b.row
		if b.row.index < 0 {
			s.created.insert(b.id)
		}
	}
	if i, ok := s.ids.find(b.id); ok && !b.gone {
		s.gone.clear(i)
	}
	s.log.cut(b.log)
}
