package catalog_test

import (
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
)

func groupsEntity() finops.Entity {
	return finops.Entity{Label: "Customer groups", Properties: []finops.Property{
		{Name: "dataAreaId", Type: finops.String, Key: true}, {Name: "CustomerGroupId", Type: finops.String, Key: true},
		{Name: "IsTax", Type: finops.Enum}, {Name: "Days", Type: finops.Integer}, {Name: "Rate", Type: finops.Number},
		{Name: "From", Type: finops.Date}, {Name: "At", Type: finops.DateTime}, {Name: "Id", Type: finops.GUID},
	}}
}

func TestEntityOfAProjectIsAStream(t *testing.T) {
	s := catalog.PackageStream("Sales export", finops.Line{Entity: "Customer groups", Format: "XML-Element"}, groupsEntity())
	assert.Equal(t, "dmf_sales_export_customer_groups", s.Name)
	assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh}, s.SupportedSyncModes)
	assert.Equal(t, [][]string{{"CustomerGroupId"}, {"dataAreaId"}}, s.SourceDefinedPrimaryKey)
	assert.True(t, s.IsResumable)
	text := protocol.Property{Type: []string{"null", "string"}}
	instant := protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"}
	assert.Equal(t, []protocol.NamedProperty{
		{Name: "At", Property: instant},
		{Name: "CustomerGroupId", Property: text},
		{Name: "Days", Property: protocol.Property{Type: []string{"null", "integer"}}},
		{Name: "From", Property: protocol.Property{Type: []string{"null", "string"}, Format: "date"}},
		{Name: "Id", Property: text},
		{Name: "IsTax", Property: text},
		{Name: "Rate", Property: protocol.Property{Type: []string{"null", "number"}}},
		{Name: "_ab_package_completed_at", Property: instant},
		{Name: "_ab_package_execution_id", Property: text},
		{Name: "dataAreaId", Property: text},
	}, s.JSONSchema.Properties)
}

func TestSharedEntityHasNoCompany(t *testing.T) {
	e := groupsEntity()
	e.Shared = true
	s := catalog.PackageStream("P", finops.Line{Entity: e.Label, Format: "EXCEL"}, e)
	assert.Equal(t, [][]string{{"CustomerGroupId"}}, s.SourceDefinedPrimaryKey)
	for _, p := range s.JSONSchema.Properties {
		assert.NotEqual(t, "dataAreaId", p.Name)
	}
}

func TestTimesOfDelimitedFilesHaveNoTimeZone(t *testing.T) {
	for format, want := range map[string]string{
		"EXCEL": "timestamp_with_timezone", "XML-Attribute": "timestamp_with_timezone", "CSV-Unicode": "timestamp_without_timezone", "My format": "timestamp_without_timezone",
	} {
		s := catalog.PackageStream("P", finops.Line{Entity: "E", Format: format}, groupsEntity())
		assert.Equal(t, want, s.JSONSchema.Properties[0].AirbyteType, format)
	}
}

func TestCellsAreReadAsTheCatalogDeclares(t *testing.T) {
	s := catalog.PackageStream("P", finops.Line{Entity: "E", Format: "CSV"}, groupsEntity())
	want := map[string]finops.Type{
		"At": finops.LocalTime, "Days": finops.Integer, "From": finops.Date, "Rate": finops.Number, "IsTax": finops.String, "Id": finops.String,
	}
	for _, p := range s.JSONSchema.Properties {
		if typ, listed := want[p.Name]; listed {
			assert.Equal(t, typ, catalog.CellType(p.Property), p.Name)
		}
	}
	assert.Equal(t, finops.DateTime, catalog.CellType(protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"}))
}

func TestNamesOfStreamsHaveUnderscoresForOtherCharacters(t *testing.T) {
	for _, c := range []struct{ project, entity, want string }{
		{"010 test", "Country/regions", "dmf_010_test_country_regions"},
		{"  Sales -- export ", "Customers V3", "dmf_sales_export_customers_v3"},
		{"Überblick", "Kunden", "dmf_überblick_kunden"},
	} {
		assert.Equal(t, c.want, catalog.PackageStreamName(c.project, c.entity))
	}
}

func TestPatternsSelectEntitiesOnlyByTheirPrefix(t *testing.T) {
	entities, tables := catalog.PackagePatterns([]string{"*", "account", "dmf_*", "_metadata_*"}, true)
	assert.Equal(t, []string{"dmf_*"}, entities)
	assert.Equal(t, []string{"*", "account", "_metadata_*"}, tables)
	entities, tables = catalog.PackagePatterns([]string{"dmf_custom"}, false)
	assert.Empty(t, entities)
	assert.Equal(t, []string{"dmf_custom"}, tables, "without projects it may be a table")
}

func TestPatternThatMatchesNoEntityIsAnError(t *testing.T) {
	streams := []protocol.Stream{{Name: "dmf_a_one"}, {Name: "dmf_a_two"}, {Name: "dmf_b_one"}}
	selected, err := catalog.SelectPackages(streams, []string{"dmf_a_*", "dmf_*_one"})
	require.NoError(t, err)
	assert.Equal(t, streams, selected)
	_, err = catalog.SelectPackages(streams, []string{"dmf_c_*"})
	var pattern *catalog.PatternError
	require.ErrorAs(t, err, &pattern)
	assert.Contains(t, err.Error(), `"dmf_c_*"`)
}
