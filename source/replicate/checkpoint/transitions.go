package checkpoint

import (
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// clone copies a state. The copy shares the known keys: there is one set in a process.
func clone(s *State) *State {
	c := *s
	return &c
}

// ScanForToken goes from Start to a token scan: the table has more than one page.
func (s *State) ScanForToken() {
	s.Phase, s.Link, s.PageSize, s.Scanned = TokenScan, "", 0, nil
}

// TakeToken goes to the snapshot from a token scan, or from Start if the table has only one page. issued is when the
// scan's first page came.
func (s *State) TakeToken(link dataverse.Link, issued time.Time) {
	s.Phase, s.Link, s.PageSize, s.DeltaLink, s.Issued, s.Restarts = Snapshot, "", 0, link, issued, 0
}

// Begin notes the derived columns of the rows that a scan sends, at its first page.
func (s *State) Begin(derived []string) {
	if !s.InMiddle() {
		s.Derived = derived
	}
}

// Advance moves a scan to its next page. pageSize is 0 unless the link numbers pages of that size.
func (s *State) Advance(next dataverse.Link, pageSize int) {
	s.Link, s.PageSize = next, pageSize
}

// Restart returns a scan to its first page. It keeps the delta token, which is older than all rows that are read again.
func (s *State) Restart() {
	s.Link, s.PageSize, s.Ranges, s.Scanned = "", 0, nil, nil
	s.Restarts++
	if s.Phase == TokenScan {
		s.Issued = time.Time{}
	}
}

// EndSnapshot continues after the last page of a snapshot: with the known keys if they have to show which rows are
// deleted, otherwise with the changes.
func (s *State) EndSnapshot() {
	s.Link, s.PageSize, s.Ranges, s.Scanned = "", 0, nil, nil
	if s.KnownKeys != nil && !s.DeletionsUnknownSince.IsZero() {
		s.Phase = ReconcileDeletions
		return
	}
	follow(s)
}

// EndOnlyPage is EndSnapshot for a token that arrived with the only page: no change can be missing.
func (s *State) EndOnlyPage() {
	s.EndSnapshot()
	s.Run.UpToDate = true
	takeNewest(s)
}

// Reconcile goes from completed changes to the known keys, because deletions that could not be sent before can be sent
// now.
func (s *State) Reconcile() { s.Phase, s.Link = ReconcileDeletions, "" }

// EndReconcile continues with the changes. reconciled reports whether all deletions that were found could be sent; if
// not, the keys remain for a sync that can send them.
func (s *State) EndReconcile(reconciled bool) {
	keys := s.KnownKeys
	if reconciled {
		s.DeletionsUnknownSince = time.Time{}
	}
	follow(s)
	s.KnownKeys = keys
}

// follow continues with the changes since the delta token. If deletions stay unknown, a set of keys noted from now on
// would lack the rows in doubt, so none is kept.
func follow(s *State) {
	s.Phase, s.Link, s.PageSize, s.Restarts = Changes, "", 0, 0
	if !s.DeletionsUnknownSince.IsZero() {
		s.KnownKeys = nil
	}
}

// EndChanges ends a scan of changes with the link to the next changes. issued is when the scan's first page came. again
// means that the new link is followed in this sync too.
func (s *State) EndChanges(link dataverse.Link, issued time.Time, again bool) {
	s.Link, s.PageSize, s.DeltaLink, s.Issued, s.Restarts = "", 0, link, issued, 0
	s.Run.Interrupted, s.Run.UpToDate = false, !again
	if s.NewestRow.IsZero() && !again { // a row that this sync has seen proves nothing within this sync
		takeNewest(s)
	}
}

// EndFullRefresh ends a full refresh.
func (s *State) EndFullRefresh() {
	s.Link, s.PageSize, s.Restarts, s.Ranges, s.Scanned, s.Complete = "", 0, 0, nil, nil, true
}

// Resync gives up the delta token and begins another snapshot, whose records supersede those sent before. Deletions are
// unknown until the known keys have been reconciled; without known keys they stay unknown. Keys of rows that an
// interrupted process sent after its saved state are not among the known ones.
func (s *State) Resync() *State {
	next := &State{
		Version: Version, Phase: Start, MaxCursor: s.MaxCursor, KnownKeys: s.KnownKeys, Organization: s.Organization, Generation: s.Generation, UnderRemoval: s.UnderRemoval,
		DeletionsUnknownSince: s.DeletionsUnknownSince, DeletionsPossiblyUnknownSince: s.DeletionsPossiblyUnknownSince, Run: Run{Empty: s.Run.Empty, Doubted: s.Run.Doubted},
	}
	if s.Run.Empty {
		next.KnownKeys = NewKeySet()
		return next
	}
	since := s.KnownUntil()
	if s.Run.Interrupted && s.KnownKeys != nil { // otherwise the deletions are certainly unknown already
		doubt(next, since)
	}
	if s.Phase == Start || s.Phase == TokenScan { // the resync that it belongs to has already set the times
		return next
	}
	if next.DeletionsUnknownSince.IsZero() {
		next.DeletionsUnknownSince = known(since)
	}
	return next
}

// KnownUntil is the time since which the destination may hold deleted rows; zero: not known. Changes that may belong to
// another history prove nothing. A full refresh sends no deletions, but a complete one sent only rows that existed when it
// began.
func (s *State) KnownUntil() time.Time {
	switch {
	case s.Phase != FullRefresh && !s.ConfirmedUntil.IsZero():
		return s.ConfirmedUntil
	case s.Phase != FullRefresh:
		return s.Issued
	case s.Complete:
		return s.Began
	default:
		return time.Time{}
	}
}

// doubt notes that deletions since a time may be unknown. The earliest such time counts.
func doubt(s *State, since time.Time) {
	since = known(since)
	if s.DeletionsPossiblyUnknownSince.IsZero() || since.Before(s.DeletionsPossiblyUnknownSince) {
		s.DeletionsPossiblyUnknownSince = since
	}
	s.Run.Empty, s.Run.Doubted = false, true
}

// LoseDeletions notes that a deletion could not be sent: deletions are unknown since the delta token was issued.
func (s *State) LoseDeletions() {
	if s.DeletionsUnknownSince.IsZero() {
		s.DeletionsUnknownSince = known(s.Issued)
	}
}
