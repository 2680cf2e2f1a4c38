package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/report"
)

// reported is what doctor printed with --json.
func reported(t *testing.T, got printed) report.Report {
	t.Helper()
	var r report.Report
	decoder := json.NewDecoder(strings.NewReader(got.stdout))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&r), "%s\n%s", got.stdout, got.stderr)
	return r
}

// sentencesOf returns the sentences of a report by severity.
func sentencesOf(r report.Report, severity string) string {
	var all []string
	for _, f := range r.Findings {
		if string(f.Severity) == severity {
			all = append(all, f.Sentence+" "+f.NextStep)
		}
	}
	return strings.Join(all, "\n")
}

func TestDoctorTimesTablesAndEstimatesTheirFirstSync(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, nil, "doctor", "--json")
	assert.Zero(t, got.code)
	assert.Empty(t, got.stderr)
	r := reported(t, got)
	assert.Equal(t, "source-microsoft-dataverse 1.2.3", r.Connector)
	assert.True(t, strings.HasPrefix(r.Environment, "127.0.0.1:"), r.Environment)
	assert.Equal(t, report.Warnings, r.Verdict, "the table secret cannot be read")
	require.Len(t, r.Users, 1)
	assert.True(t, r.Users[0].SignedIn)
	require.Len(t, r.Timings, 2)
	assert.Equal(t, "account", r.Timings[0].Table)
	assert.EqualValues(t, 1, r.Timings[0].PageRows)
	assert.EqualValues(t, 1, *r.Timings[0].Rows, "the only page of a table counts for more than the service's number")
	assert.Equal(t, 2, r.Timings[0].Columns)
	require.NotNil(t, r.Estimate)
	assert.Equal(t, 2, r.Estimate.Tables)
	assert.EqualValues(t, 3, r.Estimate.Rows)
	require.NotNil(t, r.Schedule)
	assert.InDelta(t, 900, r.Schedule.EverySeconds, 0)
}

func TestDoctorReportsInTextWithTheVerdictLast(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, nil, "doctor")
	assert.Zero(t, got.code)
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	assert.Contains(t, lines[len(lines)-1], "Ready to sync")
	for _, title := range []string{"Tables", "Speed of a page, measured now", "First sync", "How often to sync"} {
		assert.Contains(t, got.stdout, "\n\n"+title+"\n")
	}
	assert.NotContains(t, got.stdout, "\x1b")
	for _, r := range got.stdout {
		assert.Less(t, r, rune(0x80), "the locale is not one of UTF-8")
	}
}

func TestDoctorHasColorsOnlyWhereTheyAreWanted(t *testing.T) {
	e := populated(t)
	for name, c := range map[string]struct {
		terminal  bool
		variables map[string]string
		args      []string
		colors    bool
	}{
		"a terminal":                {terminal: true, variables: map[string]string{"TERM": "xterm"}, colors: true},
		"a file":                    {variables: map[string]string{"TERM": "xterm"}},
		"NO_COLOR":                  {terminal: true, variables: map[string]string{"NO_COLOR": "0"}},
		"a terminal without colors": {terminal: true, variables: map[string]string{"TERM": "dumb"}},
		"the flag":                  {terminal: true, args: []string{"--no-color"}},
		"an empty NO_COLOR":         {terminal: true, variables: map[string]string{"NO_COLOR": ""}, colors: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := e.runForPeople(t, func(p *source.Process) {
				trust := p.Getenv
				p.StdoutTerminal = c.terminal
				p.Getenv = func(name string) string { return c.variables[name] + trust(name) }
			}, append([]string{"doctor"}, c.args...)...)
			assert.Equal(t, c.colors, strings.Contains(got.stdout, "\x1b["), got.stdout)
		})
	}
}

func TestWhatStopsDoctorIsInItsReport(t *testing.T) {
	refused := newEnvironment(t)
	refused.respond(token, refuseSignIn(http.StatusUnauthorized, 7000215, "invalid_client"))
	absent := filepath.Join(t.TempDir(), "config.json")
	for name, c := range map[string]struct {
		e    *environment
		args []string
		want string
	}{
		"a secret that is refused":       {refused, nil, "client_secret_value"},
		"a configuration that is absent": {newEnvironment(t), []string{"--config", absent}, "Check the path given with --config."},
		"a configuration with mistakes":  {newEnvironment(t), []string{"--config", file(t, "config.json", map[string]any{})}, "url is missing."},
		"a filter without a table":       {populated(t), []string{"--filter", "acount"}, "matches --filter"},
	} {
		t.Run(name, func(t *testing.T) {
			// runForPeople adds its own --config; the last value counts
			got := c.e.runForPeople(t, func(p *source.Process) { p.Args = append(p.Args, c.args...) }, "doctor", "--json")
			assert.Equal(t, 1, got.code)
			assert.Empty(t, got.stderr, "the report has it all")
			r := reported(t, got)
			assert.Equal(t, report.Errors, r.Verdict)
			assert.Contains(t, sentencesOf(r, "error"), c.want)
			assert.Nil(t, r.Estimate)
			for _, hidden := range []string{tenantID, clientID, secret} {
				assert.NotContains(t, got.stdout, hidden)
			}
		})
	}
}

