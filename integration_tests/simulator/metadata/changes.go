package metadata

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// stampLifetime is how long a version stamp can be followed (Microsoft, "Cache schema data": 90 days by default).
const stampLifetime = 90 * 24 * time.Hour

// History holds the tables as they were at each version that was issued in a stamp. Definitions are
// immutable, so a table has changed if its definition is another one.
type History struct {
	mu       sync.Mutex
	versions map[int64]map[string]*schema.Table
}

// NewHistory returns a history without versions.
func NewHistory() *History {
	return &History{versions: map[int64]map[string]*schema.Table{}}
}

// remember stores the tables of this version.
func (h *History) remember(version int64, tables []*schema.Table) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.versions[version] != nil {
		return
	}
	byName := make(map[string]*schema.Table, len(tables))
	for _, t := range tables {
		byName[t.LogicalName] = t
	}
	h.versions[version] = byName
}

func (h *History) at(version int64) map[string]*schema.Table {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.versions[version]
}

// schemaChange is what differs between a client's stamp and now.
type schemaChange struct {
	changed []*schema.Table
	deleted []string // MetadataIds
}

// since compares the tables with what they were at a client's stamp.
func (h *History) since(known string, now time.Time, tables []*schema.Table) (schemaChange, *odata.Error) {
	s, refusal := odata.ParseStamp(known)
	if refusal != nil {
		return schemaChange{}, refusal
	}
	before := h.at(s.Version)
	if before == nil || now.Sub(s.Issued) > stampLifetime {
		return schemaChange{}, odata.ExpiredStamp(http.StatusBadRequest)
	}
	var c schemaChange
	current := make(map[string]bool, len(tables))
	for _, t := range tables {
		current[t.LogicalName] = true
		if before[t.LogicalName] != t {
			c.changed = append(c.changed, t)
		}
	}
	for name, t := range before {
		if !current[name] {
			c.deleted = append(c.deleted, tableID(t))
		}
	}
	slices.Sort(c.deleted)
	return c, nil
}

// RetrieveMetadataChanges serves the function of that name: the tables and columns that meet the query, or of them
// only what has changed since the client's stamp, and a new stamp.
func (h *History) RetrieveMetadataChanges(w http.ResponseWriter, db *rows.Database, base string, args odata.Arguments) *odata.Error {
	if db.Behaviors.MetadataChangesUnavailable {
		return odata.Refuse(http.StatusNotImplemented, "0x80060888", "The function 'RetrieveMetadataChanges' is not supported.")
	}
	if err := args.Only("Query", "ClientVersionStamp", "DeletedMetadataFilters", "AppModuleId"); err != nil {
		return err
	}
	query, err := parseEntityQuery(args.JSON("Query"))
	if err != nil {
		return err
	}
	now, version, tables := db.Now(), db.MetadataVersion(), db.Tables()
	m := newMetadata(tables, base)
	p, keep, err := m.changesProjection(query)
	if err != nil {
		return err
	}
	var change schemaChange
	if known := args.Text("ClientVersionStamp"); known != "" {
		if change, err = h.since(known, now, tables); err != nil {
			return err
		}
		tables = change.changed
	}
	deleted, err := deletedMetadata(args, change.deleted)
	if err != nil {
		return err
	}
	h.remember(version, m.tables)
	out := odata.NewStream(w, `{"@odata.context":"`+base+`/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse","ServerVersionStamp":"`+
		odata.Stamp{Version: version, Issued: now}.String()+`","DeletedMetadata":`+deleted+`,"EntityMetadata":[`)
	for _, t := range tables {
		if keep(t) {
			out.Element(func(dst []byte) []byte { return p.appendObject(dst, t, "") })
		}
	}
	out.End()
	return nil
}

// deletedMetadata lists deleted tables, if the client asked for them: both a stamp and a filter are needed.
func deletedMetadata(args odata.Arguments, ids []string) (string, *odata.Error) {
	filter, err := args.Enum("DeletedMetadataFilters", "DeletedMetadataFilters",
		"Default", "Entity", "Attribute", "Relationship", "Label", "OptionSet", "All")
	if err != nil {
		return "", err
	}
	if len(ids) == 0 || !slices.Contains([]string{"Default", "Entity", "All"}, filter) {
		return `{"Count":0,"IsReadOnly":false,"Keys":[],"Values":[]}`, nil
	}
	list := string(Names(ids).AppendJSON(nil, true))
	return `{"Count":1,"IsReadOnly":false,"Keys":["Entity"],"Values":[{"Items":` + list + `}]}`, nil
}

