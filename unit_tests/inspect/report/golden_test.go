package report_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/report"
	"source-microsoft-dataverse/source/inspect/timing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file of the folder testdata, which -update rewrites.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path) //nolint:gosec // a file of the test
	require.NoError(t, err, "create the file with -update")
	assert.Equal(t, string(want), text, "if the new text is right, run the test with -update")
}

func counted(n int64) *int64 { return &n }

func page(rows int64, took time.Duration, size, omittable int64, more bool) *timing.Page {
	return &timing.Page{Rows: rows, Took: took, Bytes: size, OmittableBytes: omittable, More: more}
}

// selected returns a table that can be read and whose changes can be followed, with changes.
func selected(name string, change func(*inspect.Table)) inspect.Table {
	t := inspect.Table{Depth: dataverse.Global, Summary: dataverse.TableSummary{
		Table: dataverse.Table{LogicalName: name, EntitySet: name + "s", Tracked: true}, Trackable: true,
	}}
	change(&t)
	return t
}

// findings are those of an environment with findings of each severity about each kind of subject.
func findings() []inspect.Finding {
	project := finops.Project{Name: "Airbyte", Exports: true, Lines: []finops.Line{
		{Entity: "Customers V3", Format: "XML-Element"}, {Entity: "Vendors V2", Format: "XML-Element"},
	}}
	return inspect.Facts{
		Organization: &dataverse.Organization{Name: "Contoso", Version: "9.2.24104.198", Geo: "EUR"}, TokenDays: 2,
		Users: []inspect.User{{
			Name: "the application user", FullName: "# Airbyte", Roles: []string{"Airbyte reader"}, TeamRoles: []string{"Verkäufer"},
		}},
		Listed: 812, CursorForUntracked: true,
		Tables: []inspect.Table{
			selected("account", func(t *inspect.Table) { t.Rows, t.Hidden = counted(1_240_000), []string{"creditlimit", "contoso_iban"} }),
			selected("audit", func(t *inspect.Table) { t.Summary.Table.Tracked, t.Summary.Trackable = false, false }),
			selected("contact", func(t *inspect.Table) { t.Rows = counted(80_000) }),
			selected("contoso_secret", func(t *inspect.Table) {
				t.Named, t.Depth, t.Summary.ReadPrivilege = true, dataverse.NoDepth, "prvReadcontoso_Secret"
			}),
			selected("team", func(*inspect.Table) {}),
		},
		Projects: []finops.Facts{{Project: "Airbyte", Companies: []string{"USMF"}, Found: &project}},
	}.Findings()
}

// troubled is what doctor reports on such an environment.
func troubled() report.Input {
	return report.Input{
		Connector: "source-microsoft-dataverse 0.1.0", Environment: "contoso.crm4.dynamics.com",
		Users:    []report.User{{Name: "# Airbyte", SignedIn: true, Roles: []string{"Airbyte reader"}, TeamRoles: []string{"Verkäufer"}}},
		Findings: findings(),
		Tables: []timing.Table{
			{
				Name: "account", Mode: timing.Tracked, Counted: counted(1_240_000), Columns: 151, OmittableColumns: 41,
				Page: page(5000, 1420*time.Millisecond, 17_200_000, 3_268_000, true), Keys: page(5000, 310*time.Millisecond, 300_000, 0, true),
			},
			{Name: "contact", Mode: timing.Tracked, Counted: counted(80_000), Columns: 162, OmittableColumns: 44},
			{Name: "audit", Mode: timing.ByCursor, Columns: 14, Page: page(5000, 400*time.Millisecond, 2_000_000, 0, true)},
			{Name: "team", Mode: timing.Tracked, Columns: 30, OmittableColumns: 3, Page: page(12, 150*time.Millisecond, 9_000, 1_000, false)},
		},
		Capacity:  timing.Capacity{Requests: 4, Users: 1},
		TokenLife: 48 * time.Hour,
	}
}

// healthy is an environment without a problem.
func healthy() report.Input {
	in := troubled()
	in.Findings = in.Findings[3:]
	in.Tables = in.Tables[3:]
	return in
}

// unreachable is an environment that cannot be reached.
func unreachable() report.Input {
	return report.Input{
		Connector: "source-microsoft-dataverse 0.1.0", Environment: "contoso.crm4.dynamics.com",
		Users: []report.User{{}},
		Findings: []inspect.Finding{{
			Severity: inspect.Error, Code: inspect.UserRefused, Subject: inspect.SubjectUser, Key: "client_secret_value",
			Sentence: "Microsoft Entra rejected the client secret. Enter the Value of a client secret that has not expired.",
		}},
	}
}

func TestTheReportsAreTheGoldenOnes(t *testing.T) {
	for name, c := range map[string]struct {
		in    report.Input
		style report.Style
	}{
		"troubled.txt":       {troubled(), report.Style{Unicode: true}},
		"troubled_ascii.txt": {troubled(), report.Style{}},
		"troubled_color.txt": {troubled(), report.Style{Unicode: true, Color: true, Width: 80}},
		"narrow.txt":         {troubled(), report.Style{Unicode: true, Width: 50}},
		"healthy.txt":        {healthy(), report.Style{Unicode: true}},
		"unreachable.txt":    {unreachable(), report.Style{Unicode: true}},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, report.New(c.in).Text(c.style)) })
	}
	text, err := report.New(troubled()).JSON()
	require.NoError(t, err)
	golden(t, "troubled.json", string(text))
}

