// Package metadata serves the definitions of tables, columns, keys, relationships and choices: EntityDefinitions and its
// siblings, RetrieveMetadataChanges and $metadata, and the requests that create, change and delete definitions.
package metadata

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// metadata serves requests below EntityDefinitions (Microsoft, "Query schema definitions using the Web API").
type metadata struct {
	tables    []*schema.Table
	languages languages
	both      bool // both navigation properties of a choice hold its options
	base      string
	table     []property[*schema.Table]
	column    []property[attribute]
	derived   map[string][]property[attribute]
}

func newMetadata(db *rows.Database, base string) *metadata {
	provisioned := db.Languages()
	return &metadata{
		tables: db.Tables(), base: base, languages: languages{provisioned[0], provisioned}, both: db.Behaviors.BothOptionSets,
		table: tableProperties(), column: baseProperties(), derived: derivedProperties(),
	}
}

// emptyCollections returns navigation properties that the simulated tables have nothing in.
func emptyCollections() []string {
	return []string{"Settings"}
}

// serve serves a GET request for path, which begins with EntityDefinitions, RelationshipDefinitions or GlobalOptionSetDefinitions.
func (m *metadata) serve(w http.ResponseWriter, r *http.Request, path string) {
	if err := m.respond(w, r, path); err != nil {
		err.Write(w, r)
	}
}

func (m *metadata) respond(w http.ResponseWriter, r *http.Request, path string) *odata.Error {
	q, err := parseMetadataQuery(r.URL.RawQuery, m.languages)
	if err != nil {
		return err
	}
	segments, ok := odata.SplitOutside(path, '/')
	if !ok {
		return odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(path), path)
	}
	name, key, keyed := cutKey(segments[0])
	switch name {
	case "EntityDefinitions":
	case "RelationshipDefinitions":
		return m.serveRelations(w, q, segments)
	case "GlobalOptionSetDefinitions":
		return m.globalOptions(w, q, segments)
	default:
		return odata.NotFound(name)
	}
	if !keyed {
		if len(segments) > 1 {
			return odata.NotFound(segments[1])
		}
		return m.list(w, q)
	}
	table, err := m.find(key)
	if err != nil {
		return err
	}
	if len(segments) == 1 {
		return m.one(w, q, table)
	}
	return m.below(w, q, table, key, segments[1:])
}

// below serves the resources of one table: its attributes, its empty collections, or a single property.
func (m *metadata) below(w http.ResponseWriter, q metadataQuery, t *schema.Table, key string, segments []string) *odata.Error {
	address := "EntityDefinitions(" + contextKey(key) + ")/"
	name, columnKey, keyed := cutKey(segments[0])
	switch {
	case name == "Attributes":
		return m.attributes(w, q, attributePath{table: t, address: address, key: columnKey, keyed: keyed, rest: segments[1:]})
	case name == "Keys" && len(segments) == 1:
		return m.keysOf(w, q, t, address, columnKey, keyed)
	case len(segments) > 1 || keyed:
		return odata.NotFound(segments[len(segments)-1])
	case slices.Contains(emptyCollections(), name):
		odata.WriteJSON(w, []byte(`{"@odata.context":"`+m.base+"/$metadata#"+address+name+`","value":[]}`))
		return nil
	}
	if collections()[name] != nil {
		return m.relationsOf(w, q, t, address, name)
	}
	for _, prop := range m.table {
		if prop.name == name {
			m.single(w, address+name, appendValue(nil, prop.value(t), q.labels), prop.shape)
			return nil
		}
	}
	return odata.NotFound(name)
}

// single serves one property of an object.
func (m *metadata) single(w http.ResponseWriter, address string, value []byte, s shape) {
	body := append([]byte(nil), `{"@odata.context":"`+m.base+"/$metadata#"+address+`"`...)
	if !s.simple() && s != listShape {
		body = append(body, ',')
		odata.WriteJSON(w, append(body, value[1:]...))
		return
	}
	body = append(appendMember(body, "value"), value...)
	odata.WriteJSON(w, append(body, '}'))
}

