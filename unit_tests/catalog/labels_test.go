package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

// labels are the options with labels.
func labels() catalog.Options { return catalog.Options{ChoiceLabels: true} }

func TestEachKindOfChoiceHasALabel(t *testing.T) {
	for typ, labeled := range map[dataverse.ColumnType]bool{
		dataverse.Picklist: true, dataverse.MultiSelect: true, dataverse.State: true, dataverse.Status: true, dataverse.Boolean: true,
		dataverse.Integer: false, dataverse.String: false, dataverse.Owner: false, dataverse.EntityName: false, dataverse.ManagedProperty: false,
	} {
		table := dataverse.Table{LogicalName: "thing", PrimaryID: "thingid", Columns: []dataverse.Column{{Property: "value", Type: typ}}}
		want := []string{"value"}
		if labeled {
			want = append(want, "value_label")
		}
		assert.Equal(t, want, names(labels().Stream(table)), string(typ))
		assert.Equal(t, []string{"value"}, names(catalog.Stream(table)), "no label without the option")
	}
}

func TestALabelIsAText(t *testing.T) {
	table := dataverse.Table{LogicalName: "thing", PrimaryID: "thingid", Columns: []dataverse.Column{{Property: "value", Type: dataverse.State}}}
	properties := labels().Stream(table).JSONSchema.Properties
	require.Len(t, properties, 2)
	assert.Equal(t, nullable("string"), properties[1].Property)
}

func TestPropertiesWithLabelsAreSorted(t *testing.T) {
	table := account()
	table.Columns = append(table.Columns, dataverse.Column{Property: "a", Type: dataverse.State}, dataverse.Column{Property: "a_code", Type: dataverse.String})
	assert.Equal(t, []string{"_ab_cdc_deleted_at", "_ab_cdc_updated_at", "_ownerid_value", "a", "a_code", "a_label", "accountid", "revenue"}, names(labels().Stream(table)))
}

func TestAColumnMayHaveTheNameOfALabel(t *testing.T) {
	table := dataverse.Table{LogicalName: "thing", PrimaryID: "thingid", Columns: []dataverse.Column{
		{Property: "color", Type: dataverse.Picklist}, {Property: "color_label", Type: dataverse.Integer},
		{Property: "size", Type: dataverse.Picklist}, {Property: "weight", Type: dataverse.Integer}, {Property: "weight_label", Type: dataverse.String},
	}}
	s := labels().Stream(table)
	assert.Equal(t, []string{"color", "color_label", "size", "size_label", "weight", "weight_label"}, names(labels().Stream(table)))
	assert.Equal(t, nullable("integer"), s.JSONSchema.Properties[1].Property, "the column takes precedence")
	assert.Equal(t, []string{"color_label"}, catalog.LabelsTaken(table))
	assert.Nil(t, catalog.LabeledColumn(table, "color_label"))
	assert.Nil(t, catalog.LabeledColumn(table, "weight_label"))
	assert.Nil(t, catalog.LabeledColumn(table, "size"))
	assert.Equal(t, "size", catalog.LabeledColumn(table, "size_label").Property)
}
