package catalog_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

func nullable(typ string) protocol.Property { return protocol.Property{Type: []string{"null", typ}} }

func TestEachTypeOfColumnHasItsSchema(t *testing.T) {
	types := map[dataverse.ColumnType]string{
		dataverse.BigInt: "integer", dataverse.Integer: "integer", dataverse.Picklist: "integer",
		dataverse.State: "integer", dataverse.Status: "integer",
		dataverse.Decimal: "number", dataverse.Double: "number", dataverse.Money: "number",
		dataverse.Boolean: "boolean", dataverse.ManagedProperty: "object",
		dataverse.String: "string", dataverse.Memo: "string", dataverse.EntityName: "string", dataverse.MultiSelect: "string",
		dataverse.UniqueIdentifier: "string", dataverse.Lookup: "string", dataverse.Customer: "string", dataverse.Owner: "string",
		dataverse.File: "string", dataverse.Image: "string",
		"Vector": "string", "": "string",
	}
	for column, want := range types {
		t.Run("a "+string(column)+" is a "+want, func(t *testing.T) {
			assert.Equal(t, nullable(want), catalog.Property(dataverse.Column{Type: column}))
		})
	}
}

func TestADateHasTheSchemaOfItsBehaviour(t *testing.T) {
	date := func(format, airbyteType string) protocol.Property {
		return protocol.Property{Type: []string{"null", "string"}, Format: format, AirbyteType: airbyteType}
	}
	behaviors := map[string]struct {
		behavior dataverse.DateBehavior
		want     protocol.Property
	}{
		"an instant":                      {dataverse.UserLocal, date("date-time", "timestamp_with_timezone")},
		"a day":                           {dataverse.DateOnly, date("date", "")},
		"a wall clock's time":             {dataverse.TimeZoneIndependent, date("date-time", "timestamp_without_timezone")},
		"an instant, if nothing is known": {"", date("date-time", "timestamp_with_timezone")},
		"an instant, if it is new":        {"Lunar", date("date-time", "timestamp_with_timezone")},
	}
	for name, c := range behaviors {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, catalog.Property(dataverse.Column{Type: dataverse.DateTime, Behavior: c.behavior}))
		})
	}
}

func account() dataverse.Table {
	return dataverse.Table{
		LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: true,
		Columns: []dataverse.Column{
			{LogicalName: "accountid", Property: "accountid", Type: dataverse.UniqueIdentifier},
			{LogicalName: "ownerid", Property: "_ownerid_value", Type: dataverse.Owner, Targets: []string{"systemuser", "team"}},
			{LogicalName: "revenue", Property: "revenue", Type: dataverse.Money},
		},
	}
}

func sensor() dataverse.Table {
	return dataverse.Table{
		LogicalName: "sensor", EntitySet: "sensors", PrimaryID: "sensorid", Tracked: true, Elastic: true,
		Columns: []dataverse.Column{
			{LogicalName: "partitionid", Property: "partitionid", Type: dataverse.String},
			{LogicalName: "sensorid", Property: "sensorid", Type: dataverse.UniqueIdentifier},
		},
	}
}

func TestATrackedTableCanBeFollowed(t *testing.T) {
	s := catalog.Stream(account())
	assert.Equal(t, "account", s.Name)
	assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental}, s.SupportedSyncModes)
	assert.Equal(t, [][]string{{"accountid"}}, s.SourceDefinedPrimaryKey)
	assert.Equal(t, []string{"_ab_cdc_updated_at"}, s.DefaultCursorField)
	assert.True(t, s.SourceDefinedCursor)
	assert.True(t, s.IsResumable)
	instant := protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"}
	assert.Equal(t, map[string]protocol.Property{
		"accountid": nullable("string"), "_ownerid_value": nullable("string"), "revenue": nullable("number"),
		"_ab_cdc_updated_at": instant, "_ab_cdc_deleted_at": instant,
	}, s.JSONSchema.Properties, "a lookup has the name that it has in rows")
}

