package checkpoint

import (
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// Sync is what is known about a sync of a tracked table before any row is read.
type Sync struct {
	Organization string // the id of the environment's organization
	Job          string // the platform's job, empty outside the platform
	Attempt      int    // of the job, from 0
	// Generation and MinimumGeneration are those of the configured stream: the destination removes rows of generations
	// below the minimum once the stream is complete. nil: the platform has no generations.
	Generation, MinimumGeneration *int64
	NullState                     bool     // the platform passed a null state
	EntitySet                     string   // the table's name in links
	Columns                       []string // the requested columns, sorted; none: all
	Derived                       []string // the columns that are derived from them
}

// Opening is how a sync continues from a saved state.
type Opening int

// The openings, in the order in which they are checked.
const (
	FirstSync           Opening = iota // there is no state, and the destination has no row
	NoStateRowsMayStand                // there is no state, and the destination may have rows
	RowsAreRemoved                     // the destination removes the rows that the state covers
	LinkUnusable                       // a link in the state cannot be sent as a url
	OtherOrganization                  // the state is of another organization
	AfterFullRefresh                   // the state is of a full refresh
	AfterUntracked                     // the state is of a time without change tracking
	TokenScanResumed                   // the token scan continues
	TokenScanRestarted                 // the token scan restarts under another entity set
	SnapshotResumed                    // the snapshot continues
	SnapshotRestarted                  // the snapshot restarts with other columns or another entity set
	ChangesResumed                     // the scan of changes continues where it was interrupted
	ChangesFollowed                    // the changes since the last sync are followed
	ReconcileResumed                   // the search for deleted rows restarts
)

// Open returns the state that a sync of a tracked table continues from. saved is nil if there is no saved state. Open
// does not change it.
func (y Sync) Open(saved *State) (*State, Opening) {
	if saved == nil {
		return y.openWithoutState()
	}
	if y.removes(saved) {
		s := y.empty()
		s.MaxCursor, s.UnderRemoval = saved.MaxCursor, true
		s.Run.Empty = y.Attempt == 0
		if !s.Run.Empty {
			doubt(s, time.Time{})
		}
		return s, RowsAreRemoved
	}
	s := clone(saved)
	s.Run.Interrupted = y.Attempt > 0 || !betweenScans(s)
	organization := s.Organization
	s.Organization, s.Generation = y.Organization, y.Generation
	if s.UnderRemoval && !y.removesAll() {
		s.UnderRemoval = false
		if !betweenScans(s) { // the sync has failed, so that nothing was removed
			doubt(s, time.Time{})
		}
	}
	switch {
	case !s.Link.Usable() || !s.DeltaLink.Usable():
		return s.Resync(), LinkUnusable
	case organization != "" && organization != y.Organization:
		return s.Resync(), OtherOrganization
	case s.Phase == FullRefresh:
		return s.Resync(), AfterFullRefresh
	case s.Phase == ByVersion || s.Phase == ByTime:
		return s.Resync(), AfterUntracked
	}
	if s.NewestRow.IsZero() { // the environment may have been restored since an earlier process saw the row
		takeNewest(s)
	}
	switch s.Phase {
	case TokenScan:
		return y.openTokenScan(s)
	case Snapshot:
		if s.InMiddle() && !y.continuesScan(s) {
			s.Restart()
			return s, SnapshotRestarted
		}
		return s, SnapshotResumed
	case ReconcileDeletions:
		return s, ReconcileResumed
	case FullRefresh, ByVersion, ByTime, Start, Changes, PackageExport, PackageRows:
	}
	if s.InMiddle() {
		return s, ChangesResumed
	}
	return s, ChangesFollowed
}

// betweenScans reports whether a state is one with which a stream ends. In the first attempt of a job it is taken for
// the last state of the job before: there is no trace of a job between the two whose attempts all failed and whose
// states were all lost.
func betweenScans(s *State) bool {
	return s.Phase == Changes && !s.InMiddle() || s.Phase == FullRefresh && s.Complete
}

// openWithoutState begins a snapshot, which is a resync if the destination may have rows.
func (y Sync) openWithoutState() (*State, Opening) {
	s := y.empty()
	if !y.rowsMayStand() {
		s.Run.Empty, s.UnderRemoval = true, y.removesAll()
		return s, FirstSync
	}
	doubt(s, time.Time{})
	return s, NoStateRowsMayStand
}

// openTokenScan continues a token scan. Its new token does not cover rows that were sent under an earlier one.
func (y Sync) openTokenScan(s *State) (*State, Opening) {
	doubt(s, s.Issued)
	if s.InMiddle() && s.Link.EntitySet() != y.EntitySet {
		s.Restart()
		return s, TokenScanRestarted
	}
	return s, TokenScanResumed
}

// empty returns the state of a stream of which nothing has been read.
func (y Sync) empty() *State {
	return &State{Version: Version, Phase: Start, KnownKeys: NewKeySet(), Organization: y.Organization, Generation: y.Generation}
}

// rowsMayStand reports whether the destination may have rows although there is no state. A backfill of new columns sets
// the state to null; "Refresh and retain records" raises only the generation; an earlier attempt may have sent rows
// before any of its states was saved. The first sync after a clear looks the same as one after such a refresh.
func (y Sync) rowsMayStand() bool {
	switch {
	case y.Attempt > 0:
		return true
	case y.removesAll():
		return false
	default:
		return y.NullState || y.Generation != nil && *y.Generation > 0
	}
}

// removesAll reports whether the destination removes all rows of former generations.
func (y Sync) removesAll() bool {
	return y.Generation != nil && y.MinimumGeneration != nil && *y.Generation > 0 && *y.MinimumGeneration >= *y.Generation
}

// removes reports whether the destination removes the rows of a state's generation.
func (y Sync) removes(saved *State) bool {
	return saved.Generation != nil && y.MinimumGeneration != nil && *y.MinimumGeneration > *saved.Generation
}

// Continues reports whether a saved link has the current entity set and columns.
func (y Sync) Continues(link dataverse.Link) bool {
	return link.Usable() && link.EntitySet() == y.EntitySet && SameColumns(link.Select(), y.Columns)
}

// continuesScan reports whether a saved scan has the current entity set and columns. Keys do not depend on the entity set.
func (y Sync) continuesScan(s *State) bool {
	if !SameColumns(s.Derived, y.Derived) {
		return false
	}
	if s.Ranges != nil {
		return y.continuesRanges(s)
	}
	return y.Continues(s.Link)
}

// SameColumns reports whether two lists name the same columns, in whatever order.
func SameColumns(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// FullOpening is how a full refresh continues from a saved state.
type FullOpening int

// The openings of a full refresh.
const (
	FullRefreshBegins    FullOpening = iota // all rows are read
	FullRefreshResumed                      // the scan continues
	FullRefreshRestarted                    // the scan restarts with other columns or another entity set
	FullRefreshDone                         // the same job has read all rows
)

// OpenFullRefresh returns the state that a full refresh continues from. A state is honored only within the job that
// wrote it. Outside the platform, a state in the middle of a scan is honored and one at its end is not: otherwise the
// next run would read nothing. saved is nil if there is no saved state. OpenFullRefresh does not change it.
func (y Sync) OpenFullRefresh(saved *State) (*State, FullOpening) {
	s := &State{Version: Version, Phase: FullRefresh, Job: y.Job, Organization: y.Organization, Generation: y.Generation}
	if saved == nil {
		return s, FullRefreshBegins
	}
	s.MaxCursor = saved.MaxCursor
	switch {
	case saved.Phase != FullRefresh || saved.Job != y.Job || saved.Organization != y.Organization:
		return s, FullRefreshBegins
	case saved.Complete && y.Job != "":
		return clone(saved), FullRefreshDone
	case saved.Complete || !saved.InMiddle():
		return s, FullRefreshBegins
	case !y.continuesScan(saved):
		return s, FullRefreshRestarted
	default:
		s.Link, s.PageSize, s.Restarts, s.Began, s.Derived = saved.Link, saved.PageSize, saved.Restarts, saved.Began, saved.Derived
		s.Ranges, s.Scanned = saved.Ranges, saved.Scanned
		return s, FullRefreshResumed
	}
}
