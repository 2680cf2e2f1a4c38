package inspect_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/users"
)

// now is the time of the inspections.
func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// table returns a table that can be read and followed, with changes.
func table(name string, changes ...func(*inspect.Table)) inspect.Table {
	t := inspect.Table{Depth: dataverse.Global, Summary: dataverse.TableSummary{
		Table:     dataverse.Table{LogicalName: name, EntitySet: name + "s", PrimaryID: name + "id", Tracked: true},
		Trackable: true, ReadPrivilege: "prvRead" + name,
	}}
	for _, change := range changes {
		change(&t)
	}
	return t
}

// What may be different about a table.
func isNamed(t *inspect.Table)   { t.Named = true }
func untracked(t *inspect.Table) { t.Summary.Table.Tracked = false }
func never(t *inspect.Table)     { t.Summary.Table.Tracked, t.Summary.Trackable = false, false }
func at(depth dataverse.Depth) func(*inspect.Table) {
	return func(t *inspect.Table) { t.Depth = depth }
}
func probed(p inspect.Probe) func(*inspect.Table) { return func(t *inspect.Table) { t.Probe = &p } }
func rows(n int64) func(*inspect.Table)           { return func(t *inspect.Table) { t.Rows = &n } }

// with returns facts about an environment in which nothing is wrong, with changes.
func with(change func(*inspect.Facts)) inspect.Facts {
	f := inspect.Facts{
		Now: now(), Users: []inspect.User{{Name: "the application user"}}, Listed: 3, TokenDays: 7, CursorForUntracked: true,
		Tables: []inspect.Table{table("account"), table("contact")},
	}
	change(&f)
	return f
}

// problem returns a problem that a person can fix, or that may be temporary.
func problem(sentence string, fixable bool) *inspect.Problem {
	return &inspect.Problem{Sentence: sentence, Fixable: fixable, Err: errors.New(sentence)}
}

// expected is a finding as a test states it.
type expected struct {
	severity inspect.Severity
	code     inspect.Code
	subject  string
	text     string // a part of it
}

