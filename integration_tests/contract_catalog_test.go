package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// breaks returns what in a catalog would break connections that were configured with an earlier one, by the rules of the
// Connector Acceptance Test (airbytehq/airbyte, utils/backward_compatibility.py) and of the platform
// (airbytehq/airbyte-platform, CatalogDiffHelpers.kt): a stream, a column or a mode that is gone, a type or a format that
// has changed, another key or cursor.
func breaks(earlier, today []destination.Stream) []string {
	var found []string
	for _, was := range earlier {
		i := slices.IndexFunc(today, func(s destination.Stream) bool { return s.Name == was.Name })
		if i < 0 {
			found = append(found, "stream "+was.Name+" is gone")
			continue
		}
		found = append(found, breaksOfStream(was, today[i])...)
	}
	return found
}

func breaksOfStream(was, is destination.Stream) []string {
	var found []string
	report := func(format string, arguments ...any) {
		found = append(found, was.Name+": "+fmt.Sprintf(format, arguments...))
	}
	for name, property := range was.JSONSchema.Properties {
		switch now, there := is.JSONSchema.Properties[name]; {
		case !there:
			report("column %s is gone", name)
		case !assert.ObjectsAreEqual(property, now):
			report("column %s was %v and is %v", name, property, now)
		}
	}
	for _, mode := range was.SupportedSyncModes {
		if !slices.Contains(is.SupportedSyncModes, mode) {
			report("the mode %s is gone", mode)
		}
	}
	if !assert.ObjectsAreEqual(was.SourceDefinedPrimaryKey, is.SourceDefinedPrimaryKey) {
		report("the key was %v and is %v", was.SourceDefinedPrimaryKey, is.SourceDefinedPrimaryKey)
	}
	if len(was.DefaultCursorField) > 0 && !slices.Equal(was.DefaultCursorField, is.DefaultCursorField) {
		report("the cursor was %v and is %v", was.DefaultCursorField, is.DefaultCursorField)
	}
	return found
}

// Each version leaves its catalog of these tables in testdata/catalogs; a file that is there is never changed.
func TestConnectionsThatEarlierVersionsConfiguredStayValid(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["include_tables"] = []string{"account", "contoso_everything", "contoso_sensordata", "systemuserroles", "usersettings"}
	today := l.discover()
	version := group(t, `(?m)^  dockerImageTag: (.+)$`, text(t, "metadata.yaml"))
	own := filepath.Join("testdata", "catalogs", version+".json")
	if *update {
		var written bytes.Buffer
		raw := catalogOf(t, l.run("discover", "--config", l.configFile()))
		require.NoError(t, json.Indent(&written, []byte(raw), "", " "))
		written.WriteByte('\n')
		require.NoError(t, os.WriteFile(own, written.Bytes(), 0o600))
	}
	require.FileExists(t, own, "go test ./integration_tests -run %s -update", t.Name())
	files, err := filepath.Glob(filepath.Join("testdata", "catalogs", "*.json"))
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		earlier, err := destination.ParseCatalog(raw)
		require.NoError(t, err)
		assert.Len(t, earlier, 5)
		assert.Empty(t, breaks(earlier, today), file)
	}
}

func TestWhatBreaksAConnectionIsFound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*destination.Stream){
		"a stream that is gone": func(s *destination.Stream) { s.Name = "other" },
		"a column that is gone": func(s *destination.Stream) { delete(s.JSONSchema.Properties, "subject") },
		"another type": func(s *destination.Stream) {
			retype(s, "subject", destination.Property{Type: []string{"null", "integer"}})
		},
		"a mode that is gone": func(s *destination.Stream) { s.SupportedSyncModes = []string{destination.FullRefresh} },
		"another key":         func(s *destination.Stream) { s.SourceDefinedPrimaryKey = [][]string{{"subject"}} },
		"another cursor":      func(s *destination.Stream) { s.DefaultCursorField = []string{"modifiedon"} },
		"a format that has gone away": func(s *destination.Stream) {
			retype(s, "modifiedon", destination.Property{Type: []string{"null", "string"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 1})
			l.config["include_tables"], l.config["metadata_streams"] = []string{"task"}, false
			earlier, today := l.discover(), l.discover()
			require.Empty(t, breaks(earlier, today))
			change(&today[0])
			assert.Len(t, breaks(earlier, today), 1)
		})
	}
}

func retype(s *destination.Stream, column string, p destination.Property) {
	s.JSONSchema.Properties[column] = p
}

func TestWhatAnAdministratorAddsBreaksNoConnection(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, Rows: map[string]int{"contoso_child": 5}})
	earlier := l.discover()
	table, exists := l.environment.Table("task")
	require.True(t, exists)
	column := table.Columns[slices.IndexFunc(table.Columns, func(c schema.Column) bool { return c.LogicalName == "subject" })]
	column.LogicalName, column.SchemaName = "contoso_note", "contoso_Note"
	require.NoError(t, l.environment.AddColumn("task", column))
	require.NoError(t, l.environment.SetTracked("contoso_child", true))
	today := l.discover()
	assert.Empty(t, breaks(earlier, today))
	assert.NotEqual(t, earlier, today)
}
