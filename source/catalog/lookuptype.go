package catalog

import (
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// typeSuffix follows the property of a lookup in the name of its type.
const typeSuffix = "_type"

// LookupType returns the name of the property that holds the logical name of the table that a lookup's value refers to:
// _x_value_type for _x_value. No column of a table has such a name, because only the properties of lookups begin with an
// underscore, and they end in "_value".
func LookupType(lookup dataverse.Column) string { return lookup.Property + typeSuffix }

// LookupOf returns the lookup whose type has the given name, nil if there is none. A configured catalog may name the type of
// any lookup, including one that refers to a single table.
func LookupOf(t dataverse.Table, name string) *dataverse.Column {
	property, found := strings.CutSuffix(name, typeSuffix)
	if !found {
		return nil
	}
	if c := t.Column(property); c != nil && c.IsLookup() {
		return c
	}
	return nil
}
