package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// runForPeople runs a verb whose output is no message and returns its whole stdout.
func (l *lab) runForPeople(args ...string) (string, binary.Result) {
	l.t.Helper()
	result, err := connector.Run(l.t.Context(), append(args, "--config", l.configFile()), l.variables())
	require.NoError(l.t, err)
	return string(bytes.Join(append(result.Lines, result.Rest), []byte{'\n'})), result
}

// assertGolden compares a text with a file in testdata.
func assertGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	expected, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(expected), text, "if the change is meant: go test ./integration_tests -run %s -update", t.Name())
}

// labOfDepths is an environment whose application user may read some tables in part only.
func labOfDepths(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3, Rows: map[string]int{"account": 1234, "subject": 0}})
	l.environment.SetReadDepth("feedback", schema.None)
	l.environment.SetReadDepth("opportunity", schema.Local)
	require.NoError(t, l.environment.RemoveTable("systemform"))
	named := schema.Define("contoso_Order", "contoso_orders", 10500)
	named.Key("contoso_OrderId")
	named.Table.DisplayName = "注文書 (Japan)"
	require.NoError(t, l.environment.AddTable(named.Done(), 5))
	return l
}

func TestTheListOfTablesIsTheExpectedOne(t *testing.T) {
	t.Parallel()
	l := labOfDepths(t)
	l.config["exclude_tables"] = []string{"team*"}
	text, result := l.runForPeople("tables")
	require.Zero(t, result.ExitCode, result.Stderr)
	assert.Empty(t, result.Stderr)
	assertGolden(t, "tables.txt", text)

	text, result = l.runForPeople("tables", "--json", "--filter", "contoso_*,feedback")
	require.Zero(t, result.ExitCode, result.Stderr)
	require.True(t, json.Valid([]byte(text)))
	assertGolden(t, "tables.json", text)
}

func TestTheDocumentationExplainsEachReason(t *testing.T) {
	l := labOfDepths(t)
	l.config["exclude_tables"] = []string{"team*"}
	printed, _ := l.runForPeople("tables", "--json")
	var listed []map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed), &listed))
	page := text(t, "docs/command-line.md")
	reasons := map[string]bool{}
	for _, table := range listed {
		for member, value := range table {
			assert.Contains(t, page, "`"+member+"`")
			if reason, is := value.(string); is && strings.HasSuffix(member, "_reason") && reason != "" {
				reasons[regexp.MustCompile(`^prvRead\w+ |^.* (level)$`).ReplaceAllString(reason, "$1")] = true
			}
		}
	}
	assert.Greater(t, len(reasons), 6)
	for reason := range reasons {
		assert.Contains(t, page, reason)
	}
}

func TestThePrintedCatalogIsTheExpectedOne(t *testing.T) {
	l := labOfDepths(t)
	text, result := l.runForPeople("catalog", "--tables", "subject,feedback,opportunity,contoso_sensordata,contoso_o*")
	require.Zero(t, result.ExitCode, result.Stderr)
	assertGolden(t, "configured_catalog.json", text)
	assertGolden(t, "configured_catalog.stderr", result.Stderr)
}

func TestAReadAcceptsThePrintedCatalog(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 40})
	l.config["cursor_for_untracked"] = "off" // otherwise a warning is about deletions
	text, result := l.runForPeople("catalog", "--tables", "account,contoso_*,systemuserroles")
	require.Zero(t, result.ExitCode, result.Stderr)
	require.Empty(t, result.Stderr)
	var c destination.Catalog
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&c))
	require.Len(t, c.Streams, 7)
	configured, err := destination.Configure(l.discover(), "account", "contoso_child")
	require.NoError(t, err)
	for _, stream := range configured.Streams {
		for _, printed := range c.Streams {
			if printed.Stream.Name == stream.Stream.Name {
				assert.Equal(t, stream.Stream, printed.Stream, "discover describes the same stream")
			}
		}
	}
	d := destination.New()
	report, read := l.apply(d, c, l.run("read", "--config", l.configFile(), "--catalog", l.file("printed.json", []byte(text))))
	require.Zero(t, read.ExitCode, report.Errors)
	for _, stream := range c.Streams {
		l.equal(d, stream.Stream.Name)
	}
}
