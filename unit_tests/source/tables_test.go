package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
)

const rowCounts = api + "RetrieveTotalRecordCount(EntityNames=@p1)"

// summarized is a table in the list of tables.
func summarized(name string, tracked bool) string {
	return fmt.Sprintf(`{"LogicalName":%q,"EntitySetName":%q,"PrimaryIdAttribute":%q,"ChangeTrackingEnabled":%v,`+
		`"CanChangeTrackingBeEnabled":{"Value":true},"TableType":"Standard","DisplayName":{"UserLocalizedLabel":{"Label":%q}},`+
		`"Privileges":[{"Name":"prvRead%s","PrivilegeType":"Read"}]}`, name, name+"s", name+"id", tracked, strings.ToUpper(name), name)
}

// granted responds with privileges to read tables, each at a depth.
func granted(depths map[string]string) http.HandlerFunc {
	list := []string{`{"PrivilegeName":"prvReadOther","Depth":"Global"}`}
	for name, depth := range depths {
		list = append(list, fmt.Sprintf(`{"PrivilegeName":"prvRead%s","Depth":%q}`, name, depth))
	}
	return good(`{"RolePrivileges":[` + strings.Join(list, ",") + `]}`)
}

// populated is an environment with three tables, one of which the application user may not read.
func populated(t *testing.T) *environment {
	t.Helper()
	e := newEnvironment(t)
	e.respond(definitions, good(`{"value":[`+summarized("account", true)+`,`+summarized("tag", false)+`,`+summarized("secret", true)+`]}`))
	e.respond(privileges, granted(map[string]string{"account": "Global", "tag": "Global"}))
	e.respond(rowCounts, good(`{"EntityRecordCountCollection":{"Count":2,"IsReadOnly":false,"Keys":["account","tag"],"Values":[12345,0]}}`))
	return e
}

// printed is what a verb for people printed.
type printed struct {
	code           int
	stdout, stderr string
}

// runForPeople runs a verb whose output is no message.
func (e *environment) runForPeople(t *testing.T, change func(*source.Process), args ...string) printed {
	t.Helper()
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	var stdout, stderr strings.Builder
	process := source.Process{
		Specification: specification, Version: "1.2.3", Args: append(args, "--config", file(t, "config.json", e.settings(nil))),
		Getenv: func(name string) string { return map[string]string{"DATAVERSE_CA_FILE": e.caFile}[name] },
		Stdout: &stdout, Stderr: &stderr, Limits: source.Limits{Backoff: time.Millisecond},
	}
	if change != nil {
		change(&process)
	}
	code := source.Run(t.Context(), process)
	return printed{code, stdout.String(), stderr.String()}
}

func TestTablesAreListedWithWhatIsKnown(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, nil, "tables")
	assert.Equal(t, printed{stdout: strings.Join([]string{
		"TABLE    DISPLAY NAME    ROWS  INCREMENTAL                    READABLE",
		"account  ACCOUNT       12,345  yes                            yes",
		"secret   SECRET             -  no (needs Organization level)  no (prvReadsecret is missing)",
		"tag      TAG                0  no (tracking is off)           yes",
		"", "3 tables: 1 incremental, 1 not readable. Dataverse counts rows once a day.",
		"Most tables without change tracking can be read incrementally too, but rows deleted in Dataverse are not found.", "",
	}, "\n")}, got)
}

func TestAFilterNarrowsTheListOfTables(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, nil, "tables", "--filter", "ACC*,tag", "--json")
	require.Zero(t, got.code, got.stderr)
	var listed []struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &listed))
	assert.Equal(t, []struct{ Name string }{{"account"}, {"tag"}}, listed)

	got = e.runForPeople(t, nil, "tables", "--filter", "acount")
	assert.Equal(t, 1, got.code)
	assert.Empty(t, got.stdout)
	assert.Equal(t, `The pattern "acount" matches no table of the environment. The nearest table is account (ACCOUNT). `+
		"To list the tables of the environment, run \"source-microsoft-dataverse tables --config FILE\".\n", got.stderr)
}