func TestEachFactLeadsToItsFinding(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*inspect.Facts)
		want   []expected
	}{
		"nothing is wrong": {func(*inspect.Facts) {}, nil},
		"a user is refused": {func(f *inspect.Facts) { f.Users[0].SignIn = problem("The client secret has expired.", true) }, []expected{
			{inspect.Error, inspect.UserRefused, inspect.SubjectUser, "The client secret has expired."},
		}},
		"a further user is refused": {func(f *inspect.Facts) {
			f.Users = append(f.Users, inspect.User{Name: "the other", Setting: "additional_credentials[0]", SignIn: problem("No.", true)})
		}, []expected{{inspect.Error, inspect.UserRefused, "additional_credentials[0]", "No."}}},
		"the tables cannot be listed": {func(f *inspect.Facts) {
			f.Tables, f.Listed, f.ListProblem = nil, 0, problem("The IP firewall blocks it.", true)
		}, []expected{{inspect.Error, inspect.NotListed, inspect.SubjectEnvironment, "IP firewall"}}},
		"the clock is behind": {func(f *inspect.Facts) { f.ClockAhead = 7 * time.Minute }, []expected{
			{inspect.Warning, inspect.ClockDiffers, inspect.SubjectEnvironment, "The clock of this machine is 7 minutes behind that of Dataverse."},
		}},
		"the clock is ahead": {func(f *inspect.Facts) { f.ClockAhead = -time.Hour }, []expected{
			{inspect.Warning, inspect.ClockDiffers, inspect.SubjectEnvironment, "60 minutes ahead of that of Dataverse"},
		}},
		"the clock is nearly right": {func(f *inspect.Facts) { f.ClockAhead = time.Minute }, nil},
		"the certificate is about to expire": {func(f *inspect.Facts) {
			f.Users[0].CertificateExpires, f.Users[0].CertificateSetting = now().Add(11*24*time.Hour), "credentials.certificate"
		}, []expected{{inspect.Warning, inspect.CertificateExpires, inspect.SubjectUser, "credentials.certificate expires on 2026-11-12 12:00 UTC, in 11 days."}}},
		"the certificate expires today": {func(f *inspect.Facts) {
			f.Users[0].CertificateExpires = now().Add(time.Hour)
		}, []expected{{inspect.Warning, inspect.CertificateExpires, inspect.SubjectUser, "in less than a day"}}},
		"the certificate is valid for long": {func(f *inspect.Facts) { f.Users[0].CertificateExpires = now().Add(31 * 24 * time.Hour) }, nil},
		"delta tokens expire after a day": {func(f *inspect.Facts) { f.TokenDays = 1 }, []expected{
			{inspect.Warning, inspect.ShortTokenLife, inspect.SubjectEnvironment, "for only 1 day (organization.expirechangetrackingindays)"},
		}},
		"the life of delta tokens is unknown": {func(f *inspect.Facts) { f.TokenDays = 0 }, nil},
		"the language is missing": {func(f *inspect.Facts) { f.Language, f.Languages = 1036, []int{1033, 1031} }, []expected{
			{inspect.Error, inspect.LanguageMissing, inspect.SubjectConfiguration, "label_language is 1036, but the environment does not provide this language. It provides 1031, 1033."},
		}},
		"the languages are unknown": {func(f *inspect.Facts) { f.Language = 1036 }, nil},
		"a named table is missing": {func(f *inspect.Facts) {
			f.Unmatched = []inspect.Unmatched{{Pattern: config.Pattern{Setting: "include_tables", Glob: "acount"}, Nearest: "account"}}
		}, []expected{{inspect.Error, inspect.TableMissing, "acount", "1 table that the environment does not have: acount (the nearest is account)."}}},
		"a pattern matches no table": {func(f *inspect.Facts) {
			f.Unmatched = []inspect.Unmatched{{Pattern: config.Pattern{Setting: "exclude_tables", Glob: "acount"}, Nearest: "account"}, {Pattern: config.Pattern{Setting: "include_tables", Glob: "new_*"}}}
		}, []expected{
			{inspect.Warning, inspect.PatternUnmatched, inspect.SubjectConfiguration, `The pattern "acount" in exclude_tables matches no table of the environment. Check its spelling; the nearest logical name is account.`},
			{inspect.Warning, inspect.PatternUnmatched, inspect.SubjectConfiguration, `The pattern "new_*" in include_tables matches no table`},
		}},
		"two named tables are missing": {func(f *inspect.Facts) {
			f.Unmatched = []inspect.Unmatched{{Pattern: config.Pattern{Setting: "include_tables", Glob: "a"}}, {Pattern: config.Pattern{Setting: "include_tables", Glob: "b"}}}
		}, []expected{{inspect.Error, inspect.TableMissing, inspect.SubjectTables, "have: a, b. Correct the logical names, or remove them from include_tables."}}},
		"a named table is not in the Web API": {func(f *inspect.Facts) { f.NotInWebAPI = []string{"hidden"} }, []expected{
			{inspect.Error, inspect.TableNotInWebAPI, "hidden", "whose rows the Web API cannot list: hidden. Remove it from include_tables."},
		}},
		"nothing is selected": {func(f *inspect.Facts) { f.Tables = nil }, []expected{
			{inspect.Error, inspect.NoTableSelected, inspect.SubjectConfiguration, "select no table of the environment"},
		}},
		"a named table is forbidden": {func(f *inspect.Facts) { f.Tables[0] = table("account", isNamed, at(dataverse.NoDepth)) }, []expected{
			{inspect.Error, inspect.TableForbidden, "account", "lacks the privilege to read 1 table of include_tables: account (prvReadaccount). Assign"},
		}},
		"another table is forbidden": {func(f *inspect.Facts) { f.Tables[0] = table("account", at(dataverse.NoDepth)) }, []expected{
			{inspect.Warning, inspect.TableForbidden, "account", "lacks the privilege to read 1 selected table, so a stream of it would fail: account (prvReadaccount)."},
		}},
		"everything is forbidden": {func(f *inspect.Facts) {
			f.Tables = []inspect.Table{table("account", at(dataverse.NoDepth)), table("contact", at(dataverse.NoDepth)), table("n2n", at(""), func(t *inspect.Table) { t.Summary.ReadPrivilege = "" })}
		}, []expected{{inspect.Error, inspect.NothingReadable, inspect.SubjectTables, "The application user can read none of the selected tables"}}},
		"a row arrives against the list of privileges": {func(f *inspect.Facts) {
			f.Tables = []inspect.Table{table("account", at(dataverse.NoDepth), probed(inspect.Probe{Tracked: true})), table("contact", at(dataverse.NoDepth))}
		}, []expected{{inspect.Warning, inspect.TableForbidden, "contact", "contact (prvReadcontact)"}}},
		"a table is refused against the list of privileges": {func(f *inspect.Facts) {
			f.Tables[0] = table("account", isNamed, probed(inspect.Probe{Forbidden: true, Problem: problem("No.", true)}))
		}, []expected{{inspect.Error, inspect.TableForbidden, "account", ""}}},
		"a named table fails permanently": {func(f *inspect.Facts) {
			f.Tables[0] = table("account", isNamed, probed(inspect.Probe{Problem: problem("Deselect the stream.", true)}))
		}, []expected{{inspect.Error, inspect.TableFailed, "account", "No row of table account could be retrieved. Deselect the stream."}}},
		"a named table fails temporarily": {func(f *inspect.Facts) {
			f.Tables[0] = table("account", isNamed, probed(inspect.Probe{Problem: problem("Try again.", false)}))
		}, []expected{{inspect.Warning, inspect.TableFailed, "account", "Try again."}}},
		"a table matched by a pattern fails": {func(f *inspect.Facts) {
			f.Tables[0] = table("account", probed(inspect.Probe{Problem: problem("Deselect it.", true)}))
		}, []expected{{inspect.Warning, inspect.TableFailed, "account", "Deselect it."}}},
		"a table is read below Organization level": {func(f *inspect.Facts) { f.Tables[1] = table("contact", at(dataverse.Local)) }, []expected{
			{inspect.Warning, inspect.LimitedDepth, "contact", "below Organization level, so its changes cannot be followed, and a full refresh reads only the rows that it may see: contact (Business Unit level)."},
		}},
		"changes are refused though the depth is unknown": {func(f *inspect.Facts) {
			f.Tables[1] = table("contact", at(""), probed(inspect.Probe{Limited: true}))
		}, []expected{{inspect.Warning, inspect.LimitedDepth, "contact", ": contact."}}},
		"changes arrive against the depth": {func(f *inspect.Facts) {
			f.Tables[1] = table("contact", at(dataverse.Local), probed(inspect.Probe{Tracked: true}))
		}, nil},
		"secured columns are hidden": {func(f *inspect.Facts) { f.Tables[0].Hidden = []string{"salary", "bonus"} }, []expected{
			{inspect.Warning, inspect.ColumnsHidden, "account", "may not read 2 secured columns, so Dataverse sends null in place of every value: account.salary, account.bonus."},
		}},
		"tracking is off": {func(f *inspect.Facts) { f.Tables[0] = table("account", untracked) }, []expected{
			{inspect.Warning, inspect.TrackingOff, "account", "Change tracking is off for 1 selected table, so rows deleted in Dataverse are not found: account. Turn it on"},
		}},
		"tracking is off and there is no cursor": {func(f *inspect.Facts) {
			f.CursorForUntracked, f.Tables[0] = false, table("account", untracked)
		}, []expected{{inspect.Warning, inspect.TrackingOff, "account", "so each sync reads all rows: account."}}},
		"tracking is impossible": {func(f *inspect.Facts) { f.Tables[0] = table("account", never) }, []expected{
			{inspect.Info, inspect.TrackingImpossible, "account", "cannot be turned on"},
		}},
		"a table is elastic": {func(f *inspect.Facts) { f.Tables[0].Summary.Table.Elastic = true }, []expected{
			{inspect.Info, inspect.ChangesNotFollowed, "account", "account (elastic)"},
		}},
		"a table is virtual": {func(f *inspect.Facts) { f.Tables[0].Summary.Table.Virtual = true }, []expected{
			{inspect.Info, inspect.ChangesNotFollowed, "account", "account (virtual)"},
		}},
		"nothing is counted": {func(f *inspect.Facts) {
			f.Counted, f.Tables = true, []inspect.Table{table("account", rows(0)), table("contact", rows(0)), table("legacy")}
		}, []expected{{inspect.Info, inspect.NoCounts, inspect.SubjectEnvironment, "0 rows in every selected table"}}},
		"one count is not zero": {func(f *inspect.Facts) {
			f.Counted, f.Tables = true, []inspect.Table{table("account", rows(0)), table("contact", rows(1))}
		}, nil},
		"time ran out": {func(f *inspect.Facts) {
			f.NotRequested, f.Late, f.Untested = []string{"the secured columns"}, []string{"contact"}, []string{"lead"}
		}, []expected{
			{inspect.Warning, inspect.NotInspected, inspect.SubjectEnvironment, "The following could not be retrieved in time: the secured columns."},
			{
				inspect.Warning, inspect.NotInspected, "contact",
				"1 selected table could not be tested in time because Dataverse responded too slowly: contact. Try again later.",
			},
			{inspect.Info, inspect.NotInspected, "lead", "1 table of include_tables was not tested to keep the inspection short: lead."},
		}},
		"the primary key of a named table is unknown": {func(f *inspect.Facts) { f.Keyless = []string{"contact"} }, []expected{
			{inspect.Info, inspect.NotInspected, "contact", "1 table of include_tables was not tested because its primary key is unknown: contact."},
		}},
		"the primary keys of named tables are unknown": {func(f *inspect.Facts) { f.Keyless = []string{"account", "contact"} }, []expected{{
			inspect.Info, inspect.NotInspected, inspect.SubjectTables,
			"2 tables of include_tables were not tested because their primary keys are unknown: account, contact.",
		}}},
		"something may not be read": {func(f *inspect.Facts) { f.Unknown = []inspect.Unknown{{What: "the security roles", Reason: "no."}} }, []expected{
			{inspect.Info, inspect.NotRetrieved, inspect.SubjectEnvironment, "The security roles cannot be retrieved: no."},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var found []inspect.Finding
			for _, f := range with(c.change).Findings() {
				if f.Code != inspect.AboutTables {
					found = append(found, f)
				}
			}
			require.Len(t, found, len(c.want), "%+v", found)
			for i, f := range found {
				assert.Equal(t, c.want[i].severity, f.Severity)
				assert.Equal(t, c.want[i].code, f.Code)
				assert.Equal(t, c.want[i].subject, f.Subject)
				assert.Contains(t, f.Text(), c.want[i].text)
			}
		})
	}
}

