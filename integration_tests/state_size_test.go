package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// manyColumns is a table of 300 columns of text and four others.
func manyColumns() *schema.Table {
	t := &schema.Table{
		LogicalName: "contoso_large", SchemaName: "contoso_large", EntitySetName: "contoso_larges", CollectionName: "contoso_larges",
		PrimaryID: "contoso_largeid", PrimaryName: "contoso_name", Type: schema.Standard, Ownership: "OrganizationOwned",
		TypeCode: 20_000, Tracked: true, CanBeTracked: true, Custom: true,
		Columns: []schema.Column{
			{SchemaName: "contoso_largeid", Type: schema.Uniqueidentifier, PrimaryID: true},
			{SchemaName: "contoso_name", Type: schema.String, MaxLength: 100},
			{SchemaName: "modifiedon", Type: schema.DateTime, Behavior: schema.UserLocal},
			{SchemaName: "versionnumber", Type: schema.BigInt},
		},
	}
	for i := range 300 {
		t.Columns = append(t.Columns, schema.Column{SchemaName: largeColumn(i), Type: schema.String, MaxLength: 100})
	}
	for i := range t.Columns {
		t.Columns[i].LogicalName = t.Columns[i].SchemaName
	}
	return t
}

func largeColumn(i int) string { return fmt.Sprintf("contoso_somecolumn%06d", i) }

// sizesByKeys are the sizes of those states of an output that stand in the middle of changes whose rows are read by
// their keys. The keys that a small table's state holds do not count.
func sizesByKeys(t *testing.T, result binary.Result) []int {
	t.Helper()
	var sizes []int
	for _, m := range messages(t, result) {
		if m.State == nil || !bytes.Contains(m.State, []byte("$skiptoken")) {
			continue
		}
		var message struct {
			Stream struct {
				State map[string]json.RawMessage `json:"stream_state"`
			} `json:"stream"`
		}
		require.NoError(t, json.Unmarshal(m.State, &message))
		state := message.Stream.State
		require.Equal(t, "true", string(state["by_keys"]))
		require.NotEmpty(t, state["delta_link"])
		require.NotEmpty(t, state["columns"])
		delete(state, "known_keys")
		raw, err := json.Marshal(state)
		require.NoError(t, err)
		sizes = append(sizes, len(raw))
	}
	return sizes
}

func TestTheStateOfAWideTableListsItsColumnsThreeTimes(t *testing.T) {
	t.Parallel()
	table := manyColumns()
	l := newLab(t, simulator.Options{
		Seed: 3, Tables: append(schema.Realistic(), table), Rows: map[string]int{table.LogicalName: 36},
		Behaviors: simulator.Behaviors{EditedSelect: simulator.Ignored},
	})
	d, catalog, former := destination.New(), l.configured(table.LogicalName), l.configured(table.LogicalName)
	former.Stream(table.LogicalName).Deselect(largeColumn(0))
	l.sync(d, former)
	l.sync(d, catalog) // it is found out that rows have to be read by their keys
	for range 51 {
		_, err := l.environment.Create(table.LogicalName, nil)
		require.NoError(t, err)
	}
	l.server.Inject(faults.TooExpensive().On(faults.LargerThan(50)).Always()) // so that their keys come on two pages
	result := l.run(l.readArgs(d, catalog)...)
	l.apply(d, catalog, result)
	sizes := sizesByKeys(t, result)
	require.NotEmpty(t, sizes)
	assert.Less(t, slices.Max(sizes), 24<<10)
}
