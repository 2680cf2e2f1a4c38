package simulator

import (
	"fmt"
	"net/http"
	"slices"
)

// maxKeyColumns is how many columns an alternate key may have (Microsoft, "Define alternate keys for a table").
const maxKeyColumns = 16

// keyPayload is EntityKeyMetadata as clients send it.
type keyPayload struct {
	SchemaName    string
	DisplayName   labelPayload
	KeyAttributes []string
}

// defineKey adds an alternate key to a table, and gives its id.
func (e *Environment) defineKey(t *Table, body []byte) (string, *apiError) {
	p, refusal := payload[keyPayload](body)
	if refusal != nil {
		return "", refusal
	}
	if refusal := prefixed(p.SchemaName, "EntityKey"); refusal != nil {
		return "", refusal
	}
	key := AlternateKey{SchemaName: p.SchemaName, DisplayName: p.DisplayName.text(), Columns: p.KeyAttributes}
	if refusal := keyColumns(t, key); refusal != nil {
		return "", refusal
	}
	err := e.alter(t.LogicalName, false, func(_ *store, t *Table) error {
		t.Keys = append(t.Keys, key)
		return nil
	})
	if err != nil {
		return "", refuse(http.StatusNotFound, "0x80040217", "%v", err)
	}
	return alternateKey{t, &key}.id(), nil
}

// keyColumns refuses a key whose columns cannot be ones, or that is there already.
func keyColumns(t *Table, key AlternateKey) *apiError {
	for _, known := range t.Keys {
		switch {
		case known.SchemaName == key.SchemaName:
			return refuse(http.StatusBadRequest, "0x80060893", "An entity key with the name %s already exists on entity %s.", key.SchemaName, t.LogicalName)
		case slices.Equal(slices.Sorted(slices.Values(known.Columns)), slices.Sorted(slices.Values(key.Columns))):
			return refuse(http.StatusBadRequest, "0x80060894", "An entity key with the selected attributes already exists on entity.")
		}
	}
	if len(key.Columns) == 0 || len(key.Columns) > maxKeyColumns {
		return refuse(http.StatusBadRequest, "0x8006088F", "Invalid EntityKey Operation performed : a key has between 1 and %d attributes", maxKeyColumns)
	}
	for _, name := range key.Columns {
		c := t.Column(name)
		if c == nil {
			return refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", t.SchemaName, name)
		}
		if !slices.Contains([]ColumnType{String, Integer, Decimal, DateTime, Picklist, Lookup}, c.Type) {
			return refuse(http.StatusBadRequest, "0x8006088F", "Invalid EntityKey Operation performed : attribute %s of type %s cannot be part of a key", name, c.Type)
		}
	}
	return nil
}

// dropKey removes an alternate key.
func (e *Environment) dropKey(t *Table, key string) *apiError {
	found, refusal := findKey(t, key)
	if refusal != nil {
		return refusal
	}
	err := e.alter(t.LogicalName, false, func(_ *store, t *Table) error {
		before := len(t.Keys)
		t.Keys = slices.DeleteFunc(t.Keys, func(k AlternateKey) bool { return k.SchemaName == found.key.SchemaName })
		if len(t.Keys) == before {
			return fmt.Errorf("no key %s", found.key.SchemaName)
		}
		return nil
	})
	if err != nil {
		return refuse(http.StatusNotFound, "0x80041140", "The specified entitykey was not found.")
	}
	return nil
}
