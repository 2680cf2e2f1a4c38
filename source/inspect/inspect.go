package inspect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/users"
)

// ErrNoTables reports an empty list of tables, although every environment has some.
var ErrNoTables = errors.New("the environment lists no tables")

// Client sends requests as one application user.
type Client interface {
	WhoAmI(context.Context) (dataverse.Identity, error)
	CurrentOrganization(context.Context) (dataverse.Organization, error)
	DeltaTokenDays(context.Context) (int, error)
	ProvisionedLanguages(context.Context) ([]int, error)
	TableSummaries(context.Context) ([]dataverse.TableSummary, error)
	TableNames(context.Context) ([]string, error)
	UserName(ctx context.Context, userID string) (string, error)
	UserRoles(ctx context.Context, userID string) ([]dataverse.Role, error)
	TeamRoles(ctx context.Context, userID string) ([]dataverse.Role, error)
	Privileges(ctx context.Context, userID string) (dataverse.Privileges, error)
	SecuredColumns(ctx context.Context, tables []string) (map[string][]dataverse.SecuredColumn, error)
	AllSecuredColumns(context.Context) (map[string][]dataverse.SecuredColumn, error)
	ReadableColumns(ctx context.Context, userID string) (map[string]bool, error)
	RowCounts(ctx context.Context, tables []string) (map[string]int64, error)
	Page(context.Context, dataverse.PageRequest, dataverse.Sink) (dataverse.Page, error)
}

// Account is an application user to inspect.
type Account struct {
	Client      Client
	Name        string             // a noun phrase for sentences, such as "the first application user"
	Credentials config.Credentials // what it signs in with
}

// Options adjust an inspection.
type Options struct {
	Config *config.Config
	// Packages returns what sends requests to finance & operations as an application user, by its number. It is called if the
	// configuration has packages.
	Packages func(ctx context.Context, user int) (Packages, error)
	// CountRows requests the numbers of rows.
	CountRows bool
	// Explain turns an error into a Problem.
	Explain func(Failure) Problem
	// Step is called with what the inspection does next, as a sentence without its period. nil: it is not called.
	Step func(string)
}

// Failure is an error of an inspection, with what it is about.
type Failure struct {
	User   int  // the number of the application user whose request failed, from 0
	SignIn bool // the user cannot be used at all
	Err    error
}

// limit is how long the inspection waits for what it can do without. Signing in and listing the tables take as long as the
// context allows. A person waits for the result, so the limit is shorter than what Airbyte allows a check.
const limit = 50 * time.Second

// Inspect gathers the facts about a configuration and its environment with about ten requests, and one for each table that
// include_tables selects. When the context ends, it returns what it has.
func Inspect(ctx context.Context, accounts []Account, o Options) Facts {
	if o.Step == nil {
		o.Step = func(string) {}
	}
	g := &gatherer{options: o, accounts: accounts, access: make([]columnAccess, len(accounts)), facts: Facts{
		Now: time.Now(), Users: make([]User, len(accounts)), CursorForUntracked: o.Config.CursorForUntracked, Counted: o.CountRows,
	}}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	g.limited = limited
	g.options.Step("Signing in")
	g.signIn(ctx)
	first, found := g.facts.Usable()
	if !found {
		return g.facts
	}
	g.first = first
	g.options.Step("Reading the properties of the environment, the rights of the application user and the list of tables")
	g.describe(ctx)
	g.applyRights()
	g.packages(ctx)
	g.probeAll()
	return g.facts
}

// gatherer gathers facts.
type gatherer struct {
	options  Options
	accounts []Account
	first    int             // the number of the first user that can be used
	limited  context.Context //nolint:containedctx // ends the requests that the inspection can do without

	mu    sync.Mutex
	facts Facts
	ids   []string // of the users
	// access is what is known of the access of each user to secured columns.
	access []columnAccess
	// secured are the secured columns of the selected tables, by logical name.
	secured map[string][]dataverse.SecuredColumn
}

// columnAccess is what two requests show of the access of a user to secured columns.
type columnAccess struct {
	administrator, rolesKnown bool
	readable                  map[string]bool
	readableKnown             bool
}