func TestWhatCannotBeRetrievedIsMissingFromTheList(t *testing.T) {
	e := populated(t)
	refused := refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"no"}}`)
	e.respond(privileges, refused)
	e.respond(rowCounts, refuse(http.StatusBadGateway, "<html>"))
	got := e.runForPeople(t, nil, "tables")
	require.Zero(t, got.code, got.stderr)
	assert.Contains(t, got.stdout, "\naccount  ACCOUNT          -  yes                   unknown\n")
	assert.Contains(t, got.stderr, "WARN: The privileges of the application user cannot be retrieved, so it is unknown which tables it can read: ")
	assert.Contains(t, got.stderr, "WARN: The numbers of rows cannot be retrieved: ")
}

func TestAThousandTablesTakeFewRequests(t *testing.T) {
	e := populated(t)
	var tables []string
	for i := range 1000 {
		tables = append(tables, summarized(fmt.Sprintf("contoso_table%03d", i), true))
	}
	var requests atomic.Int32
	counted := func(handler http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			handler(w, r)
		}
	}
	e.respond(definitions, counted(good(`{"value":[`+strings.Join(tables, ",")+`]}`)))
	e.respond(whoAmI, counted(standard()[whoAmI]))
	e.respond(privileges, counted(granted(nil)))
	e.respond(rowCounts, counted(good(`{"EntityRecordCountCollection":{"Count":0,"Keys":[],"Values":[]}}`)))
	got := e.runForPeople(t, nil, "tables")
	require.Zero(t, got.code, got.stderr)
	assert.Contains(t, got.stdout, "1,000 tables: 0 incremental, 1,000 not readable.")
	assert.EqualValues(t, 3+4, requests.Load(), "the list, the user, its privileges, and 300 counts a request")
}

func TestProgressIsShownOnlyToPeople(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, func(p *source.Process) { p.StderrTerminal = true }, "tables")
	assert.Contains(t, got.stderr, "Listing the tables of the environment ...")
	assert.Contains(t, got.stderr, "Counting the rows of 3 tables ...")
	assert.True(t, strings.HasSuffix(got.stderr, "\r\x1b[K"), "nothing remains")
	got = e.runForPeople(t, func(p *source.Process) {
		p.StderrTerminal = true
		variables := p.Getenv
		p.Getenv = func(name string) string {
			if name == "TERM" {
				return "dumb"
			}
			return variables(name)
		}
	}, "tables")
	assert.Empty(t, got.stderr)
}

func TestAFailureOfAVerbForPeopleIsOneSentence(t *testing.T) {
	for name, example := range map[string]struct {
		path     string
		response http.HandlerFunc
		want     string
	}{
		"the sign-in is refused":  {token, refuseSignIn(http.StatusUnauthorized, 7000215, "invalid_client"), "client_secret_value"},
		"there is no such user":   {whoAmI, refuse(http.StatusForbidden, `{"error":{"code":"0x80072560","message":"no"}}`), "no application user"},
		"the list is empty":       {definitions, good(`{"value":[]}`), "Dataverse listed no tables"},
		"the list is no JSON":     {definitions, good(`{"value":[`), "was cut off each time"},
		"the list is not allowed": {definitions, refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"no"}}`), "lacks a privilege"},
	} {
		for _, verb := range [][]string{{"tables"}, {"catalog", "--tables", "account"}} {
			t.Run(name+", "+verb[0], func(t *testing.T) {
				e := populated(t)
				e.respond(example.path, example.response)
				got := e.runForPeople(t, nil, verb...)
				assert.Equal(t, 1, got.code)
				assert.Empty(t, got.stdout)
				assert.Contains(t, got.stderr, example.want)
				assert.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
				assert.NotContains(t, got.stderr, secret)
			})
		}
	}
}
