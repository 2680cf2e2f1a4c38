package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

func TestALookupToSeveralTablesHasItsTypeBesideIt(t *testing.T) {
	table := account()
	table.Columns = append(table.Columns, dataverse.Column{Property: "_createdby_value", Type: dataverse.Lookup})
	assert.Equal(t, []string{"_ab_cdc_deleted_at", "_ab_cdc_updated_at", "_createdby_value", "_ownerid_value", "accountid", "revenue"}, names(catalog.Stream(table)))
	table.Columns[1].Polymorphic = true
	assert.Len(t, catalog.Stream(table).JSONSchema.Properties, 6, "types are an option")
	s := catalog.Options{LookupTypes: true}.Stream(table)
	assert.Equal(t, []string{"_ab_cdc_deleted_at", "_ab_cdc_updated_at", "_createdby_value", "_ownerid_value", "_ownerid_value_type", "accountid", "revenue"}, names(s))
	assert.Equal(t, protocol.NamedProperty{Name: "_ownerid_value_type", Property: nullable("string")}, s.JSONSchema.Properties[4])
}

func TestTheNameOfATypeLeadsToItsLookup(t *testing.T) {
	table := account()
	assert.Equal(t, &table.Columns[1], catalog.LookupOf(table, "_ownerid_value_type"), "whether or not it refers to several tables")
	for _, name := range []string{"_ownerid_value", "accountid_type", "_gone_value_type", "type", "_type", ""} {
		assert.Nil(t, catalog.LookupOf(table, name), name)
	}
}

func names(s protocol.Stream) []string {
	var all []string
	for _, p := range s.JSONSchema.Properties {
		all = append(all, p.Name)
	}
	return all
}
