package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// metadataStreams are the streams that describe tables.
var metadataStreams = []string{"_metadata_choices", "_metadata_columns", "_metadata_relationships", "_metadata_tables"}

// withoutMetadata returns the streams of tables.
func withoutMetadata(streams []destination.Stream) []destination.Stream {
	return slices.DeleteFunc(slices.Clone(streams), func(s destination.Stream) bool { return slices.Contains(metadataStreams, s.Name) })
}

// listed returns the rows that a destination has, as values of some columns, sorted. A null is "-".
func listed(d *destination.Destination, stream string, columns ...string) []string {
	var all []string
	for _, row := range d.Rows(stream) {
		var values []string
		for _, c := range columns {
			text := strings.Trim(string(row[c]), `"`)
			if text == "null" {
				text = "-"
			}
			values = append(values, text)
		}
		all = append(all, strings.Join(values, " "))
	}
	slices.Sort(all)
	return all
}

func TestMetadataIsOfferedUnlessTheConfigurationTurnsItOff(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["include_tables"] = []string{"account"}
	assert.Equal(t, append(slices.Clone(metadataStreams), "account"), slices.Sorted(maps.Keys(byName(l.discover()))))
	l.config["metadata_streams"] = false
	assert.Equal(t, []string{"account"}, slices.Sorted(maps.Keys(byName(l.discover()))))
}

func TestMetadataDescribesTheTablesThatAreSelected(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["exclude_tables"], l.config["include_binary_columns"] = []string{"team*"}, true // whose columns are described too
	streams := byName(l.discover())
	d := destination.New()
	report := l.sync(d, l.configured(metadataStreams...))
	tables := slices.DeleteFunc(slices.Sorted(maps.Keys(streams)), func(name string) bool { return name[0] == '_' })
	assert.Equal(t, tables, listed(d, "_metadata_tables", "table_name"))

	var columns, choices, lookups []string
	for _, name := range tables {
		table, _ := l.environment.Table(name)
		for _, c := range table.Columns {
			columns = append(columns, name+" "+c.LogicalName+" "+string(c.Type)+"Type")
			for _, o := range c.Options {
				choices = append(choices, fmt.Sprintf("%s %s %d 1033 %s", name, c.LogicalName, o.Value, o.Label))
			}
			if property := strings.TrimSuffix(strings.TrimPrefix(c.Property(), "_"), "_value"); c.IsLookup() && property == c.LogicalName {
				lookups = append(lookups, name+" "+c.LogicalName)
			}
		}
	}
	for _, list := range [][]string{columns, choices, lookups} {
		require.NotEmpty(t, list)
		slices.Sort(list)
	}
	assert.Equal(t, columns, listed(d, "_metadata_columns", "table_name", "column_name", "attribute_type_name"))
	assert.Equal(t, choices, listed(d, "_metadata_choices", "table_name", "column_name", "value", "language_code", "label"))
	assert.Subset(t, lookups, slices.DeleteFunc(listed(d, "_metadata_relationships", "referencing_table", "referencing_column"),
		func(line string) bool { return strings.HasSuffix(line, " -") }), "but those of many to many")
	for name, s := range report.Streams {
		assert.Equal(t, []string{"STARTED", "RUNNING", "COMPLETE"}, s.Statuses, name)
	}
	for _, row := range d.Rows("_metadata_columns") {
		var table, property string
		require.NoError(t, json.Unmarshal(row["table_name"], &table))
		if json.Unmarshal(row["property_name"], &property) == nil && property != "" {
			assert.Contains(t, streams[table].JSONSchema.Properties, property, "%s: a column has the name that its stream gives it", table)
		}
	}
}

func TestMetadataIsNotRequestedUnlessItIsSelected(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	catalog := l.configured("contoso_child")
	before := len(l.server.Requests())
	l.sync(destination.New(), catalog)
	for _, r := range l.server.Requests()[before:] {
		assert.NotContains(t, r.Path, "EntityDefinitions")
		assert.NotContains(t, r.RawQuery, "Relationship")
		assert.NotContains(t, r.RawQuery, "DisplayName")
	}
}