func TestWhatMattersMostComesFirst(t *testing.T) {
	found := with(func(f *inspect.Facts) {
		f.Organization = &dataverse.Organization{Name: "Contoso", Version: "9.2", Geo: "EMEA"}
		f.Users[0].FullName, f.Users[0].Roles, f.Users[0].TeamRoles = "# Airbyte", []string{"Reader"}, []string{"Sales", "Service"}
		f.TokenDays, f.NotRequested = 2, []string{"the secured columns"}
		f.Tables = []inspect.Table{table("account", untracked), table("contact", isNamed, at(dataverse.NoDepth)), table("lead", never)}
	}).Findings()
	var codes []inspect.Code
	for _, f := range found {
		codes = append(codes, f.Code)
	}
	assert.Equal(t, []inspect.Code{
		inspect.TableForbidden, inspect.ShortTokenLife, inspect.NotInspected, inspect.TrackingOff, inspect.AboutEnvironment, inspect.AboutUser, inspect.AboutTables,
		inspect.TrackingImpossible,
	}, codes)
	assert.Equal(t, inspect.Error, inspect.Worst(found))
	assert.Equal(t, `The environment is "Contoso", version 9.2, region EMEA.`, found[4].Text())
	assert.Equal(t, `The application user is "# Airbyte" with the security role Reader and the security roles Sales, Service through its teams.`, found[5].Text())
	assert.Equal(t, "All 3 tables of the environment are selected. The changes of none of them can be followed.", found[6].Text())
}

