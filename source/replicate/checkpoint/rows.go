package checkpoint

import "time"

// Hold notes the key of a record that is about to be sent. It reports whether the state already has the key or does not
// need it.
func (s *State) Hold(key []byte) (knew bool) {
	s.Run.Empty = false
	if s.KnownKeys == nil {
		return true
	}
	knew, ok := s.KnownKeys.Add(key)
	if !ok {
		s.KnownKeys = nil
	}
	return knew || !ok
}

// Unsee notes that a row is deleted, whether or not its deletion can be sent. A deleted row proves nothing later.
func (s *State) Unsee(key string) {
	if s.NewestSeen.Key == key {
		s.NewestSeen = Row{}
	}
}

// Release forgets a key whose deletion was sent.
func (s *State) Release(key string) {
	s.Unsee(key)
	if s.KnownKeys != nil {
		s.KnownKeys.Remove(key)
	}
}

// Trim drops the known keys if they have become too large for a state. While deletions are reconciled they stay: there are only
// fewer of them, although fewer keys may pack worse, and a state of that phase needs them.
func (s *State) Trim() {
	if s.Phase != ReconcileDeletions && s.KnownKeys != nil && !s.KnownKeys.Fits() {
		s.KnownKeys = nil
	}
}

// See notes the row with the greatest version of a page that was sent.
func (s *State) See(newest Row) {
	if newest.Version > s.NewestSeen.Version {
		s.NewestSeen = newest
	}
}

// ConfirmHistory notes that the environment continues the history of NewestRow: the changes hold its key, or the row is
// unchanged. Then the next scan looks for the same row, unless this one has seen a newer row.
func (s *State) ConfirmHistory(unchanged bool) {
	if unchanged {
		s.See(s.NewestRow)
	}
	s.NewestRow, s.ConfirmedUntil = Row{}, time.Time{}
}

// takeNewest makes the newest row of a completed scan the row to look for in the next one.
func takeNewest(s *State) {
	s.NewestRow, s.NewestSeen = s.NewestSeen, Row{}
	s.ConfirmedUntil = time.Time{}
	if !s.NewestRow.IsZero() {
		s.ConfirmedUntil = s.Issued
	}
}