// labOfManyTables is an environment of so many tables that their metadata takes three requests.
func labOfManyTables(t *testing.T) *lab {
	t.Helper()
	tables := schema.Realistic()
	for i := range 100 {
		table := schema.Define(fmt.Sprintf("contoso_Many%03d", i), fmt.Sprintf("contoso_many%03ds", i), 30_000+i)
		table.Key(fmt.Sprintf("contoso_Many%03dId", i))
		tables = append(tables, table.Done())
	}
	l := newLab(t, simulator.Options{Seed: 1, Tables: tables})
	l.config["include_tables"] = []string{"contoso_many*", "account"}
	return l
}

func TestMetadataContinuesWithinItsJob(t *testing.T) {
	t.Parallel()
	l := labOfManyTables(t)
	catalog := l.configured("_metadata_columns")
	whole := destination.New()
	l.sync(whole, catalog)

	d := destination.New()
	refusal := faults.PluginError(http.StatusBadRequest).On(faults.Contains("Attributes"))
	refusal.When = faults.Timing{Nth: 3, Count: faults.Forever}
	injected := l.server.Inject(refusal)
	report, result := l.read(d, catalog, "WORKER_JOB_ID=7")
	require.Equal(t, 1, result.ExitCode)
	assert.Equal(t, "INCOMPLETE", report.Streams["_metadata_columns"].Statuses[len(report.Streams["_metadata_columns"].Statuses)-1])
	injected.Remove()
	before := len(l.server.Requests())
	l.sync(d, catalog, "WORKER_JOB_ID=7", "WORKER_JOB_ATTEMPT=1")
	sent := 0
	for _, r := range l.server.Requests()[before:] {
		if strings.Contains(r.RawQuery, "EntityLogicalName") {
			sent++
		}
	}
	assert.Equal(t, 1, sent, "the last chunk alone is read again")
	assert.Equal(t, len(whole.Rows("_metadata_columns")), len(d.Rows("_metadata_columns")))
	assert.Zero(t, d.Duplicates("_metadata_columns"))
}

func TestNamesComeInTheConfiguredLanguage(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["include_tables"] = []string{"account"}
	l.config["label_language"] = 1031
	catalog := l.configured("_metadata_tables")
	before := len(l.server.Requests())
	d := destination.New()
	l.sync(d, catalog)
	assert.Equal(t, []string{"account Account"}, listed(d, "_metadata_tables", "table_name", "display_name"), "in English, which it has")
	asked := false
	for _, r := range l.server.Requests()[before:] {
		asked = asked || strings.Contains(r.RawQuery, "%22FilterLanguages%22%3A%5B1031%2C1033%5D")
	}
	assert.True(t, asked, "only the labels in these languages are requested")
}

func TestTheVerbCatalogTakesStreamsOfMetadata(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	names := func(patterns string) []string {
		text, result := l.runForPeople("catalog", "--tables", patterns)
		require.Zero(t, result.ExitCode, text)
		var catalog destination.Catalog
		require.NoError(t, json.Unmarshal([]byte(text), &catalog))
		var all []string
		for _, s := range catalog.Streams {
			assert.True(t, s.Stream.Name[0] != '_' || s.SyncMode == destination.FullRefresh)
			all = append(all, s.Stream.Name)
		}
		return all
	}
	assert.Equal(t, []string{"_metadata_choices", "account"}, names("account,_metadata_choices"))
	assert.Equal(t, metadataStreams, names("_metadata_*"))
	assert.NotContains(t, names("*"), "_metadata_tables", "which names tables alone")
	text, result := l.runForPeople("catalog", "--tables", "_metadata_rows")
	assert.Equal(t, 1, result.ExitCode)
	assert.Contains(t, text+result.Stderr, "matches no stream of metadata")
}
