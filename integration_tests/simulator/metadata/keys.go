package metadata

import (
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// alternateKey is an alternate key as its metadata shows it.
type alternateKey struct {
	table *schema.Table
	key   *schema.AlternateKey
}

func (k alternateKey) id() string { return guid.Derived("key", k.table.LogicalName, k.key.SchemaName) }

func alternateKeys(t *schema.Table) []alternateKey {
	list := make([]alternateKey, len(t.Keys))
	for i := range t.Keys {
		list[i] = alternateKey{t, &t.Keys[i]}
	}
	return list
}

// keyProperties returns the properties of EntityKeyMetadata (Web API reference). The service builds an index for a new key in
// the background; here it is active at once.
func keyProperties() []property[alternateKey] {
	null := func(name string, s shape) property[alternateKey] {
		return property[alternateKey]{name: name, shape: s, value: func(alternateKey) any { return nil }}
	}
	text := func(name string, value func(alternateKey) string) property[alternateKey] {
		return property[alternateKey]{name: name, shape: stringShape, value: func(k alternateKey) any { return nullable(value(k)) }}
	}
	return []property[alternateKey]{
		{name: "MetadataId", shape: guidShape, value: func(k alternateKey) any { return k.id() }},
		null("HasChanged", boolShape),
		{name: "DisplayName", shape: labelShape, value: func(k alternateKey) any { return label{text: k.key.DisplayName, of: k.id()} }},
		text("EntityLogicalName", func(k alternateKey) string { return k.table.LogicalName }),
		text("LogicalName", func(k alternateKey) string { return strings.ToLower(k.key.SchemaName) }),
		text("SchemaName", func(k alternateKey) string { return k.key.SchemaName }),
		text("IntroducedVersion", func(alternateKey) string { return "1.0" }),
		{name: "IsManaged", shape: boolShape, value: func(alternateKey) any { return false }},
		{name: "IsSynchronous", shape: boolShape, value: func(alternateKey) any { return false }},
		{name: "EntityKeyIndexStatus", shape: enumShape, enum: "EntityKeyIndexStatus", value: func(alternateKey) any { return "Active" }},
		{name: "IsCustomizable", shape: boolValueShape, value: func(alternateKey) any { return managedProperty{true, true, "iscustomizable"} }},
		{name: "KeyAttributes", shape: listShape, value: func(k alternateKey) any { return Names(k.key.Columns) }},
	}
}

// keyProjection chooses what is written of keys, and which of them.
func keyProjection(q metadataQuery) (projection[alternateKey], odata.Predicate[alternateKey], *odata.Error) {
	if len(q.expanded) > 0 {
		return projection[alternateKey]{}, nil, odata.UnknownProperty(q.expanded[0].name, "EntityKeyMetadata")
	}
	p, err := project(q, "EntityKeyMetadata", keyProperties())
	if err != nil {
		return p, nil, err
	}
	keep, err := compileFilter(q.filter, "EntityKeyMetadata", keyProperties())
	return p, keep, err
}

// expandKeys writes the alternate keys of a table.
func expandKeys(e expansion, labels languages) (navigation[*schema.Table], *odata.Error) {
	e.query.labels = labels
	p, keep, err := keyProjection(e.query)
	if err != nil {
		return navigation[*schema.Table]{}, err
	}
	context := "Keys()"
	if selection := p.selection(e.query); selection != "" {
		context = "Keys" + selection
	}
	return navigation[*schema.Table]{name: "Keys", context: context, write: func(dst []byte, t *schema.Table) []byte {
		return p.appendArray(dst, alternateKeys(t), keep)
	}}, nil
}

// keysOf serves a request for the alternate keys of a table, or for one of them.
func (m *metadata) keysOf(w http.ResponseWriter, q metadataQuery, t *schema.Table, address, key string, keyed bool) *odata.Error {
	p, keep, err := keyProjection(q)
	if err != nil {
		return err
	}
	context := m.base + "/$metadata#" + address + "Keys" + p.selection(q)
	if !keyed {
		out := odata.NewStream(w, string(odata.AppendQuoted([]byte(`{"@odata.context":`), context))+`,"value":[`)
		for _, k := range alternateKeys(t) {
			if keep(k) {
				out.Element(func(dst []byte) []byte { return p.appendObject(dst, k, "") })
			}
		}
		out.End()
		return nil
	}
	k, err := findKey(t, key)
	if err != nil {
		return err
	}
	odata.WriteJSON(w, p.appendObject(nil, k, string(odata.AppendQuoted([]byte(`"@odata.context":`), context+"/$entity"))))
	return nil
}

// findKey looks an alternate key up by LogicalName='...' or by MetadataId.
func findKey(t *schema.Table, key string) (alternateKey, *odata.Error) {
	name, id := metadataKey(key)
	for _, k := range alternateKeys(t) {
		if strings.ToLower(k.key.SchemaName) == name || id != "" && k.id() == id {
			return k, nil
		}
	}
	return alternateKey{}, odata.Refuse(http.StatusNotFound, "0x80041140", "The specified entitykey was not found.")
}
