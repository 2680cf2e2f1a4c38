package catalog_test

import (
	"slices"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"

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

func TestADateHasTheSchemaOfItsBehavior(t *testing.T) {
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
			{Property: "accountid", Type: dataverse.UniqueIdentifier},
			{Property: "_ownerid_value", Type: dataverse.Owner},
			{Property: "revenue", Type: dataverse.Money},
		},
	}
}

func sensor() dataverse.Table {
	return dataverse.Table{
		LogicalName: "sensor", EntitySet: "sensors", PrimaryID: "sensorid", Tracked: true, Elastic: true,
		Columns: []dataverse.Column{
			{Property: "partitionid", Type: dataverse.String},
			{Property: "sensorid", Type: dataverse.UniqueIdentifier},
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
	assert.Equal(t, []protocol.NamedProperty{
		{Name: "_ab_cdc_deleted_at", Property: instant}, {Name: "_ab_cdc_updated_at", Property: instant},
		{Name: "_ownerid_value", Property: nullable("string")},
		{Name: "accountid", Property: nullable("string")}, {Name: "revenue", Property: nullable("number")},
	}, s.JSONSchema.Properties, "by name; a lookup has the one that it has in rows")
}

func TestAnUntrackedTableIsFullRefreshOnly(t *testing.T) {
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

func TestAnElasticTableHasTwoKeysAndIsFullRefreshOnly(t *testing.T) {
	s := catalog.Stream(sensor())
	assert.Equal(t, [][]string{{"sensorid"}, {"partitionid"}}, s.SourceDefinedPrimaryKey)
	assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh}, s.SupportedSyncModes)
	assert.Len(t, s.JSONSchema.Properties, 2, "and has no columns of change data capture")

	table := sensor()
	table.Columns = table.Columns[1:]
	assert.Equal(t, [][]string{{"sensorid"}}, catalog.Stream(table).SourceDefinedPrimaryKey, "a partition that cannot be read is no key")
}

func TestATableIsIncrementalIfTrackedAndNotElastic(t *testing.T) {
	for _, c := range []struct{ tracked, elastic, want bool }{
		{true, false, true}, {false, false, false}, {true, true, false}, {false, true, false},
	} {
		assert.Equal(t, c.want, catalog.Incremental(dataverse.Table{Tracked: c.tracked, Elastic: c.elastic}), "%+v", c)
	}
}

func TestAStreamIsTheSameInAnyOrderOfColumns(t *testing.T) {
	table := account()
	want := catalog.Stream(table)
	slices.Reverse(table.Columns)
	assert.Equal(t, want, catalog.Stream(table))
	assert.Equal(t, "revenue", table.Columns[0].Property, "the argument stays as it was")
}

func TestAColumnThatComesTwiceIsOneProperty(t *testing.T) {
	table := account()
	table.Columns = append(table.Columns, table.Columns[2])
	assert.Equal(t, catalog.Stream(account()), catalog.Stream(table))
}

func TestEveryPropertyHasAType(t *testing.T) {
	for _, table := range []dataverse.Table{account(), sensor()} {
		for _, property := range catalog.Stream(table).JSONSchema.Properties {
			assert.Len(t, property.Type, 2, property.Name)
			assert.Equal(t, "null", property.Type[0], property.Name)
		}
	}
}