func TestAnUntrackedTableIsReadWhole(t *testing.T) {
	table := account()
	table.Tracked = false
	s := catalog.Stream(table)
	assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh}, s.SupportedSyncModes)
	assert.Equal(t, [][]string{{"accountid"}}, s.SourceDefinedPrimaryKey)
	assert.Empty(t, s.DefaultCursorField)
	assert.True(t, s.SourceDefinedCursor, "the protocol asks it of what is resumable")
	assert.True(t, s.IsResumable)
	assert.Len(t, s.JSONSchema.Properties, 3, "and has no columns of change data capture")
}

func TestAnElasticTableHasTwoKeysAndIsReadWhole(t *testing.T) {
	s := catalog.Stream(sensor())
	assert.Equal(t, [][]string{{"sensorid"}, {"partitionid"}}, s.SourceDefinedPrimaryKey)
	assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh}, s.SupportedSyncModes)
	assert.NotContains(t, s.JSONSchema.Properties, "_ab_cdc_deleted_at")

	table := sensor()
	table.Columns = table.Columns[1:]
	assert.Equal(t, [][]string{{"sensorid"}}, catalog.Stream(table).SourceDefinedPrimaryKey, "a partition that cannot be read is no key")
}

func TestATableIsFollowedIfItIsTrackedAndNotElastic(t *testing.T) {
	for _, c := range []struct{ tracked, elastic, want bool }{
		{true, false, true}, {false, false, false}, {true, true, false}, {false, true, false},
	} {
		assert.Equal(t, c.want, catalog.Incremental(dataverse.Table{Tracked: c.tracked, Elastic: c.elastic}), "%+v", c)
	}
}

func TestTheCatalogHasTheSameBytesInWhateverOrderTablesCome(t *testing.T) {
	bytesOf := func(tables []dataverse.Table) string {
		raw, err := json.Marshal(catalog.New(tables))
		require.NoError(t, err)
		return string(raw)
	}
	untracked := account()
	untracked.LogicalName, untracked.Tracked = "accountlead", false
	tables := []dataverse.Table{account(), untracked, sensor()}
	want := bytesOf(tables)
	slices.Reverse(tables)
	for i := range tables {
		slices.Reverse(tables[i].Columns)
	}
	assert.Equal(t, want, bytesOf(tables))

	untracked.Columns = untracked.Columns[:1]
	assert.Equal(t, `{"streams":[`+
		`{"name":"accountlead","json_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","additionalProperties":true,`+
		`"properties":{"revenue":{"type":["null","number"]}}},"supported_sync_modes":["full_refresh"],"source_defined_cursor":true,`+
		`"source_defined_primary_key":[["accountid"]],"is_resumable":true}]}`, bytesOf([]dataverse.Table{untracked}))
}

func TestStreamsAreSortedByName(t *testing.T) {
	var names []string
	tables := []dataverse.Table{{LogicalName: "team"}, {LogicalName: "account"}, {LogicalName: "new_x"}, {LogicalName: "accountleads"}}
	for _, s := range catalog.New(tables).Streams {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"account", "accountleads", "new_x", "team"}, names)
	assert.Equal(t, "team", tables[0].LogicalName, "the argument stays as it was")
}

func TestAnEnvironmentWithoutTablesHasAnEmptyCatalog(t *testing.T) {
	raw, err := json.Marshal(catalog.New(nil))
	require.NoError(t, err)
	assert.Equal(t, `{"streams":[]}`, string(raw))
}

func TestEveryPropertyHasAType(t *testing.T) {
	for _, table := range []dataverse.Table{account(), sensor()} {
		for name, property := range catalog.Stream(table).JSONSchema.Properties {
			assert.Len(t, property.Type, 2, name)
			assert.Equal(t, "null", property.Type[0], name)
		}
	}
}
