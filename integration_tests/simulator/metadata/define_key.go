package metadata

import (
	"fmt"
	"net/http"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// maxKeyColumns is how many columns an alternate key may have (Microsoft, "Define alternate keys for a table").
const maxKeyColumns = 16

// keyPayload is EntityKeyMetadata as clients send it.
type keyPayload struct {
	SchemaName    string
	DisplayName   labelPayload
	KeyAttributes []string
}

// defineKey adds an alternate key to a table, and returns its id.
func defineKey(db *rows.Database, t *schema.Table, body []byte) (string, *odata.Error) {
	p, refusal := payload[keyPayload](body)
	if refusal != nil {
		return "", refusal
	}
	if refusal := prefixed(p.SchemaName, "EntityKey"); refusal != nil {
		return "", refusal
	}
	key := schema.AlternateKey{SchemaName: p.SchemaName, DisplayName: p.DisplayName.text(), Columns: p.KeyAttributes}
	if refusal := keyColumns(t, key); refusal != nil {
		return "", refusal
	}
	err := db.Alter(t.LogicalName, false, func(_ *rows.Store, t *schema.Table) error {
		t.Keys = append(t.Keys, key)
		return nil
	})
	if err != nil {
		return "", odata.Refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return alternateKey{t, &key}.id(), nil
}

// keyColumns refuses a key whose columns cannot be ones, or that is there already.
func keyColumns(t *schema.Table, key schema.AlternateKey) *odata.Error {
	for _, known := range t.Keys {
		switch {
		case known.SchemaName == key.SchemaName:
			return odata.Refuse(http.StatusBadRequest, "0x80060893", "An entity key with the name %s already exists on entity %s.", key.SchemaName, t.LogicalName)
		case slices.Equal(slices.Sorted(slices.Values(known.Columns)), slices.Sorted(slices.Values(key.Columns))):
			return odata.Refuse(http.StatusBadRequest, "0x80060894", "An entity key with the selected attributes already exists on entity.")
		}
	}
	if len(key.Columns) == 0 || len(key.Columns) > maxKeyColumns {
		return odata.Refuse(http.StatusBadRequest, "0x8006088F", "Invalid EntityKey Operation performed : a key has between 1 and %d attributes", maxKeyColumns)
	}
	for _, name := range key.Columns {
		c := t.Column(name)
		if c == nil {
			return odata.Refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", t.SchemaName, name)
		}
		if !slices.Contains([]schema.ColumnType{schema.String, schema.Integer, schema.Decimal, schema.DateTime, schema.Picklist, schema.Lookup}, c.Type) {
			return odata.Refuse(http.StatusBadRequest, "0x8006088F", "Invalid EntityKey Operation performed : attribute %s of type %s cannot be part of a key", name, c.Type)
		}
	}
	return nil
}

// dropKey removes an alternate key.
func dropKey(db *rows.Database, t *schema.Table, key string) *odata.Error {
	found, refusal := findKey(t, key)
	if refusal != nil {
		return refusal
	}
	err := db.Alter(t.LogicalName, false, func(_ *rows.Store, t *schema.Table) error {
		before := len(t.Keys)
		t.Keys = slices.DeleteFunc(t.Keys, func(k schema.AlternateKey) bool { return k.SchemaName == found.key.SchemaName })
		if len(t.Keys) == before {
			return fmt.Errorf("no key %s", found.key.SchemaName)
		}
		return nil
	})
	if err != nil {
		return odata.Refuse(http.StatusNotFound, "0x80041140", "The specified entitykey was not found.")
	}
	return nil
}