func TestEachBottleneckIsExplained(t *testing.T) {
	slow := func(name string, lanes int) timing.Table {
		return timing.Table{Name: name, Mode: timing.Tracked, Lanes: lanes, Counted: counted(1_000_000), Page: page(5000, time.Second, 1, 0, true)}
	}
	var many []timing.Table
	for i := range 200 {
		many = append(many, slow(fmt.Sprintf("table%d", i), 1))
	}
	for want, c := range map[string]struct {
		tables   []timing.Table
		capacity timing.Capacity
	}{
		"the pages of table a follow one another.":                                              {[]timing.Table{slow("a", 1)}, timing.Capacity{Requests: 4, Users: 1}},
		"up to 4 pages of table a are requested at the same time, the pages of its keys follow": {[]timing.Table{slow("a", 4)}, timing.Capacity{Requests: 8, Users: 1}},
		"parallel requests: 4 requests at the same time":                                        {many, timing.Capacity{Requests: 4, Users: 1}},
		"the limits of one web server let 1 application user keep only 4 busy.":                 {many, timing.Capacity{Requests: 9, Users: 1}},
		"name them with --filter.":                                                              {many, timing.Capacity{Requests: 9, Users: 1}},
	} {
		text := report.New(report.Input{Tables: c.tables, Capacity: c.capacity}).Text(report.Style{})
		assert.Contains(t, strings.Join(strings.Fields(text), " "), want)
	}
}

func TestEachFindingIsShownOnce(t *testing.T) {
	text := report.New(troubled()).Text(report.Style{Unicode: true, Width: 100})
	for _, f := range troubled().Findings {
		first, _, _ := strings.Cut(f.Sentence, ",")
		first = first[:min(len(first), 40)]
		assert.Equal(t, 1, strings.Count(text, first), first)
	}
}

func TestOnlyAsciiIsShownWithoutUnicode(t *testing.T) {
	for _, r := range report.New(troubled()).Text(report.Style{}) {
		assert.Less(t, r, rune(0x80), "%q", r)
	}
}

func TestMarksDifferWithoutColors(t *testing.T) {
	for _, unicode := range []bool{true, false} {
		text := report.New(troubled()).Text(report.Style{Unicode: unicode})
		assert.NotContains(t, text, "\x1b")
		marks := map[string]bool{}
		for _, sentence := range []string{"The application user lacks", "The environment keeps", "The environment is", "Change tracking cannot"} {
			before, _, found := strings.Cut(text, sentence)
			require.True(t, found)
			marks[before[strings.LastIndexByte(before, '\n'):]] = true
		}
		assert.Len(t, marks, 4)
	}
}

func TestColorsChangeNothingElse(t *testing.T) {
	plain := report.Style{Unicode: true, Width: 70}
	colored := plain
	colored.Color = true
	text := report.New(troubled()).Text(colored)
	for _, command := range []string{"\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[1m", "\x1b[0m"} {
		assert.Contains(t, text, command)
		text = strings.ReplaceAll(text, command, "")
	}
	assert.Equal(t, report.New(troubled()).Text(plain), text)
}

func TestTheVerdictIsTheLastLine(t *testing.T) {
	warned := troubled()
	warned.Findings = warned.Findings[1:2]
	for want, in := range map[string]report.Input{
		"✗ Not ready to sync: 1 error and 2 warnings.": troubled(),
		"✗ Not ready to sync: 1 error.":                unreachable(),
		"! Ready to sync, with 1 warning.":             warned,
		"✓ Ready to sync. No problems were found.":     healthy(),
	} {
		text := report.New(in).Text(report.Style{Unicode: true})
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		assert.Equal(t, want, lines[len(lines)-1])
	}
}

func TestATerminalIsNeverExceeded(t *testing.T) {
	for _, width := range []int{100, 90, 80, 60, 50} {
		for line := range strings.Lines(report.New(troubled()).Text(report.Style{Unicode: true, Width: width})) {
			assert.LessOrEqual(t, runewidth.StringWidth(strings.TrimSuffix(line, "\n")), width, line)
		}
	}
}

func TestNamesCannotMoveTheCursor(t *testing.T) {
	in := healthy()
	in.Findings[0].Sentence = "a\x1b[2Jb\u202ec\rd"
	text := report.New(in).Text(report.Style{Unicode: true})
	assert.Contains(t, text, "a [2Jbc d\n")
}

func TestListsInJSONAreNeverNull(t *testing.T) {
	text, err := report.New(report.Input{Users: []report.User{{}}}).JSON()
	require.NoError(t, err)
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &members))
	for name, want := range map[string]string{"findings": "[]", "timings": "[]", "estimate": "null", "schedule": "null", "verdict": `"ready"`} {
		assert.JSONEq(t, want, string(members[name]), name)
	}
	assert.NotContains(t, string(members["users"]), "null")
}