func TestTheReportOfDoctorShowsNoSecret(t *testing.T) {
	everything := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("x-ms-service-request-id", clientID)
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
			"code": "0x1", "message": strings.Join([]string{tenantID, clientID, secret, url.QueryEscape(secret), r.Header.Get("Authorization")}, " "),
		}})
	}
	for _, place := range []string{whoAmI, definitions, privileges, rowCounts, metadata, api + "accounts"} {
		for _, form := range [][]string{nil, {"--json"}} {
			e := populated(t)
			e.respond(place, everything)
			got := e.runForPeople(t, nil, append([]string{"doctor", "--debug"}, form...)...)
			assert.NotEmpty(t, got.stdout)
			for _, hidden := range []string{tenantID, clientID, secret, url.QueryEscape(secret), "the-access-token"} {
				assert.NotContains(t, got.stdout, hidden, place)
				assert.NotContains(t, got.stderr, hidden, place)
			}
			escaped, err := json.Marshal(secret)
			require.NoError(t, err)
			assert.NotContains(t, got.stdout, strings.Trim(string(escaped), `"`), place)
		}
	}
}

func TestDoctorEndsAtItsLimit(t *testing.T) {
	e := newEnvironment(t)
	e.respond(whoAmI, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	got := e.runForPeople(t, func(p *source.Process) { p.Limits.Check = 100 * time.Millisecond }, "doctor", "--json")
	assert.Equal(t, 1, got.code)
	r := reported(t, got)
	assert.Len(t, r.Findings, 1, got.stdout)
	assert.Contains(t, sentencesOf(r, "error"), "The connection check did not finish within 100ms")
}

func TestAPageThatCannotBeTimedIsAWarning(t *testing.T) {
	e := populated(t)
	e.respond(api+"tagset", refuse(http.StatusBadRequest, `{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`))
	r := reported(t, e.runForPeople(t, nil, "doctor", "--json"))
	assert.Contains(t, sentencesOf(r, "warning"), "A page of table tag could not be read. ")
	require.Len(t, r.Timings, 1)
	assert.Equal(t, "account", r.Timings[0].Table)
}

func TestTablesThatTakeTooLongAreOneWarning(t *testing.T) {
	t.Parallel()
	e := populated(t)
	for _, rows := range []string{"accounts", "tagset"} {
		e.respond(api+rows, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	}
	got := e.runForPeople(t, func(p *source.Process) { p.Limits.Check = 2 * time.Second }, "doctor", "--json")
	var late []inspect.Finding
	for _, f := range reported(t, got).Findings {
		if f.Code == inspect.NotInspected {
			late = append(late, f)
		}
	}
	require.Len(t, late, 1, got.stdout)
	assert.Equal(t, []string{"account", "tag"}, late[0].Tables)
	assert.Equal(t, "The time was too short to read a page of the tables account, tag.", late[0].Sentence)
}

func TestAFilterNarrowsWhatDoctorExamines(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, nil, "doctor", "--json", "--filter", "ACC*")
	assert.Zero(t, got.code)
	r := reported(t, got)
	require.Len(t, r.Timings, 1)
	assert.Equal(t, "account", r.Timings[0].Table)
	assert.NotContains(t, got.stdout, `"secret"`)
}

func TestACorrectedSettingIsInTheReportOfDoctor(t *testing.T) {
	e := populated(t)
	config := file(t, "config.json", e.settings(map[string]any{"odata_maxpagesize": 9999}))
	got := e.runForPeople(t, func(p *source.Process) { p.Args = append(p.Args, "--config", config) }, "doctor", "--json")
	assert.Zero(t, got.code)
	assert.Empty(t, got.stderr)
	assert.Contains(t, sentencesOf(reported(t, got), "warning"), "odata_maxpagesize")
}

func TestDoctorShowsAtATerminalWhatItIsDoing(t *testing.T) {
	e := populated(t)
	got := e.runForPeople(t, func(p *source.Process) { p.StderrTerminal = true }, "doctor")
	for _, step := range []string{"Signing in ...", "Timing pages ..."} {
		assert.Contains(t, got.stderr, "\r\x1b[K"+step)
	}
	assert.True(t, strings.HasSuffix(got.stderr, "\r\x1b[K"), "nothing of it remains")
}

func TestDoctorOfAThousandTablesTakesFewRequests(t *testing.T) {
	e := populated(t)
	var tables []string
	rights := map[string]string{}
	for i := range 1000 {
		name := fmt.Sprintf("contoso_table%03d", i)
		tables, rights[name] = append(tables, summarized(name, true)), "Global"
	}
	e.respond(definitions, good(`{"value":[`+strings.Join(tables, ",")+`]}`))
	e.respond(privileges, granted(rights))
	const timed = 8
	var timedDefinitions []string
	for i := range timed {
		name := fmt.Sprintf("contoso_table%03d", i)
		timedDefinitions = append(timedDefinitions, table(name, name+"s", true))
		e.respond(api+name+"s", good(`{"value":[{"`+name+`id":"1"}],"@odata.nextLink":"HOST`+api+name+`s?$skiptoken=2"}`))
	}
	e.respond(metadata, good(`{"EntityMetadata":[`+strings.Join(timedDefinitions, ",")+`]}`))
	var requests atomic.Int32
	e.Config.Handler = counting(e.Config.Handler, &requests)
	got := e.runForPeople(t, nil, "doctor", "--json")
	assert.Zero(t, got.code, got.stdout)
	require.Len(t, reported(t, got).Timings, timed)
	const (
		signIn     = 2
		inspection = 14
		counts     = 4
		timing     = 1 + 2*timed // the definitions, and a page of rows and of keys
	)
	assert.LessOrEqual(t, requests.Load(), int32(signIn+inspection+counts+timing))
}

// counting counts the requests to a handler.
func counting(handler http.Handler, requests *atomic.Int32) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler.ServeHTTP(w, r)
	})
}
