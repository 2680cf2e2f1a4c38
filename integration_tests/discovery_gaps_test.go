package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// editTables is an edit of a list of definitions: change returns what takes the place of each, or nothing.
func editTables(t *testing.T, change func(name string, definition map[string]json.RawMessage) []map[string]json.RawMessage) faults.Edit {
	return func(_ *http.Request, body []byte) []byte {
		var response map[string]json.RawMessage
		assert.NoError(t, json.Unmarshal(body, &response))
		for _, member := range []string{"value", "EntityMetadata"} {
			var list []map[string]json.RawMessage
			if response[member] == nil || json.Unmarshal(response[member], &list) != nil {
				continue
			}
			edited := []map[string]json.RawMessage{}
			for _, definition := range list {
				var name string
				assert.NoError(t, json.Unmarshal(definition["LogicalName"], &name))
				edited = append(edited, change(name, definition)...)
			}
			raw, err := json.Marshal(edited)
			assert.NoError(t, err)
			response[member] = raw
		}
		raw, err := json.Marshal(response)
		assert.NoError(t, err)
		return raw
	}
}

// without drops the definitions of some tables; of none that are named: of all.
func without(t *testing.T, names ...string) faults.Edit {
	return editTables(t, func(name string, definition map[string]json.RawMessage) []map[string]json.RawMessage {
		if len(names) == 0 || slices.Contains(names, name) {
			return nil
		}
		return []map[string]json.RawMessage{definition}
	})
}

// definitions matches requests for definitions with columns: by RetrieveMetadataChanges, and by EntityDefinitions.
const (
	metadataChanges  = faults.Contains("RetrieveMetadataChanges")
	plainDefinitions = faults.Contains("$expand=Attributes")
)

// discovered runs discover, and returns the names of the streams.
func discovered(l *lab) (names []string, report binary.Result) {
	l.t.Helper()
	result := l.run("discover", "--config", l.configFile())
	for _, m := range messages(l.t, result) {
		if m.Catalog != nil {
			streams, err := destination.ParseCatalog(m.Catalog)
			require.NoError(l.t, err)
			names = slices.Sorted(maps.Keys(byName(streams)))
		}
	}
	return names, result
}

// warningsOf returns the warnings of an output.
func warningsOf(t *testing.T, result binary.Result) string {
	t.Helper()
	var list []string
	for _, m := range messages(t, result) {
		if m.Log != nil && m.Log.Level == "WARN" {
			list = append(list, m.Log.Message)
		}
	}
	return strings.Join(list, "\n")
}

func TestDefinitionsThatAreMissingAreRequestedOnceMore(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 18})
	all, _ := discovered(l)
	for name, c := range map[string]struct {
		changes, plain faults.Edit // nil: complete
		want           []string    // nil: the discovery fails
		warns          []string
	}{
		"some, and the plain definitions have them":   {changes: without(t, "task", "account"), want: all},
		"all, and the plain definitions have them":    {changes: without(t), want: all},
		"some, and the plain definitions lack them":   {without(t, "task", "account"), without(t, "task", "account"), slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == "task" || n == "account" }), []string{"task", "account"}},
		"all, and the plain definitions have nothing": {changes: without(t), plain: without(t)},
	} {
		t.Run(name, func(t *testing.T) {
			defer l.server.Inject(faults.Fault{Match: metadataChanges, Then: c.changes}.Always()).Remove()
			if c.plain != nil {
				defer l.server.Inject(faults.Fault{Match: plainDefinitions, Then: c.plain}.Always()).Remove()
			}
			found, result := discovered(l.with(t, nil))
			assert.Equal(t, c.want, found)
			assert.Equal(t, c.want == nil, result.ExitCode != 0)
			for _, table := range c.warns {
				assert.Contains(t, warningsOf(t, result), table)
			}
		})
	}
}

// misshapen are definitions of the table task that cannot be read.
func misshapen(t *testing.T) map[string]faults.Effect {
	spoil := func(member, value string) faults.Effect {
		return editTables(t, func(name string, definition map[string]json.RawMessage) []map[string]json.RawMessage {
			if name == "task" && definition["Attributes"] != nil {
				definition[member] = json.RawMessage(value)
			}
			return []map[string]json.RawMessage{definition}
		})
	}
	return map[string]faults.Effect{
		"columns that are no list": spoil("Attributes", `"none"`),
		"an error of the service": faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
			query, err := url.QueryUnescape(r.URL.RequestURI())
			if err != nil || !strings.Contains(query, "'task'") && !strings.Contains(query, `"task"`) {
				next(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"error":{"code":"0x80040216","message":"The given key was not present in the dictionary."}}`))
		}),
	}
}

func TestADefinitionThatCannotBeReadStopsNoOtherTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 18, Rows: map[string]int{"account": 40, "task": 40, "feedback": 40}})
	all, _ := discovered(l)
	for name, effect := range misshapen(t) {
		t.Run(name, func(t *testing.T) {
			l := l.with(t, nil)
			d, catalog := destination.New(), l.configured("account", "task", "feedback")
			for _, match := range []faults.Matcher{metadataChanges, plainDefinitions} {
				defer l.server.Inject(faults.Fault{Match: match, Then: effect}.Always()).Remove()
			}
			found, result := discovered(l)
			assert.Equal(t, slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == "task" }), found)
			assert.Contains(t, warningsOf(t, result), "task")

			report, result := l.read(d, catalog)
			assert.Equal(t, 1, result.ExitCode)
			assert.NotContains(t, report.Streams["task"].Statuses, "COMPLETE")
			require.Len(t, report.Streams["task"].Errors, 1)
			assert.Contains(t, report.Streams["task"].Errors[0].Message, "task")
			l.equal(d, "account", "feedback")
		})
	}
}

func TestATableThatIsListedTwiceIsOneStream(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 18})
	l.server.Inject(faults.Fault{
		Match: faults.PhaseMetadata,
		Then: editTables(t, func(_ string, definition map[string]json.RawMessage) []map[string]json.RawMessage {
			return []map[string]json.RawMessage{definition, definition}
		}),
	}.Always())
	result := l.run("discover", "--config", l.configFile())
	catalog := catalogOf(t, result)
	assert.Equal(t, 1, strings.Count(catalog, `"name":"account"`))
}

func TestACatalogOfMoreThanAThousandStreamsBringsAWarning(t *testing.T) {
	t.Parallel()
	tables := schema.Realistic()
	for i := range 1000 {
		name := fmt.Sprintf("contoso_many%04d", i)
		tables = append(tables, &schema.Table{
			LogicalName: name, SchemaName: name, EntitySetName: name + "s", CollectionName: name + "s", PrimaryID: name + "id",
			Type: schema.Standard, Ownership: "OrganizationOwned", TypeCode: 20_000 + i, Custom: true,
			Columns: []schema.Column{{LogicalName: name + "id", SchemaName: name + "id", Type: schema.Uniqueidentifier, PrimaryID: true}},
		})
	}
	l := newLab(t, simulator.Options{Seed: 18, Tables: tables})
	found, result := discovered(l)
	assert.Greater(t, len(found), 1000)
	assert.Contains(t, warningsOf(t, result), "include_tables")
}
