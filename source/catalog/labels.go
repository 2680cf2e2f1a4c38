package catalog

import (
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// labelSuffix is what the name of a label's property adds to that of its choice column.
const labelSuffix = "_label"

// LabelProperty returns the name of the property with the label of a choice column.
func LabelProperty(choice string) string { return choice + labelSuffix }

// LabeledColumn returns the choice column whose label a property is, nil if it is not a label. A column of the table's own
// with the name of a label takes precedence over the label.
func LabeledColumn(t dataverse.Table, property string) *dataverse.Column {
	name, isLabel := strings.CutSuffix(property, labelSuffix)
	if !isLabel || t.Has(property) {
		return nil
	}
	if c := t.Column(name); c != nil && c.Type.IsChoice() {
		return c
	}
	return nil
}

// LabelsTaken returns the columns of a table that take the place of a choice column's label because they have its name.
func LabelsTaken(t dataverse.Table) []string {
	var taken []string
	for _, c := range t.Columns {
		if label := LabelProperty(c.Property); c.Type.IsChoice() && t.Has(label) {
			taken = append(taken, label)
		}
	}
	return taken
}

// labels returns the properties with the labels of a table's choice columns.
func labels(t dataverse.Table) []protocol.NamedProperty {
	var all []protocol.NamedProperty
	for _, c := range t.Columns {
		if label := LabelProperty(c.Property); LabeledColumn(t, label) != nil {
			all = append(all, protocol.NamedProperty{Name: label, Property: nullable("string")})
		}
	}
	return all
}
