package checkpoint

// Phase is what a stream is busy with.
type Phase string

// The phases of a stream.
const (
	// FullRefresh reads all rows of a table whose changes are not followed.
	//
	// Link is the page to continue with, empty at the first one; Job is the platform's job that the scan belongs to;
	// Began is when it began. Complete ends it.
	FullRefresh Phase = "full_refresh"
	// Start reads one page with change tracking, in the hope that it is the only one: then rows and token come in one
	// response. No state is saved in it.
	//
	// All fields of a scan are empty.
	Start Phase = "start"
	// TokenScan reads the keys alone, because the last page of that scan brings a delta token.
	//
	// Link is the page to continue with, empty at the first one; Issued is the time of the first page. No record of this
	// snapshot has been sent.
	TokenScan Phase = "token_scan"
	// Snapshot reads all rows.
	//
	// DeltaLink leads to the changes since a time before the first row was read, Issued is that time, and Link is the
	// page to continue with, empty at the first one. Every row of a page before Link has been sent.
	Snapshot Phase = "snapshot"
	// ReconcileDeletions looks for the known keys of which no row exists.
	//
	// DeltaLink and Issued are those of the snapshot, KnownKeys is set, and DeletionsUnknownSince is not zero.
	ReconcileDeletions Phase = "reconcile_deletions"
	// Changes follows the changes since DeltaLink.
	//
	// DeltaLink is the delta link that the present scan of changes began with, as the service sent it, and Issued is when
	// its token was issued. Link is the page to continue with, empty at the first one: between two syncs it always is.
	Changes Phase = "changes"
)
