package checkpoint

// Phase is the part of a read that a stream is in.
type Phase string

// The phases of a stream.
const (
	// FullRefresh reads all rows of a table whose changes are not followed.
	//
	// Link is the page to continue with, empty at the first one; Job is the platform's job that the scan belongs to;
	// Began is when the scan began. Complete is set at its end.
	FullRefresh Phase = "full_refresh"
	// Start reads one page with change tracking. If it is the only one, rows and token arrive in one response. No state
	// is saved in this phase.
	//
	// All fields of a scan are empty.
	Start Phase = "start"
	// TokenScan reads only the keys, to get the delta token on the last page of that scan.
	//
	// Link is the page to continue with, empty at the first one; Issued is the time of the first page. No record of this
	// snapshot has been sent.
	TokenScan Phase = "token_scan"
	// Snapshot reads all rows.
	//
	// DeltaLink returns the changes since a time before the first row was read, Issued is that time, and Link is the
	// page to continue with, empty at the first one. Every row of a page before Link has been sent.
	Snapshot Phase = "snapshot"
	// ReconcileDeletions looks for known keys whose rows no longer exist.
	//
	// DeltaLink and Issued are those of the snapshot, KnownKeys is set, and DeletionsUnknownSince is not zero.
	ReconcileDeletions Phase = "reconcile_deletions"
	// Changes follows the changes since DeltaLink.
	//
	// DeltaLink is the delta link with which the current scan of changes began, as the service sent it, and Issued is
	// when its token was issued. Link is the page to continue with, empty at the first one and always empty between two
	// syncs.
	Changes Phase = "changes"
	// ByVersion reads the rows of a table without change tracking in ascending order of versionnumber.
	//
	// Every row whose version is at most AfterVersion has been sent, unless it has a higher version now. The current scan has
	// sent the rows up to SentVersion, if that is greater, but lower versions may still be committed.
	ByVersion Phase = "by_version"
	// ByTime reads the rows of a table without change tracking that have been modified or created since a time.
	//
	// Since is that time, zero for all rows, and TimeColumn the column; Link is the page to continue with, empty at the first
	// one; Began is when the scan began, zero between two scans.
	ByTime Phase = "by_time"
	// PackageExport waits for the export of a project of finance & operations. It is shown, and saved as PackageRows.
	PackageExport Phase = "package_export"
	// PackageRows reads the rows of an entity from the packages of its project. Its states are of type Package.
	PackageRows Phase = "package"
)
