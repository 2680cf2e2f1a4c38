package source_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
)

// modes returns the sync mode of each stream of a configured catalog.
func modes(t *testing.T, text string) map[string]string {
	t.Helper()
	var catalog struct {
		Streams []struct {
			Stream   struct{ Name string }
			SyncMode string `json:"sync_mode"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &catalog), text)
	found := map[string]string{}
	for _, s := range catalog.Streams {
		found[s.Stream.Name] = s.SyncMode
	}
	return found
}

func TestACatalogHasTheSelectedTables(t *testing.T) {
	for name, example := range map[string]struct {
		args []string
		want map[string]string
	}{
		"each in its best mode": {[]string{"--tables", "account,TAG"}, map[string]string{"account": "incremental", "tag": "full_refresh"}},
		"all in full":           {[]string{"--tables", "account,tag", "--sync-mode", "full_refresh"}, map[string]string{"account": "full_refresh", "tag": "full_refresh"}},
		"incremental":           {[]string{"--tables=acc*", "--sync-mode=incremental"}, map[string]string{"account": "incremental"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := populated(t).runForPeople(t, nil, append([]string{"catalog"}, example.args...)...)
			require.Zero(t, got.code, got.stderr)
			assert.Empty(t, got.stderr)
			assert.Equal(t, example.want, modes(t, got.stdout))
		})
	}
}

func TestATableThatDoesNotOfferTheModeIsNamedOnStderr(t *testing.T) {
	got := populated(t).runForPeople(t, nil, "catalog", "--tables=account", "--tables=tag", "--sync-mode=incremental")
	require.Zero(t, got.code, got.stderr)
	assert.Equal(t, map[string]string{"account": "incremental", "tag": "full_refresh"}, modes(t, got.stdout))
	assert.Equal(t, "WARN: Not all selected tables can be read incrementally. 1 table is therefore configured as full_refresh: "+
		"tag (tracking is off). Where tracking is off, it can be turned on in Power Apps: table properties > Advanced options > "+
		"Track changes.\n", got.stderr)
}

func TestATableWhoseDeletionsAreNotFoundIsNamedOnStderr(t *testing.T) {
	e := populated(t)
	versioned := strings.NewReplacer(`"name"`, `"versionnumber"`, "StringType", "BigIntType").Replace(table("tag", "tagset", false))
	e.respond(metadata, good(`{"EntityMetadata":[`+versioned+`]}`))
	got := e.runForPeople(t, nil, "catalog", "--tables=tag")
	require.Zero(t, got.code, got.stderr)
	assert.Equal(t, map[string]string{"tag": "incremental"}, modes(t, got.stdout))
	assert.Equal(t, "WARN: 1 table is configured as incremental without change tracking, so rows deleted in Dataverse are not found: tag "+
		"(versionnumber). To find them, turn on change tracking in Power Apps if the table supports it: table properties > Advanced options > "+
		"Track changes. To read such tables in full instead, set cursor_for_untracked to off.\n", got.stderr)
}

func TestATableThatCannotBeReadIsNamedOnStderr(t *testing.T) {
	got := populated(t).runForPeople(t, nil, "catalog", "--tables", "*")
	require.Zero(t, got.code, got.stderr)
	assert.Equal(t, map[string]string{"account": "incremental", "tag": "full_refresh"}, modes(t, got.stdout))
	assert.Equal(t, "WARN: The catalog leaves out 1 table that cannot be read: secret (the privilege prvReadsecret is missing). To read a table, "+
		"assign the application user a security role that has Read at Organization level on it.\n", got.stderr)
}

func TestACatalogWithoutReadableTablesIsAnError(t *testing.T) {
	got := populated(t).runForPeople(t, nil, "catalog", "--tables", "secret")
	assert.Equal(t, printed{code: 1, stderr: "The application user can read none of the tables that --tables selects: " +
		"secret (the privilege prvReadsecret is missing). Assign it a security role that has Read at Organization level on them.\n"}, got)
}

func TestATableBelowOrganizationLevelIsReadInFull(t *testing.T) {
	e := populated(t)
	e.respond(privileges, granted(map[string]string{"account": "Local", "tag": "Global"}))
	got := e.runForPeople(t, nil, "catalog", "--tables", "account,tag")
	require.Zero(t, got.code, got.stderr)
	assert.Equal(t, map[string]string{"account": "full_refresh", "tag": "full_refresh"}, modes(t, got.stdout))
	assert.Contains(t, got.stderr, "WARN: Without Read at Organization level, changes cannot be followed")
	assert.Contains(t, got.stderr, "1 table is therefore configured as full_refresh: account. ")
}

func TestPrivilegesAreNotNeededForACatalog(t *testing.T) {
	e := populated(t)
	e.respond(privileges, refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"no"}}`))
	got := e.runForPeople(t, nil, "catalog", "--tables", "account")
	require.Zero(t, got.code, got.stderr)
	assert.Equal(t, map[string]string{"account": "incremental"}, modes(t, got.stdout))
}

func TestATableWithoutADefinitionIsLeftOut(t *testing.T) {
	e := populated(t)
	list := `{"value":[` + summarized("account", true) + `,` + summarized("tag", false) + `]}`
	e.respond(definitions, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("$filter") {
			list = `{"value":[]}`
		}
		good(list)(w, r)
	})
	e.respond(metadata, defined(table("account", "accounts", true)))
	got := e.runForPeople(t, nil, "catalog", "--tables", "*")
	require.Zero(t, got.code, got.stderr)
	assert.Equal(t, map[string]string{"account": "incremental"}, modes(t, got.stdout))
	assert.Contains(t, got.stderr, "tag (the service returned no definition of the table)")

	e.respond(metadata, defined())
	list = `{"value":[` + summarized("account", true) + `]}`
	got = e.runForPeople(t, nil, "catalog", "--tables", "*")
	assert.Equal(t, 1, got.code)
	assert.True(t, strings.HasPrefix(got.stderr, "Dataverse returned no usable definition of any selected table."), got.stderr)
}

func TestTheCatalogsOfASplitHaveDifferentStreams(t *testing.T) {
	for part, want := range map[string]struct{ stream, comment string }{
		"1": {"account", "Part 1 of 2 has 1 of 2 streams and about 12,345 of 12,345 rows.\n"},
		"2": {"tag", "Part 2 of 2 has 1 of 2 streams and about 0 of 12,345 rows.\n"},
	} {
		got := populated(t).runForPeople(t, func(p *source.Process) { p.StderrTerminal = true }, "catalog", "--tables", "account,tag", "--split", "2", "--part", part)
		require.Zero(t, got.code, got.stderr)
		found := modes(t, got.stdout)
		assert.Len(t, found, 1)
		assert.Contains(t, found, want.stream)
		assert.Contains(t, got.stderr, want.comment)
	}
}

func TestACatalogCannotHaveMorePartsThanStreams(t *testing.T) {
	got := populated(t).runForPeople(t, nil, "catalog", "--tables", "account,tag", "--split", "3", "--part", "1")
	assert.Equal(t, printed{code: 1, stderr: "The catalog has 2 streams, which cannot be split into 3 parts. Select more tables, or give a smaller --split.\n"}, got)
}

func TestWithoutNumbersOfRowsACatalogIsNotSplit(t *testing.T) {
	e := populated(t)
	e.respond(rowCounts, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	got := e.runForPeople(t, nil, "catalog", "--tables", "account,tag", "--split", "2", "--part", "1")
	assert.Equal(t, 1, got.code)
	assert.Empty(t, got.stdout)
	assert.NotEmpty(t, got.stderr)
}
