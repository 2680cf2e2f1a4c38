package metadata

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// since compares the tables with what they were at a client's stamp.
func (h *History) since(known string, now time.Time, tables []*schema.Table) (difference, *odata.Error) {
	s, refusal := odata.ParseStamp(known)
	if refusal != nil {
		return difference{}, refusal
	}
	before := h.at(s.Version)
	if before == nil || now.Sub(s.Issued) > stampLifetime {
		return difference{}, odata.ExpiredStamp(http.StatusBadRequest)
	}
	return compareTables(before, tables), nil
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
	now, version, m := db.Now(), db.MetadataVersion(), newMetadata(db, base)
	var since *difference
	if known := args.Text("ClientVersionStamp"); known != "" {
		found, err := h.since(known, now, m.tables)
		if err != nil {
			return err
		}
		since = &found
	}
	p, keep, err := m.changesProjection(query, since)
	if err != nil {
		return err
	}
	deleted, err := deletedMetadata(args, since)
	if err != nil {
		return err
	}
	h.remember(version, m.tables)
	out := odata.NewStream(w, `{"@odata.context":"`+base+`/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse","ServerVersionStamp":"`+
		odata.Stamp{Version: version, Issued: now}.String()+`","DeletedMetadata":`+deleted+`,"EntityMetadata":[`)
	for _, t := range m.tables {
		if keep(t) && (since == nil || query.Properties.names("Privileges") || since.hasChanged(t) != nil) {
			out.Element(func(dst []byte) []byte { return p.appendObject(dst, t, "") })
		}
	}
	out.End()
	return nil
}

// deletedMetadata lists the ids of what was deleted, if the client asked for it: both a stamp and a filter are needed.
func deletedMetadata(args odata.Arguments, since *difference) (string, *odata.Error) {
	kinds, err := args.Flags("DeletedMetadataFilters", "DeletedMetadataFilters", append(deletionKinds(), "All")...)
	if err != nil {
		return "", err
	}
	var keys, values []string
	for _, kind := range deletionKinds() {
		asked := slices.Contains(kinds, kind) || slices.Contains(kinds, "All")
		if since == nil || !asked || len(since.deleted[kind]) == 0 {
			continue
		}
		keys = append(keys, kind)
		values = append(values, `{"Items":`+Names(since.deleted[kind]).JSON()+`}`)
	}
	return `{"Count":` + strconv.Itoa(len(keys)) + `,"IsReadOnly":false,"Keys":` + Names(keys).JSON() +
		`,"Values":[` + strings.Join(values, ",") + `]}`, nil
}

// changesProjection returns what RetrieveMetadataChanges writes of each table. Properties that were not asked for are
// null; the names, ids and types of things are always there.
func (m *metadata) changesProjection(q entityQuery, since *difference) (projection[*schema.Table], odata.Predicate[*schema.Table], *odata.Error) {
	p := projection[*schema.Table]{labels: q.LabelQuery.filter(m.languages)}
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
	p.properties = blanked(since.mark(m.table), wanted)
	for _, name := range navigations {
		text := "null"
		if wanted(name) {
			text = "[]"
		}
		write := func(dst []byte, _ *schema.Table) []byte { return append(dst, text...) }
		switch {
		case !wanted(name):
		case name == "Attributes":
			if write, err = m.changedAttributes(q, since); err != nil {
				return p, nil, err
			}
		case collections()[name] != nil:
			if write, err = m.changedRelations(q, name, since); err != nil {
				return p, nil, err
			}
		}
		p.expanded = append(p.expanded, navigation[*schema.Table]{name: name, write: write})
	}
	return p, keep, nil
}

// changedAttributes writes the columns of a table that meet the attribute query, with the properties it names; those
// of derived types may be named too.
func (m *metadata) changedAttributes(q entityQuery, since *difference) (func([]byte, *schema.Table) []byte, *odata.Error) {
	if q.AttributeQuery == nil {
		q.AttributeQuery = &attributeQuery{}
	}
	all, derived := slices.Clone(m.column), map[string][]property[attribute]{}
	for class, properties := range m.derived {
		properties = slices.Clone(properties)
		if hasOptions(class) {
			properties = append(properties, inlineOptions(class, q.LabelQuery.filter(m.languages)))
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
		labels:     q.LabelQuery.filter(m.languages),
		typeOf:     complexType,
		more:       func(a attribute) []property[attribute] { return derived[a.class()] },
	}
	return func(dst []byte, t *schema.Table) []byte {
		if since != nil {
			return p.appendArray(dst, since.attributes(t), keep)
		}
		return p.appendArray(dst, attributes(t), keep)
	}, nil
}

// complexType returns the type annotation of a column in this function's response, empty for the declared type.
func complexType(a attribute) string {
	if class := typeAnnotation(a); class != "" {
		return "Complex" + class
	}
	return ""
}

// inlineOptions returns the option set as a property, which it is in the complex types of this function. Among the changes
// since a stamp it is null unless an option has changed.
func inlineOptions(class string, labels languages) property[attribute] {
	p := projection[attribute]{properties: optionSetProperties(class), labels: labels}
	return property[attribute]{name: "OptionSet", shape: listShape, value: func(a attribute) any {
		if len(a.column.Options) == 0 || a.stamped && a.beneath() == nil {
			return nil
		}
		return inlined(func(dst []byte) []byte { return p.appendObject(dst, a, "") })
	}}
}

// changedRelations writes the relationships of a table that meet the relationship query, with the properties it names. Since a
// stamp only new ones come.
func (m *metadata) changedRelations(q entityQuery, collection string, since *difference) (func([]byte, *schema.Table) []byte, *odata.Error) {
	if q.RelationshipQuery == nil {
		q.RelationshipQuery = &attributeQuery{}
	}
	properties := relationProperties(relationClass(collection))
	other := slices.Concat(ownProperties(oneToMany), ownProperties(manyToMany), properties)
	keep, err := compileCriteria(q.RelationshipQuery.Criteria, "RelationshipMetadataBase", properties)
	if err != nil {
		return nil, err
	}
	wanted, err := q.RelationshipQuery.Properties.wanted("RelationshipMetadataBase", func(name string) bool { return hasProperty(other, name) })
	if err != nil {
		return nil, err
	}
	p := projection[Relation]{properties: blanked(properties, wanted), labels: q.LabelQuery.filter(m.languages)}
	all, holds := Relations(m.tables), collections()[collection]
	return func(dst []byte, t *schema.Table) []byte {
		return p.appendArray(dst, all, func(r Relation) bool {
			return holds(r, t) && keep(r) && (since == nil || !since.relations[r.id()])
		})
	}, nil
}

// inlined is a value that writes itself.
type inlined func(dst []byte) []byte

// AppendJSON implements jsonValue.
func (f inlined) AppendJSON(dst []byte, _ languages) []byte { return f(dst) }

// blanked returns the properties with null in place of what is not wanted.
func blanked[T any](properties []property[T], wanted func(string) bool) []property[T] {
	list := slices.Clone(properties)
	for i := range list {
		if !wanted(list[i].name) && !slices.Contains([]string{"MetadataId", "LogicalName", "HasChanged"}, list[i].name) {
			list[i].value = func(T) any { return nil }
		}
	}
	return list
}

// names reports whether a property was asked for by its name.
func (p *metadataProperties) names(property string) bool {
	return p != nil && slices.Contains(p.PropertyNames, property)
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