func TestASentenceNamesTenTablesAndTheFindingAll(t *testing.T) {
	found := with(func(f *inspect.Facts) {
		for i := range 30 {
			f.Tables = append(f.Tables, table(fmt.Sprintf("t%02d", i), untracked))
		}
	}).Findings()
	require.Equal(t, inspect.TrackingOff, found[0].Code)
	assert.Equal(t, inspect.SubjectTables, found[0].Subject)
	assert.Contains(t, found[0].Sentence, "t09, and 20 more.")
	assert.Len(t, found[0].Tables, 30)
}

func TestAWeakerUserIsCompared(t *testing.T) {
	found := with(func(f *inspect.Facts) {
		f.Users = []inspect.User{
			{Name: "the first application user", Privileges: dataverse.Privileges{"prvreadaccount": dataverse.Global, "prvreadcontact": dataverse.Global}},
			{Name: "the other", Setting: "additional_credentials[0]", Privileges: dataverse.Privileges{"prvreadaccount": dataverse.Basic}},
		}
	}).Findings()
	require.Equal(t, inspect.LessRights, found[0].Code)
	assert.Equal(t, "additional_credentials[0]", found[0].Key)
	assert.Contains(t, found[0].Sentence, "account (Read at User level instead of Organization level), contact (no Read privilege)")
}

