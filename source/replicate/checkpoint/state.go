package checkpoint

import (
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// State is the checkpoint of one stream. The platform stores it and does not interpret it. What the fields mean
// together depends on the phase: see the phases.
type State struct {
	Version int   `json:"version"`
	Phase   Phase `json:"phase"`
	// Link is the page to continue with, byte for byte as the service sent it. Empty: the first page of the phase.
	Link dataverse.Link `json:"link,omitempty"`
	// PageSize is the size of the pages that Link numbers. 0: Link continues after a key, with pages of any size.
	PageSize int `json:"page_size,omitempty"`
	// DeltaLink is the link to the changes since the delta token, byte for byte as the service sent it.
	DeltaLink dataverse.Link `json:"delta_link,omitempty"`
	// Issued is when the delta token was issued, by the service's clock. A token may be as old as the first page of its
	// scan, so Issued is the time of that page.
	Issued time.Time `json:"issued,omitzero"`
	// Columns are the selected columns if DeltaLink does not name them, or if there is none.
	Columns []string `json:"columns,omitempty"`
	// ByKeys reports that the service refused Columns with the delta token, so that changed rows are read by their keys.
	ByKeys bool `json:"by_keys,omitempty"`
	// TypesByKeys reports that the service sent no delta link with the types of lookups, so that changed rows are read by
	// their keys as long as types are selected.
	TypesByKeys bool `json:"types_by_keys,omitempty"`
	// Derived are the selected columns that are derived from others, and so are not among those of a link.
	Derived []string `json:"derived,omitempty"`
	// MaxCursor is the greatest cursor sent for the stream, in whatever phase.
	MaxCursor record.Cursor `json:"max_cursor,omitempty"`
	// Restarts is how often the current scan was restarted. It makes its states differ from those sent before.
	Restarts int `json:"restarts,omitempty"`
	// KnownKeys holds the key of every row in the destination, except for rows covered by the two times below. nil:
	// they are too many for a state, or not all are known.
	KnownKeys *KeySet `json:"known_keys,omitempty"`
	// DeletionsUnknownSince is the time since which deletions are missing in the destination. It is cleared by
	// reconciling the known keys and by a refresh that removes rows.
	DeletionsUnknownSince time.Time `json:"deletions_unknown_since,omitzero"`
	// DeletionsPossiblyUnknownSince is the same if it is not certain: deletions since then are missing if the
	// destination holds rows that no saved state covers. Only a refresh that removes rows clears it.
	DeletionsPossiblyUnknownSince time.Time `json:"deletions_possibly_unknown_since,omitzero"`
	// NewestRow is the row with the greatest version seen up to the last scan of changes. As long as the environment
	// continues its own history, either the row has this version or the changes hold its key.
	NewestRow Row `json:"newest_row,omitzero"`
	// ConfirmedUntil is the time up to which the environment has been found to continue its history. It is before Issued
	// while NewestRow is looked for.
	ConfirmedUntil time.Time `json:"confirmed_until,omitzero"`
	// NewestSeen is the same for the current scan. It becomes NewestRow at the end of the scan.
	NewestSeen Row `json:"newest_seen,omitzero"`
	// Organization is the id of the environment's organization.
	Organization string `json:"organization,omitempty"`
	// User names the application user to which the delta token was issued, or which has begun the scan where there is no
	// token yet. Empty: there was one user only.
	User string `json:"user,omitempty"`
	// Generation is the generation of the destination's rows for which the state was written; nil: the platform has no
	// generations.
	Generation *int64 `json:"generation,omitempty"`
	// UnderRemoval reports that the destination removes the rows of former generations once the sync that began this
	// snapshot has succeeded. If that sync fails for good, those rows stay.
	UnderRemoval bool `json:"under_removal,omitempty"`
	// Job is the platform's job that a full refresh belongs to, empty outside the platform.
	Job string `json:"job,omitempty"`
	// AfterVersion is the version up to which all rows of a table without change tracking have been sent. No transaction can
	// commit a lower version any more.
	AfterVersion uint64 `json:"after_version,omitempty,string"`
	// SentVersion is the version of the last row that an incomplete scan without a bound has sent. 0: there is none.
	SentVersion uint64 `json:"sent_version,omitempty,string"`
	// Marks are versions above AfterVersion that scans without a bound have reached, in ascending order.
	Marks []Mark `json:"marks,omitempty"`
	// Bound is the greatest version bound of all scans, 0 if none had one. It falls only when the environment is restored.
	Bound uint64 `json:"version_bound,omitempty,string"`
	// Since is the time up to which all rows of a table without change tracking have been sent, apart from those whose
	// transactions were open at the time. Zero: none have.
	Since time.Time `json:"since,omitzero"`
	// TimeColumn is the column that Since is compared with.
	TimeColumn string `json:"time_column,omitempty"`
	// Began is when a full refresh, or the current scan of a table without change tracking, began, by the service's clock.
	// Deletions since then are unknown to a sync that follows the changes after it.
	Began time.Time `json:"began,omitzero"`
	// Ranges are the ranges of the key that are still to be read, if a snapshot or a full refresh reads several at once. Link is
	// empty then.
	Ranges *Ranges `json:"ranges,omitempty"`
	// Scanned are the totals of the keys that a scan of all keys has seen so far, if the rows may be read by ranges. nil: they
	// are not known.
	Scanned *keyrange.Totals `json:"scanned,omitempty"`
	// Unexplained is by how many rows those that ranges have sent differ from the keys that were scanned, if only the changes can
	// explain it. 0: they do not, or it is explained.
	Unexplained int64 `json:"unexplained,omitempty"`
	// Complete marks the end of a full refresh. Airbyte's Python CDK uses the same name.
	Complete bool `json:"__ab_full_refresh_sync_complete,omitempty"`

	// PythonToken is the delta token of the Python connector's state, which has no link, encoded as in a link.
	PythonToken string `json:"-"`
	// Run is not saved.
	Run Run `json:"-"`
}

// Run is what is known about a stream within one sync. It is not saved.
type Run struct {
	// Empty reports that the destination has no row of the stream.
	Empty bool
	// Interrupted reports that another process may have sent records after the state that this one continues, and that the
	// changes since have not been followed yet.
	Interrupted bool
	// Doubted reports that this sync has found deletions to be possibly unknown.
	Doubted bool
	// HistoryDoubted reports that NewestRow was not found, so that the next scan of changes has to hold its key.
	HistoryDoubted bool
	// DoubtedVersion is the version that NewestRow had then; 0: it did not exist.
	DoubtedVersion uint64
	// UpToDate reports that changes were followed to their end.
	UpToDate bool
}

// Row names a version of a row.
type Row struct {
	Key     string `json:"key"`
	Version uint64 `json:"version,string"` // its versionnumber
}

// IsZero reports whether there is no such row.
func (r Row) IsZero() bool { return r == Row{} }

// UnknownTime represents an unknown time in the past.
func UnknownTime() time.Time { return time.Unix(0, 0).UTC() }

// known returns the time, or UnknownTime if it is zero.
func known(t time.Time) time.Time {
	if t.IsZero() {
		return UnknownTime()
	}
	return t
}

// InMiddle reports whether the state is past the first page of its scan, or the scan reads ranges of the key.
func (s *State) InMiddle() bool { return s.Link != "" || s.Ranges != nil }
