package inspect_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/users"
)

// client is an application user of an environment. The zero value serves every request without an error or a delay.
type client struct {
	user, organization string
	signIn             error
	tables             []dataverse.TableSummary
	list, names        error         // of the list with all properties, and of that with the names
	slow               time.Duration // how long the list with all properties takes
	privileges         dataverse.Privileges
	forbidden          map[string]error // the errors of rows, by table
	untracked          map[string]error // the errors of rows with change tracking, by table
	rowTakes           time.Duration
	roles              error

	mu   sync.Mutex
	rows []string // the tables whose rows were requested, with " tracked" if that was so
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (c *client) WhoAmI(context.Context) (dataverse.Identity, error) {
	return dataverse.Identity{UserID: c.user, OrganizationID: c.organization}, c.signIn
}

func (c *client) CurrentOrganization(context.Context) (dataverse.Organization, error) {
	return dataverse.Organization{Name: "Contoso", ClockAhead: time.Hour}, nil
}

func (c *client) DeltaTokenDays(context.Context) (int, error) { return 30, nil }

func (c *client) ProvisionedLanguages(context.Context) ([]int, error) { return []int{1033}, nil }

func (c *client) TableSummaries(ctx context.Context) ([]dataverse.TableSummary, error) {
	if err := pause(ctx, c.slow); err != nil {
		return nil, err
	}
	return c.tables, c.list
}

func (c *client) TableNames(context.Context) ([]string, error) {
	var names []string
	for _, t := range c.tables {
		names = append(names, t.Table.LogicalName)
	}
	return names, c.names
}

func (c *client) UserName(context.Context, string) (string, error) { return "# " + c.user, nil }

func (c *client) UserRoles(context.Context, string) ([]dataverse.Role, error) {
	return []dataverse.Role{{Name: "Writer"}, {Name: "Reader"}, {Name: "Reader"}}, c.roles
}

func (c *client) TeamRoles(context.Context, string) ([]dataverse.Role, error) { return nil, nil }

func (c *client) Privileges(context.Context, string) (dataverse.Privileges, error) {
	return c.privileges, nil
}

func (c *client) SecuredColumns(context.Context, []string) (map[string][]dataverse.SecuredColumn, error) {
	return map[string][]dataverse.SecuredColumn{"account": {{Property: "salary", ID: "s"}}}, nil
}

func (c *client) AllSecuredColumns(ctx context.Context) (map[string][]dataverse.SecuredColumn, error) {
	return c.SecuredColumns(ctx, nil)
}

func (c *client) ReadableColumns(context.Context, string) (map[string]bool, error) { return nil, nil }

func (c *client) RowCounts(_ context.Context, tables []string) (map[string]int64, error) {
	return map[string]int64{tables[0]: 7}, nil
}

func (c *client) Page(ctx context.Context, q dataverse.PageRequest, _ dataverse.Sink) (dataverse.Page, error) {
	name, err := q.Table, c.forbidden[q.Table]
	if q.TrackChanges {
		name, err = name+" tracked", errors.Join(err, c.untracked[q.Table])
	}
	c.mu.Lock()
	c.rows = append(c.rows, name)
	c.mu.Unlock()
	return dataverse.Page{}, errors.Join(pause(ctx, c.rowTakes), err)
}

// summaries returns tables with change tracking.
func summaries(names ...string) []dataverse.TableSummary {
	var all []dataverse.TableSummary
	for _, name := range names {
		all = append(all, table(name).Summary)
	}
	return all
}

// everything is the privilege to read some tables at a depth.
func everything(depth dataverse.Depth, names ...string) dataverse.Privileges {
	p := dataverse.Privileges{}
	for _, name := range names {
		p["prvread"+name] = depth
	}
	return p
}

// refused is the error of a privilege that is missing.
func refused() error { return &dataverse.APIError{Status: 403, Code: dataverse.CodePrivilegeMissing} }

// examine inspects an environment by synctest's clock as some application users, with the tables that include_tables has.
func examine(t *testing.T, include []string, clients ...*client) (f inspect.Facts, took time.Duration) {
	t.Helper()
	selected := selection(t, include)
	synctest.Test(t, func(t *testing.T) {
		var accounts []inspect.Account
		for i, c := range clients {
			accounts = append(accounts, inspect.Account{Client: c, Name: fmt.Sprint("user ", i), Credentials: config.Credentials{Setting: fmt.Sprint("setting ", i)}})
		}
		began := time.Now()
		f = inspect.Inspect(t.Context(), accounts, inspect.Options{
			Config: &config.Config{Tables: selected}, CountRows: true,
			Explain: func(f inspect.Failure) inspect.Problem {
				return inspect.Problem{Sentence: f.Err.Error(), Err: f.Err, Fixable: !errors.Is(f.Err, inspect.ErrNoTables)}
			},
		})
		took = time.Since(began)
	})
	return f, took
}

// selection returns the selection of a configuration with include_tables.
func selection(t *testing.T, include []string) config.Selection {
	t.Helper()
	content, err := json.Marshal(map[string]any{
		"url": "https://contoso.crm4.dynamics.com", "tenant_id": "contoso.com", "client_id": "c", "client_secret_value": "s", "include_tables": include,
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	c, err := config.Load(path, specification, func(string) string { return "" })
	require.NoError(t, err)
	return c.Tables
}

func TestAnInspectionGathersFacts(t *testing.T) {
	c := &client{user: "u", organization: "o", tables: summaries("account", "contact"), privileges: everything(dataverse.Global, "account", "contact")}
	f, _ := examine(t, nil, c)
	require.Len(t, f.Users, 1)
	assert.Equal(t, "# u", f.Users[0].FullName)
	assert.Equal(t, []string{"Reader", "Writer"}, f.Users[0].Roles)
	assert.Equal(t, "Contoso", f.Organization.Name)
	assert.Equal(t, time.Hour, f.ClockAhead)
	assert.Equal(t, 30, f.TokenDays)
	require.Len(t, f.Tables, 2)
	assert.Equal(t, []string{"salary"}, f.Tables[0].Hidden)
	assert.EqualValues(t, 7, *f.Tables[0].Rows)
	assert.Nil(t, f.Tables[1].Rows)
	assert.Empty(t, c.rows, "no table is named, and all can be read")
	require.NoError(t, f.Outage())
}

func TestColumnsAreHiddenOnlyIfTheRolesAreKnown(t *testing.T) {
	for name, c := range map[string]struct {
		roles  error
		hidden []string
	}{
		"the user may not read its roles": {refused(), []string{"salary"}},
		"the roles are not served":        {errors.New("down"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := examine(t, nil, &client{user: "u", organization: "o", tables: summaries("account"), roles: c.roles})
			require.Len(t, f.Tables, 1)
			assert.Equal(t, c.hidden, f.Tables[0].Hidden)
		})
	}
}

func TestUsersThatCannotBeUsedTogetherAreRefused(t *testing.T) {
	down := errors.New("down")
	good := func() *client { return &client{user: "u", organization: "o", tables: summaries("account")} }
	f, _ := examine(t, nil, &client{signIn: down}, good(), good(), &client{user: "v", organization: "p"})
	first, found := f.Usable()
	assert.True(t, found)
	assert.Equal(t, 1, first)
	require.ErrorIs(t, f.Users[0].SignIn.Err, down)
	assert.Nil(t, f.Users[1].SignIn)
	require.ErrorIs(t, f.Users[2].SignIn.Err, users.ErrSameUser)
	require.ErrorIs(t, f.Users[3].SignIn.Err, users.ErrOtherOrganization)
	assert.Len(t, f.Tables, 1)
	f, _ = examine(t, nil, &client{signIn: down})
	assert.Empty(t, f.Tables)
}

func TestTheNamesOfTablesAreEnough(t *testing.T) {
	for name, c := range map[string]struct {
		client        *client
		keyless, late []string
	}{
		"the list is refused":     {&client{list: refused()}, []string{"account"}, nil},
		"the list takes too long": {&client{slow: time.Hour}, nil, []string{"account"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.client.user, c.client.organization, c.client.tables = "u", "o", summaries("account")
			f, took := examine(t, []string{"account"}, c.client)
			assert.Equal(t, c.keyless, f.Keyless)
			assert.Equal(t, c.late, f.Late)
			assert.True(t, f.NamesOnly)
			assert.NotNil(t, f.Organization)
			assert.Equal(t, 30, f.TokenDays)
			assert.NotEmpty(t, f.Users[0].Roles)
			require.Len(t, f.Tables, 1)
			assert.LessOrEqual(t, took, 50*time.Second)
			assert.NotEqual(t, inspect.Error, inspect.Worst(f.Findings()))
		})
	}
	f, _ := examine(t, nil, &client{user: "u", organization: "o"})
	require.ErrorIs(t, f.Outage(), inspect.ErrNoTables)
	f, _ = examine(t, nil, &client{user: "u", organization: "o", list: refused(), names: refused()})
	require.NoError(t, f.Outage())
	assert.Equal(t, inspect.NotListed, f.Findings()[0].Code)
}

func TestARowIsRequestedOfEachTableThatIsSelected(t *testing.T) {
	down := errors.New("down")
	c := &client{
		user: "u", organization: "o", tables: summaries("account", "contact", "lead", "task"), privileges: everything(dataverse.Global, "account", "contact", "lead", "task"),
		untracked: map[string]error{"contact": refused()}, forbidden: map[string]error{"lead": refused(), "task": down},
	}
	f, _ := examine(t, []string{"*"}, c)
	assert.ElementsMatch(t, []string{"account tracked", "contact tracked", "contact", "lead tracked", "lead", "task tracked"}, c.rows)
	require.Len(t, f.Tables, 4)
	assert.True(t, f.Tables[0].Probe.Tracked)
	assert.True(t, f.Tables[1].Probe.Limited)
	assert.True(t, f.Tables[2].Probe.Forbidden)
	require.ErrorIs(t, f.Tables[3].Probe.Problem.Err, down)
}

func TestTheUserThatReadsMostRequestsTheRow(t *testing.T) {
	less := &client{user: "u", organization: "o", tables: summaries("account"), privileges: everything(dataverse.Basic, "account")}
	more := &client{user: "v", organization: "o", privileges: everything(dataverse.Global, "account")}
	f, _ := examine(t, []string{"account"}, less, more)
	assert.Empty(t, less.rows)
	assert.Equal(t, []string{"account tracked"}, more.rows)
	assert.Equal(t, dataverse.Global, f.Tables[0].Depth)
}

func TestSomeRowsAreRequestedBeforeNothingIsCalledReadable(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	list := append(summaries(names...), dataverse.TableSummary{Table: dataverse.Table{LogicalName: "n2n", EntitySet: "n2ns", PrimaryID: "id"}})
	c := &client{user: "u", organization: "o", tables: list, privileges: everything(dataverse.Global, "other")}
	f, _ := examine(t, nil, c)
	assert.Len(t, c.rows, 5)
	assert.NotEqual(t, inspect.Error, inspect.Worst(f.Findings()), "rows arrive")
	c = &client{user: "u", organization: "o", tables: list, privileges: c.privileges, forbidden: map[string]error{}}
	for _, name := range names {
		c.forbidden[name] = refused()
	}
	f, _ = examine(t, nil, c)
	assert.Equal(t, inspect.NothingReadable, f.Findings()[0].Code)
}

func TestRowsThatTakeTooLongAreNotWaitedFor(t *testing.T) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("t%02d", i))
	}
	c := &client{user: "u", organization: "o", tables: summaries(names...), privileges: everything(dataverse.Global, names...), rowTakes: 20 * time.Second}
	f, took := examine(t, []string{"t*", "t59"}, c)
	assert.Equal(t, 50*time.Second, took)
	assert.Len(t, f.Late, 60-16, "eight at once, twice")
	assert.NotContains(t, f.Late, "t59", "tables that are named come first")
}