func TestAUserWithoutAColumnOfAnotherIsReported(t *testing.T) {
	salary := dataverse.SecuredColumn{Property: "salary", ID: "s"}
	privileges := dataverse.Privileges{"prvreadaccount": dataverse.Global}
	found := with(func(f *inspect.Facts) {
		f.Users = []inspect.User{
			{Name: "the first application user", Privileges: privileges, Columns: users.ColumnRights{Known: true, Everything: true}},
			{Name: "the other", Privileges: privileges, Columns: users.ColumnRights{Known: true}},
		}
		f.Tables = []inspect.Table{table("account", func(t *inspect.Table) { t.Secured = []dataverse.SecuredColumn{salary} })}
	}).Findings()
	require.Equal(t, inspect.LessRights, found[0].Code)
	assert.Contains(t, found[0].Sentence, "The other may read less than the other application users, so only they read these tables: account (without column salary).")
}

func TestAReadLogsWhatItsStreamsLack(t *testing.T) {
	found := with(func(f *inspect.Facts) {
		f.TokenDays = 1
		f.Tables = []inspect.Table{
			table("account", at(dataverse.Local), func(t *inspect.Table) { t.ReadAs = inspect.ByChanges }),
			table("contact", at(dataverse.Local), func(t *inspect.Table) { t.ReadAs = inspect.WithoutTracking }),
			table("lead", untracked, func(t *inspect.Table) { t.ReadAs, t.Hidden = inspect.WithoutTracking, []string{"salary"} }),
		}
	}).ForRead()
	require.Len(t, found, 3)
	assert.Equal(t, inspect.ShortTokenLife, found[0].Code)
	assert.Equal(t, "The application user has the Read privilege on table contact below Organization level (Business Unit level), so only the rows that it may see are "+
		"synced. To sync all rows, give it a security role with Read at Organization level.", found[1].Text())
	assert.Contains(t, found[2].Text(), "lead.salary")
}

func TestAnOutageIsNoFaultOfTheConfiguration(t *testing.T) {
	outage, fault := problem("It is down.", false), problem("It is wrong.", true)
	for name, c := range map[string]struct {
		first, second, list *inspect.Problem
		want                error
	}{
		"nothing failed":                  {nil, nil, nil, nil},
		"a user fails temporarily":        {outage, nil, nil, outage.Err},
		"a person must fix the other":     {outage, fault, nil, nil},
		"the list of tables failed":       {nil, nil, outage, outage.Err},
		"the list is refused permanently": {nil, nil, fault, nil},
		"a second user fails temporarily": {nil, outage, nil, outage.Err},
	} {
		t.Run(name, func(t *testing.T) {
			f := inspect.Facts{Users: []inspect.User{{SignIn: c.first}, {SignIn: c.second}}, ListProblem: c.list}
			assert.Equal(t, c.want, f.Outage())
		})
	}
}