// list writes all tables as they come, so that a response of hundreds of megabytes is never held whole.
func (m *metadata) list(w http.ResponseWriter, q metadataQuery) *odata.Error {
	p, err := m.tableProjection(q)
	if err != nil {
		return err
	}
	keep, err := compileFilter(q.filter, "EntityMetadata", m.table)
	if err != nil {
		return err
	}
	out := odata.NewStream(w, `{"@odata.context":"`+m.base+"/$metadata#EntityDefinitions"+p.selection(q)+`","value":[`)
	for _, t := range m.tables {
		if keep(t) {
			out.Element(func(dst []byte) []byte { return p.appendObject(dst, t, "") })
		}
	}
	out.End()
	return nil
}

func (m *metadata) one(w http.ResponseWriter, q metadataQuery, t *schema.Table) *odata.Error {
	if q.filter != "" {
		return odata.BadQuery("The query parameter $filter is not supported.")
	}
	p, err := m.tableProjection(q)
	if err != nil {
		return err
	}
	head := `"@odata.context":"` + m.base + "/$metadata#EntityDefinitions" + p.selection(q) + `/$entity"`
	odata.WriteJSON(w, p.appendObject(nil, t, head))
	return nil
}

func (m *metadata) tableProjection(q metadataQuery) (projection[*schema.Table], *odata.Error) {
	p, err := project(q, "EntityMetadata", m.table)
	if err != nil {
		return p, err
	}
	for _, e := range q.expanded {
		n, err := m.expandTable(e, q.labels)
		if err != nil {
			return p, err
		}
		p.expanded = append(p.expanded, n)
	}
	return p, nil
}

func (m *metadata) expandTable(e expansion, labels languages) (navigation[*schema.Table], *odata.Error) {
	if slices.Contains(emptyCollections(), e.name) {
		return navigation[*schema.Table]{name: e.name, context: e.name + "()", write: func(dst []byte, _ *schema.Table) []byte { return append(dst, "[]"...) }}, nil
	}
	if e.name == "Keys" {
		return expandKeys(e, labels)
	}
	if collections()[e.name] != nil {
		return m.expandRelations(e, labels)
	}
	if e.name != "Attributes" {
		return navigation[*schema.Table]{}, odata.UnknownProperty(e.name, "EntityMetadata")
	}
	e.query.labels = labels
	p, keep, err := m.attributeProjection(e.query, baseClass)
	if err != nil {
		return navigation[*schema.Table]{}, err
	}
	context := "Attributes()"
	if selection := p.selection(e.query); selection != "" {
		context = "Attributes" + selection
	}
	return navigation[*schema.Table]{name: e.name, context: context, write: func(dst []byte, t *schema.Table) []byte {
		return p.appendArray(dst, attributes(t), keep)
	}}, nil
}

// find looks a table up by LogicalName='...' or by MetadataId.
func (m *metadata) find(key string) (*schema.Table, *odata.Error) {
	name, id := metadataKey(key)
	if name == "" && id == "" {
		return nil, odata.BadQuery("Bad Request - Error in query syntax.")
	}
	for _, t := range m.tables {
		if t.LogicalName == name || id != "" && tableID(t) == id {
			return t, nil
		}
	}
	if id == "" {
		id = EmptyID
	}
	return nil, odata.Refuse(http.StatusNotFound, "0x80040217", "Could not find an entity with name %s and id %s.", name, id)
}

// EmptyID is the guid of all zeros, by which definitions say that there is no id.
const EmptyID = "00000000-0000-0000-0000-000000000000"

// metadataKey reads LogicalName='x', MetadataId=guid or guid. Both results are empty for anything else.
func metadataKey(key string) (name, id string) {
	if quoted, ok := strings.CutPrefix(key, "LogicalName="); ok {
		if value, length := odata.QuotedString(quoted); strings.HasPrefix(quoted, "'") && length == len(quoted) {
			return value, ""
		}
		return "", ""
	}
	id = strings.ToLower(strings.TrimPrefix(key, "MetadataId="))
	if _, ok := guid.Parse(id); !ok {
		return "", ""
	}
	return "", id
}

// contextKey returns a key as context urls repeat it.
func contextKey(key string) string {
	return strings.TrimPrefix(strings.TrimPrefix(key, "LogicalName="), "MetadataId=")
}

// cutKey separates a segment such as Attributes(LogicalName='name') into name and key.
func cutKey(segment string) (name, key string, keyed bool) {
	name, key, keyed = strings.Cut(segment, "(")
	return name, strings.TrimSuffix(key, ")"), keyed
}