// rights returns the rights that follow from both requests. They are unknown if one of the requests shows nothing.
func (a columnAccess) rights() users.ColumnRights {
	return users.ColumnRights{Known: a.rolesKnown && a.readableKnown, Everything: a.administrator, Readable: a.readable}
}

// signIn identifies the application users.
func (g *gatherer) signIn(ctx context.Context) {
	identities, failures := make([]dataverse.Identity, len(g.accounts)), make([]error, len(g.accounts))
	var group sync.WaitGroup
	for i, a := range g.accounts {
		group.Go(func() { identities[i], failures[i] = a.Client.WhoAmI(ctx) })
	}
	group.Wait()
	first := slices.Index(failures, nil)
	for i, a := range g.accounts {
		switch {
		case failures[i] != nil || first < 0:
		case identities[i].OrganizationID != identities[first].OrganizationID:
			failures[i] = users.ErrOtherOrganization
		case slices.ContainsFunc(identities[:i], func(o dataverse.Identity) bool { return o.UserID == identities[i].UserID }):
			failures[i] = users.ErrSameUser
		}
		u := UserOf(a.Name, a.Credentials)
		if failures[i] != nil {
			problem := g.options.Explain(Failure{User: i, SignIn: true, Err: failures[i]})
			u.SignIn = &problem
		}
		g.facts.Users[i] = u
		g.ids = append(g.ids, identities[i].UserID)
	}
}

// optional runs a request that the inspection can do without, and notes why there is no result. what is a noun phrase.
func (g *gatherer) optional(what string, request func(context.Context) error) {
	err := g.limited.Err()
	if err == nil {
		err = request(g.limited)
	}
	if err == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limited.Err() != nil {
		g.facts.NotRequested = append(g.facts.NotRequested, what)
	} else {
		g.facts.Unknown = append(g.facts.Unknown, Unknown{What: what, Reason: reason(err)})
	}
}

// reason returns the reason of a failed request as a part of a sentence.
func reason(err error) string {
	var refused *dataverse.APIError
	if errors.As(err, &refused) {
		if privilege := refused.MissingPrivilege(); privilege != "" {
			return "the application user lacks the privilege " + privilege
		}
		return refused.Error()
	}
	return err.Error()
}

// selectTables notes the selected tables of a list, and the patterns that match none.
func (g *gatherer) selectTables(summaries []dataverse.TableSummary) {
	selection := g.options.Config.Tables
	var names []string
	for _, s := range summaries {
		name := s.Table.LogicalName
		switch {
		case s.Table.EntitySet == "" && selection.Names(name) && selection.Includes(name):
			g.facts.NotInWebAPI = append(g.facts.NotInWebAPI, name)
		case s.Table.EntitySet == "":
			continue
		}
		names = append(names, name)
		if s.Table.EntitySet != "" && selection.Includes(name) {
			g.facts.Tables = append(g.facts.Tables, Table{Summary: s, Named: selection.Names(name)})
		}
	}
	g.facts.Listed = len(names) - len(g.facts.NotInWebAPI)
	if len(summaries) == 0 {
		return
	}
	for _, pattern := range selection.Unmatched(names) {
		g.facts.Unmatched = append(g.facts.Unmatched, Unmatched{Pattern: pattern, Nearest: protocol.Nearest(pattern.Glob, names)})
	}
}

// applyRights derives from the rights of the users how far each table can be read.
func (g *gatherer) applyRights() {
	for i := range g.facts.Users {
		g.facts.Users[i].Columns = g.access[i].rights()
	}
	for i := range g.facts.Tables {
		t := &g.facts.Tables[i]
		t.Depth = widest(g.facts.Users, *t)
		t.Secured = g.secured[t.Summary.Table.LogicalName]
		t.Hidden = hidden(g.facts.Users, *t)
	}
	slices.Sort(g.facts.NotRequested)
	slices.SortFunc(g.facts.Unknown, func(a, b Unknown) int { return strings.Compare(a.What, b.What) })
}
