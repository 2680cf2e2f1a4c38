package rows

import (
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Options describe the environment that New makes. The zero value is a realistic environment without rows.
type Options struct {
	Seed         uint64           // of the generator: the same seed makes the same environment
	Tables       []*schema.Table  // nil: Realistic()
	Rows         map[string]int   // generated rows by logical name
	DefaultRows  int              // generated rows of the tables that Rows does not name
	Clock        func() time.Time // nil: time.Now
	Organization string           // OrganizationId, a guid; empty: derived from Seed
	Behaviors    Behaviors        // what Microsoft's documentation leaves open
	ExpireDays   int              // organization.expirechangetrackingindays; 0: 7
	Keys         KeyPattern       // of the generated rows' primary keys

	Contents  bool  // generated notes have the filesize and isdocument of their documentbody
	Languages []int // provisioned languages (LCIDs), the organization's base language first; empty: English
}

// Behaviors settle what Microsoft's documentation leaves open, so that a client can be tested against each interpretation.
// The zero value is the documented or likeliest one.
type Behaviors struct {
	// TokenAt is the moment of a scan to which its delta token corresponds.
	TokenAt TokenAt
	// EditedSelect is what happens to a delta link whose $select the client has changed.
	EditedSelect EditedSelect
	// RecreatedOnlyUpserted leaves the deletion of a row out of a delta once the row has been created again with
	// the same id. Without it such a row is in both lists.
	RecreatedOnlyUpserted bool
	// DeletionsAtPageEnd puts deletions at the end of each page of a delta instead of the end of the scan.
	DeletionsAtPageEnd bool
	// BoundedChanges ends a scan of changes with what had changed at its first page, where TokenAt is FirstPage. Without
	// it later pages hold what changed meanwhile.
	BoundedChanges bool
	// ExpiredStatus is the HTTP status of an expired token: 0 is 400, and 200 means all rows instead of an error, which
	// the service gave until 2022.
	ExpiredStatus int
	// RepeatRows begins each page with the last row of the page before, as may happen while rows are changed.
	RepeatRows bool
	// ExactLinks takes a plus sign in $skiptoken and $deltatoken literally, so that a link which a client has encoded
	// again is refused. Without it a plus sign is a space there as elsewhere, on which Airbyte's Python connector relies.
	ExactLinks bool
	// TokensOfUser refuses a delta token to any other user than the one to whom it was issued, like an expired one.
	TokensOfUser bool
	// MetadataChangesUnavailable refuses RetrieveMetadataChanges.
	MetadataChangesUnavailable bool
	// LateCommits is the time within which a write over the Web API commits. Each write takes its row version at its beginning
	// and is seen, and responded to, after a part of that time, so that rows appear under versions that readers have
	// passed. Environment.Begin does the same for chosen rows.
	LateCommits time.Duration
	// UnstableTies puts rows with equal values of the $orderby in another order on each page, unless the order names the
	// primary key or versionnumber, so that a scan repeats some and skips others.
	UnstableTies bool
	// ElasticWithoutOwningColumns leaves _owninguser_value and _owningteam_value of elastic rows null, as Microsoft's examples
	// of such rows have neither.
	ElasticWithoutOwningColumns bool
	// WholeFiles refuses to send a file in parts, as in an environment with an encryption key of its own, and reports that in
	// IsChunkingSupported.
	WholeFiles bool
	// BothOptionSets puts the options of a choice column into OptionSet and GlobalOptionSet of its definition, where
	// only IsGlobal distinguishes a global choice from a local one. Without it one of the two is null.
	BothOptionSets bool
	// AnnotationsDropDeltaLink leaves the delta link out of the last page of a tracked scan when the request for that page
	// asks for annotations, which was seen of version 8.2 (MicrosoftDocs/powerapps-docs issue 439).
	AnnotationsDropDeltaLink bool
	// Uncounted makes RetrieveTotalRecordCount return 0 for every table, as in an environment in which its daily count has never
	// run.
	Uncounted bool
	// UnnamedPrivileges leaves PrivilegeName out of the privileges of a user, as older servers do.
	UnnamedPrivileges bool
	// ScanByVersion returns the rows of a scan with change tracking by row version ("Use change tracking to synchronize data with
	// external systems": "usually by version number"). A row that is changed in the meantime is returned once more, after the
	// others. Without the switch, rows are in the order of their primary keys, like those of other scans.
	ScanByVersion bool
	// KeyComparison is what gt, ge, lt and le do with a primary key in a filter, which Microsoft does not document ("FetchXML
	// operators" lists them for numbers, times and texts).
	KeyComparison KeyComparison
}

// KeyComparison is what gt, ge, lt and le do with a primary key in a filter.
type KeyComparison int

// A comparison agrees with the order of the rows, which is SQL Server's; or it goes by the text of the guids, as Cosmos DB
// does; or every row meets it; or the service refuses it.
const (
	KeysCompared KeyComparison = iota
	KeysComparedAsText
	KeysNotCompared
	KeyComparisonRefused
)

// TokenAt is the moment to which a delta token corresponds.
type TokenAt int

// The moments of a scan. With LastPage a row that was changed after its page had been sent is not in the next
// delta; with FirstPage it is.
const (
	LastPage TokenAt = iota
	FirstPage
)

// EditedSelect is what happens to a delta link whose $select is not the one it was issued with.
type EditedSelect int

// What can happen to an edited $select: it is honoured, ignored in favour of the original one, or refused.
const (
	Honoured EditedSelect = iota
	Ignored
	Refused
)

// defaultExpireDays is the default of organization.expirechangetrackingindays (Microsoft, "Use change tracking to
// synchronize data with external systems").
const defaultExpireDays = 7