// changesProjection returns what RetrieveMetadataChanges writes of each table. Properties that were not asked for are
// null; the names, ids and types of things are always there.
func (m *metadata) changesProjection(q entityQuery) (projection[*schema.Table], odata.Predicate[*schema.Table], *odata.Error) {
	p := projection[*schema.Table]{labels: q.LabelQuery.english()}
	keep, err := compileCriteria(q.Criteria, "EntityMetadata", m.table)
	if err != nil {
		return p, nil, err
	}
	navigations := append(emptyCollections(), "ManyToManyRelationships", "ManyToOneRelationships", "OneToManyRelationships", "Attributes")
	wanted, err := q.Properties.wanted("EntityMetadata", func(name string) bool {
		return hasProperty(m.table, name) || slices.Contains(navigations, name)
	})
	if err != nil {
		return p, nil, err
	}
	p.properties = blanked(m.table, wanted)
	for _, name := range navigations {
		text := "null"
		if wanted(name) {
			text = "[]"
		}
		write := func(dst []byte, _ *schema.Table) []byte { return append(dst, text...) }
		switch {
		case !wanted(name):
		case name == "Attributes":
			if write, err = m.changedAttributes(q); err != nil {
				return p, nil, err
			}
		case collections()[name] != nil:
			n, err := m.expandRelations(expansion{name: name}, !q.LabelQuery.english())
			if err != nil {
				return p, nil, err
			}
			write = n.write
		}
		p.expanded = append(p.expanded, navigation[*schema.Table]{name: name, write: write})
	}
	return p, keep, nil
}

// changedAttributes writes the columns of a table that meet the attribute query, with the properties it names; those
// of derived types may be named too.
func (m *metadata) changedAttributes(q entityQuery) (func([]byte, *schema.Table) []byte, *odata.Error) {
	if q.AttributeQuery == nil {
		q.AttributeQuery = &attributeQuery{}
	}
	all, derived := slices.Clone(m.column), map[string][]property[attribute]{}
	for class, properties := range m.derived {
		properties = slices.Clone(properties)
		if hasOptions(class) {
			properties = append(properties, inlineOptions(class))
		}
		derived[class] = properties
		all = append(all, properties...)
	}
	keep, err := compileCriteria(q.AttributeQuery.Criteria, "AttributeMetadata", m.column)
	if err != nil {
		return nil, err
	}
	wanted, err := q.AttributeQuery.Properties.wanted("AttributeMetadata", func(name string) bool { return hasProperty(all, name) })
	if err != nil {
		return nil, err
	}
	for class := range derived {
		derived[class] = blanked(derived[class], wanted)
	}
	p := projection[attribute]{
		properties: blanked(m.column, wanted),
		labels:     q.LabelQuery.english(),
		typeOf:     complexType,
		more:       func(a attribute) []property[attribute] { return derived[a.class()] },
	}
	return func(dst []byte, t *schema.Table) []byte { return p.appendArray(dst, attributes(t), keep) }, nil
}

// complexType returns the type annotation of a column in this function's response, empty for the declared type.
func complexType(a attribute) string {
	if class := typeAnnotation(a); class != "" {
		return "Complex" + class
	}
	return ""
}

// inlineOptions returns the option set as a property, which it is in the complex types of this function.
func inlineOptions(class string) property[attribute] {
	p := projection[attribute]{properties: optionSetProperties(class), labels: true}
	return property[attribute]{name: "OptionSet", shape: listShape, value: func(a attribute) any {
		if len(a.column.Options) == 0 {
			return nil
		}
		return inlined(func(dst []byte) []byte { return p.appendObject(dst, a, "") })
	}}
}

// inlined is a value that writes itself.
type inlined func(dst []byte) []byte

// AppendJSON implements jsonValue.
func (f inlined) AppendJSON(dst []byte, _ bool) []byte { return f(dst) }

// blanked returns the properties with null in place of what is not wanted.
func blanked[T any](properties []property[T], wanted func(string) bool) []property[T] {
	list := slices.Clone(properties)
	for i := range list {
		if !wanted(list[i].name) && list[i].name != "MetadataId" && list[i].name != "LogicalName" {
			list[i].value = func(T) any { return nil }
		}
	}
	return list
}

// wanted reports which properties were asked for. A missing expression asks for all.
func (p *metadataProperties) wanted(typeName string, known func(string) bool) (func(string) bool, *odata.Error) {
	if p == nil || p.AllProperties {
		return func(string) bool { return true }, nil
	}
	for _, name := range p.PropertyNames {
		if !known(name) {
			return nil, invalidQuery("The property %s does not exist on %s.", name, typeName)
		}
	}
	return func(name string) bool { return slices.Contains(p.PropertyNames, name) }, nil
}

// english reports whether labels in the environment's language pass the query.
func (q *labelQuery) english() bool {
	return q == nil || len(q.FilterLanguages) == 0 || slices.Contains(q.FilterLanguages, 1033)
}
