package checkpoint

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/source/replicate/keyrange"
)

// Ranges is how far a scan is that reads a table by ranges of its key.
type Ranges struct {
	// Left are the ranges that are still to be read. The rows of all others have been sent.
	Left *keyrange.Ranges `json:"left"`
	// Columns is a hash of the requested columns: other columns would be missing in the rows that have been sent.
	Columns string `json:"columns"`
	// Sent are the totals of the keys of the rows that have been sent.
	Sent keyrange.Totals `json:"sent"`
}

// ReadByRanges makes a scan that has sent nothing read ranges of the key. columns are those that its rows are requested with, and
// derived those that are derived from them.
func (s *State) ReadByRanges(ranges *keyrange.Ranges, columns, derived []string) {
	s.Link, s.PageSize, s.Derived = "", 0, derived
	s.Ranges = &Ranges{Left: ranges, Columns: hashOf(columns)}
}

// EndRanges ends a snapshot whose ranges have all been read. unexplained is by how many rows they differ from the keys that were
// scanned, if only the changes can explain it.
func (s *State) EndRanges(unexplained int64) {
	s.EndSnapshot()
	s.Unexplained = unexplained
}

// Explain clears Unexplained: the changes explain the difference, or it is no longer known how many there were.
func (s *State) Explain() { s.Unexplained = 0 }

// ReadAgain begins another snapshot under the delta token of changes that have just been followed to their end. Its rows
// supersede those sent before, and the changes since the token include whatever happens to them from now on.
func (s *State) ReadAgain() {
	s.Phase, s.Link, s.PageSize, s.Unexplained, s.Run.UpToDate = Snapshot, "", 0, 0, false
	s.Restarts++
}

// continuesRanges reports whether the ranges of a saved state are of rows with the current columns.
func (y Sync) continuesRanges(s *State) bool { return s.Ranges.Columns == hashOf(y.Columns) }

// hashOf returns a hash of columns in any order.
func hashOf(columns []string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(slices.Sorted(slices.Values(columns)), ",")))
	return strconv.FormatUint(h.Sum64(), 16)
}
