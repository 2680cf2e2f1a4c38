package checkpoint

import (
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	// LongestTransaction is for how long a transaction may stay open after it has taken a version or a time: plug-ins end after
	// two minutes (Microsoft, "Analyze plug-in performance"), while imports take longer.
	LongestTransaction = 10 * time.Minute
	// maxMarks is the most marks that a state holds. One for each minute of LongestTransaction, and some.
	maxMarks = 16
)

// Mark is a version that rows had reached at a time, by the service's clock.
type Mark struct {
	At      time.Time `json:"at"`
	Version uint64    `json:"version,string"`
}

// UntrackedOpening is how a sync of a table without change tracking continues from a saved state.
type UntrackedOpening int

// The openings of a table without change tracking.
const (
	UntrackedBegins    UntrackedOpening = iota // there is no state: all rows are read
	UntrackedRemoval                           // the destination removes the rows that the state covers
	UntrackedMoved                             // the state is of another organization
	UntrackedSwitched                          // the state is of a stream that was read in another way
	UntrackedContinues                         // the new and changed rows are read
	UntrackedResumed                           // the same, in the middle of a scan
)

// OpenUntracked returns the state that a sync of a table without change tracking continues from. column is the one by which
// new and changed rows are found, as catalog.UntrackedCursor returns it. saved is nil if there is no saved state.
// OpenUntracked does not change it.
func (y Sync) OpenUntracked(saved *State, column string) (*State, UntrackedOpening) {
	begin := &State{Version: Version, Phase: ByTime, TimeColumn: column, Organization: y.Organization, Generation: y.Generation}
	if column == dataverse.VersionColumn {
		begin.Phase, begin.TimeColumn = ByVersion, ""
	}
	if saved == nil {
		return begin, UntrackedBegins
	}
	begin.MaxCursor = saved.MaxCursor
	switch {
	case y.removes(saved):
		return begin, UntrackedRemoval
	case saved.Phase != begin.Phase || saved.TimeColumn != begin.TimeColumn:
		return begin, UntrackedSwitched
	case saved.Organization != y.Organization:
		return begin, UntrackedMoved
	}
	s := clone(saved)
	s.Generation = y.Generation
	if s.InMiddle() && (!y.Continues(s.Link) || !SameColumns(s.Derived, y.Derived)) {
		s.Link, s.PageSize, s.Began = "", 0, time.Time{}
	}
	if s.InMiddle() || s.SentVersion > 0 {
		return s, UntrackedResumed
	}
	return s, UntrackedContinues
}

// ReadsAll reports whether the next scan of a table without change tracking reads all rows.
func (s *State) ReadsAll() bool { return s.AfterVersion == 0 && s.SentVersion == 0 && s.Since.IsZero() }

// Position returns the version after which a scan continues.
func (s *State) Position() uint64 { return max(s.AfterVersion, s.SentVersion) }

// SelectUntracked notes the selected columns, and those that are derived from them.
func (s *State) SelectUntracked(columns, derived []string) { s.Columns, s.Derived = columns, derived }

// BeginUntracked notes when the first page of a scan came, unless the scan has only been resumed.
func (s *State) BeginUntracked(at time.Time) {
	if s.Began.IsZero() {
		s.Began = at
	}
}

// PassVersion notes that a scan has sent the rows up to a version. bound is its version bound, 0 if it has none: with one, all
// lower versions were committed before the scan began.
func (s *State) PassVersion(version, bound uint64) {
	if bound > 0 {
		s.AfterVersion, s.Bound = max(s.AfterVersion, version), max(s.Bound, bound)
		return
	}
	s.SentVersion = max(s.SentVersion, version)
}

// EndByVersion ends a scan of rows by version. bound is its version bound, 0 if it had none, and at is when the last page
// came. A scan without a bound proves only that those rows are complete which had their version long enough before it began:
// transactions with lower versions have ended since.
func (s *State) EndByVersion(bound uint64, at time.Time) {
	if bound > 0 {
		s.Marks = nil
	}
	if s.SentVersion > s.AfterVersion && (len(s.Marks) == 0 || s.SentVersion > s.Marks[len(s.Marks)-1].Version) {
		s.Marks = append(slices.Clone(s.Marks), Mark{At: at, Version: s.SentVersion})
	}
	for len(s.Marks) > 0 && !s.Marks[0].At.After(s.Began.Add(-LongestTransaction)) {
		s.AfterVersion, s.Marks = s.Marks[0].Version, slices.Clone(s.Marks[1:])
	}
	if len(s.Marks) > maxMarks { // without a mark, more rows are read again
		s.Marks = slices.Delete(slices.Clone(s.Marks), 1, 2)
	}
	s.endUntracked(bound)
}

// EndByTime ends a scan of rows by time. The next one begins before the time at which this one began, by the service's
// clock: what was committed since then may have been passed over.
func (s *State) EndByTime(bound uint64) {
	s.Since = s.Began.Truncate(time.Second)
	s.endUntracked(bound)
}

func (s *State) endUntracked(bound uint64) {
	s.Link, s.PageSize, s.Restarts, s.SentVersion, s.Began = "", 0, 0, 0, time.Time{}
	s.Bound = max(s.Bound, bound)
	if !s.NewestSeen.IsZero() {
		s.NewestRow, s.NewestSeen = s.NewestSeen, Row{}
	}
}

// RereadUntracked begins again with all rows, because the environment does not continue its history.
func (s *State) RereadUntracked() *State {
	return &State{
		Version: Version, Phase: s.Phase, TimeColumn: s.TimeColumn, MaxCursor: s.MaxCursor,
		Organization: s.Organization, Generation: s.Generation,
	}
}
