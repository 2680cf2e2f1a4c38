package inspect

import (
	"slices"
	"time"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/users"
)

// Facts are what an inspection knows. What could not be retrieved is zero or nil.
type Facts struct {
	Now time.Time // at the beginning, by the clock of this machine
	// Organization is the environment, nil if it is unknown.
	Organization *dataverse.Organization
	// ClockAhead is the least by which the service's clock is ahead of the clock of this machine. It is negative if the service's
	// clock is behind, and 0 if the clocks may agree.
	ClockAhead time.Duration
	// TokenDays is for how many days the environment accepts a delta token; 0: unknown.
	TokenDays int
	// Languages are those that the environment provides; nil: unknown, or not needed.
	Languages []int
	// Language is the setting label_language; 0: not needed.
	Language int

	// Users are the application users, the first one first.
	Users []User

	// ListProblem is why the tables of the environment are unknown; nil: they are known.
	ListProblem *Problem
	// NamesOnly reports that only the names of the tables could be retrieved.
	NamesOnly bool
	// Listed is how many tables the environment has, whether or not they are selected.
	Listed int
	// Tables are those that the configuration selects and whose rows the Web API can list, sorted by logical name.
	Tables []Table
	// Unmatched are the patterns of the configuration that match no table.
	Unmatched []Unmatched
	// NotInWebAPI are the tables that include_tables names although the Web API cannot list their rows.
	NotInWebAPI []string
	// CursorForUntracked reports that tables without change tracking are offered as incremental where that is possible.
	CursorForUntracked bool

	// PackagesProblem is why the projects of finance & operations are unknown; nil: they are known, or there are none.
	PackagesProblem *Problem
	// Projects are those of the configuration.
	Projects []finops.Facts

	// Counted reports that row counts were requested.
	Counted bool
	// NotRequested are the things that were not requested for lack of time, or did not arrive in time, as noun phrases.
	NotRequested []string
	// Untested are the tables of include_tables of which no row was requested because there are too many of them.
	Untested []string
	// Keyless are the tables of include_tables of which no row could be requested because their primary key is unknown.
	Keyless []string
	// Late are the tables of which no row was requested for lack of time, or of which none arrived in time.
	Late []string
	// Unknown are the things that were requested but could not be retrieved.
	Unknown []Unknown
}

// Unmatched is a pattern that matches no table.
type Unmatched struct {
	Pattern config.Pattern
	Nearest string // the logical name that is most similar, "" if none is
}

// Unknown is a thing that could not be retrieved.
type Unknown struct {
	What   string // a noun phrase
	Reason string
}

// Problem is an error as an inspection reports it.
type Problem struct {
	Sentence string // what happened, then what to do
	// Fixable reports that a person must change something in the configuration or the environment. Any other problem may be
	// temporary.
	Fixable bool
	Err     error
}

// User is what is known of an application user.
type User struct {
	// Name is a noun phrase that begins a sentence in lower case, such as "the application user".
	Name string
	// Setting is the path of the setting that holds the user, "" for that of the settings at the top level.
	Setting string
	// SignIn is why the user cannot be used; nil: it can.
	SignIn *Problem
	// FullName is the user's name in the environment, "" if it is unknown.
	FullName string
	// Roles are the names of the user's security roles, TeamRoles those of its teams.
	Roles, TeamRoles []string
	// Privileges are those of the user; nil: unknown.
	Privileges dataverse.Privileges
	// Columns reports which secured columns the user may read.
	Columns users.ColumnRights
	// CertificateExpires is when the client certificate expires; zero: there is none.
	CertificateExpires time.Time
	// CertificateSetting is the setting that holds it.
	CertificateSetting string
}

// UserOf returns what the credentials show of an application user.
func UserOf(name string, c config.Credentials) User {
	u := User{Name: name, Setting: c.Setting}
	if c.Certificate != nil {
		u.CertificateExpires, u.CertificateSetting = c.Certificate.Chain()[0].NotAfter, c.CertificateSetting()
	}
	return u
}

// Usable returns the number of the first user that can be used, and false if none can.
func (f Facts) Usable() (number int, found bool) {
	number = slices.IndexFunc(f.Users, func(u User) bool { return u.SignIn == nil })
	return number, number >= 0
}

// Outage returns the error that kept the inspection from finding out whether a sync works, if it may be temporary. It is nil if
// there was none, or if a person must fix something else.
func (f Facts) Outage() error {
	var outage error
	for _, p := range append(f.signIns(), f.ListProblem, f.PackagesProblem) {
		switch {
		case p == nil:
		case p.Fixable:
			return nil
		case outage == nil:
			outage = p.Err
		}
	}
	return outage
}

func (f Facts) signIns() []*Problem {
	problems := make([]*Problem, len(f.Users))
	for i, u := range f.Users {
		problems[i] = u.SignIn
	}
	return problems
}

// depth returns the depth at which a user may read a table, "" if it is unknown.
func (u User) depth(t Table) dataverse.Depth {
	if u.SignIn != nil || u.Privileges == nil {
		return ""
	}
	return u.Privileges.ReadDepth(t.Summary)
}

// widest returns the widest depth at which one of the users may read a table, "" if it is unknown.
func widest(all []User, t Table) dataverse.Depth {
	var found dataverse.Depth
	for _, u := range all {
		if d := u.depth(t); found == "" || dataverse.CompareDepths(d, found) > 0 {
			found = d
		}
	}
	return found
}

// hidden returns the secured columns of a table that none of the users with the widest right to the table can read.
func hidden(all []User, t Table) []string {
	var names []string
	for _, c := range t.Secured {
		known, readable := false, false
		for _, u := range all {
			if u.SignIn == nil && u.Columns.Known && dataverse.CompareDepths(u.depth(t), t.Depth) == 0 {
				known, readable = true, readable || u.Columns.Reads(c)
			}
		}
		if known && !readable {
			names = append(names, c.Property)
		}
	}
	return names
}

// ReadAs is how a configured stream reads a table.
type ReadAs int

// How a table is read.
const (
	Undecided       ReadAs = iota // no stream is configured yet
	ByChanges                     // by change tracking
	WithoutTracking               // in full, or by a column
)

// Table is what is known of a selected table.
type Table struct {
	Summary dataverse.TableSummary
	// Named reports that include_tables has the logical name itself and not only a pattern that matches it.
	Named bool
	// ReadAs is how a configured stream reads the table.
	ReadAs ReadAs
	// Depth is the widest depth at which one of the users may read the table, dataverse.NoDepth if none may, and "" if it is
	// unknown, as for a table without a privilege of its own.
	Depth dataverse.Depth
	// Secured are the secured columns.
	Secured []dataverse.SecuredColumn
	// Hidden are the secured columns that none of the users with the widest right to the table can read.
	Hidden []string
	// Rows is how many rows the service counted within the last 24 hours, nil if it is unknown.
	Rows *int64
	// Probe is the outcome of a request for one row, nil if none was sent.
	Probe *Probe
}

// NamedFirst compares two tables so that those that include_tables names are sorted before the others.
func NamedFirst(a, b Table) int {
	switch {
	case a.Named == b.Named:
		return 0
	case a.Named:
		return -1
	default:
		return 1
	}
}

// Probe is the outcome of a request for one row of a table.
type Probe struct {
	Tracked bool // it was a request with change tracking, and succeeded
	// Forbidden reports that the application user lacks the privilege to read the table.
	Forbidden bool
	// Limited reports that a request with change tracking was refused for lack of a privilege, and one without succeeded.
	Limited bool
	// Problem is why no row arrived; nil: the request succeeded.
	Problem *Problem
}
