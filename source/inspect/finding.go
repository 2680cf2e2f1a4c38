package inspect

import (
	"cmp"
	"slices"
	"strings"
)

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // syncs fail, or a table or an application user that the configuration names cannot be used
	Warning Severity = "warning" // syncs run, but something is missing from them or will fail later
	Info    Severity = "info"    // good to know
)

// Finding is one thing that an inspection has found, about one subject or about all tables that share it.
type Finding struct {
	Severity Severity `json:"severity"`
	// Code names the kind of the finding for programs. It does not change from version to version.
	Code Code `json:"code"`
	// Subject is what the finding is about: SubjectEnvironment, SubjectUser, SubjectConfiguration, the path of the setting
	// that holds a further application user, such as additional_credentials[0], the logical name of a table, the name of a data
	// project, or SubjectTables for several of them.
	Subject string `json:"subject"`
	// Sentence is what was found, in one or more sentences.
	Sentence string `json:"sentence"`
	// NextStep is what to do, as a sentence; empty if there is nothing to do, or if Sentence includes it.
	NextStep string `json:"next_step"`
	// Key is the setting of the configuration that the next step is about, empty if there is none.
	Key string `json:"key"`
	// Tables are the logical names of the tables that the finding is about, sorted: all of them, although Sentence names
	// only some.
	Tables []string `json:"tables,omitempty"`
}

// The subjects that are not names of tables or settings.
const (
	SubjectEnvironment   = "environment"
	SubjectUser          = "application user"
	SubjectConfiguration = "configuration"
	SubjectTables        = "tables"
)

// Text returns the finding as a text: what was found, then what to do.
func (f Finding) Text() string {
	if f.NextStep == "" {
		return f.Sentence
	}
	return f.Sentence + " " + f.NextStep
}

// Code names a kind of finding.
type Code string

// The kinds of findings about the environment, its application users and the configuration.
const (
	UserRefused        Code = "user-refused"         // an application user cannot sign in or use the environment
	LessRights         Code = "less-rights"          // an application user may read less than another one
	CertificateExpires Code = "certificate-expires"  // a client certificate is valid for a few more days
	ClockDiffers       Code = "clock-differs"        // the clock of this machine is wrong
	ShortTokenLife     Code = "short-token-life"     // delta tokens expire before the next sync may run
	NotListed          Code = "tables-not-listed"    // the list of tables cannot be retrieved
	LanguageMissing    Code = "language-missing"     // the environment does not provide label_language
	NotInspected       Code = "not-inspected"        // something was not requested or did not arrive in time
	NotRetrieved       Code = "not-retrieved"        // something was requested, but may not be read
	NoCounts           Code = "no-row-counts"        // the service counts no rows
	AboutEnvironment   Code = "about-environment"    // name, version and region
	AboutUser          Code = "about-user"           // name and security roles
	AboutTables        Code = "about-tables"         // how many are selected, and how they are read
	PatternUnmatched   Code = "pattern-unmatched"    // a pattern of the configuration matches no table
	NoTableSelected    Code = "no-table-selected"    // the configuration selects none
	NothingReadable    Code = "nothing-readable"     // the application user can read no selected table
	TableMissing       Code = "table-missing"        // the configuration names a table that does not exist
	TableNotInWebAPI   Code = "table-not-in-web-api" // its rows cannot be listed
)

// The kinds of findings about tables.
const (
	TableForbidden     Code = "table-forbidden"      // the Read privilege is missing
	TableFailed        Code = "table-failed"         // a request for one of its rows failed
	LimitedDepth       Code = "limited-depth"        // the Read privilege is below Organization level
	ColumnsHidden      Code = "columns-hidden"       // secured columns that the application user may not read
	TrackingOff        Code = "tracking-off"         // change tracking can be turned on
	TrackingImpossible Code = "tracking-impossible"  // change tracking cannot be turned on
	ChangesNotFollowed Code = "changes-not-followed" // the table is elastic or virtual
)

// The kinds of findings of doctor alone.
const (
	ConfigurationInvalid   Code = "configuration-invalid"   // the configuration cannot be used
	ConfigurationCorrected Code = "configuration-corrected" // a value of it was corrected or ignored
	InspectionFailed       Code = "inspection-failed"       // an error has stopped the inspection
)

// Sort puts errors before warnings and these before infos, and within each those about the environment, its users and the
// configuration before those about tables and projects. Apart from that, findings keep their order.
func Sort(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.subjectRank(), b.subjectRank()))
	})
	return findings
}

// AboutAUser reports whether the finding is about an application user.
func (f Finding) AboutAUser() bool {
	return f.Subject == SubjectUser || strings.HasPrefix(f.Subject, "additional_credentials")
}

// AboutTheEnvironment reports whether the finding is about the environment or the configuration as a whole.
func (f Finding) AboutTheEnvironment() bool {
	return slices.Contains([]string{"", SubjectEnvironment, SubjectConfiguration}, f.Subject)
}

// AboutPackages reports whether the finding is about finance & operations.
func (f Finding) AboutPackages() bool { return f.Key == packagesKey }

// subjectRank is 0 for what concerns every table, otherwise 1.
func (f Finding) subjectRank() int {
	if f.AboutTheEnvironment() || f.AboutAUser() {
		return 0
	}
	return 1
}

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// Worst returns the severity of the worst of some findings, Info if there is none.
func Worst(findings []Finding) Severity {
	worst := Info
	for _, f := range findings {
		if f.Severity.rank() < worst.rank() {
			worst = f.Severity
		}
	}
	return worst
}
