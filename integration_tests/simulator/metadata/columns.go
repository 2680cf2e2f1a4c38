package metadata

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// attributePath is what follows EntityDefinitions(...)/Attributes in an address: a key, a cast to a derived type.
type attributePath struct {
	table   *schema.Table
	address string // up to "Attributes", as context urls repeat it
	key     string
	keyed   bool
	rest    []string
}

// attributes serves the Attributes of one table. A cast such as Microsoft.Dynamics.CRM.LookupAttributeMetadata
// keeps the columns of that type and makes its own properties selectable.
func (m *metadata) attributes(w http.ResponseWriter, q metadataQuery, at attributePath) *odata.Error {
	class := baseClass
	context := at.address + "Attributes"
	if len(at.rest) > 0 {
		var err *odata.Error
		if class, err = m.cast(at.rest); err != nil {
			return err
		}
		context += "/" + at.rest[0]
	}
	p, keep, err := m.attributeProjection(q, class)
	if err != nil {
		return err
	}
	if at.keyed {
		return m.oneAttribute(w, q, p, at, class, context)
	}
	out := odata.NewStream(w, `{"@odata.context":"`+m.base+"/$metadata#"+context+p.selection(q)+`","value":[`)
	for _, a := range attributes(at.table) {
		if (class == baseClass || a.class() == class) && keep(a) {
			out.Element(func(dst []byte) []byte { return p.appendObject(dst, a, "") })
		}
	}
	out.End()
	return nil
}

func (m *metadata) oneAttribute(w http.ResponseWriter, q metadataQuery, p projection[attribute], at attributePath, class, context string) *odata.Error {
	if q.filter != "" {
		return odata.BadQuery("The query parameter $filter is not supported.")
	}
	name, id := metadataKey(at.key)
	if name == "" && id == "" {
		return odata.BadQuery("Bad Request - Error in query syntax.")
	}
	for _, a := range attributes(at.table) {
		if a.column.LogicalName != name && (id == "" || a.id() != id) {
			continue
		}
		if class != baseClass && a.class() != class {
			return odata.NotFound("Microsoft.Dynamics.CRM." + class)
		}
		head := `"@odata.context":"` + m.base + "/$metadata#" + context + p.selection(q) + `/$entity"`
		odata.WriteJSON(w, p.appendObject(nil, a, head))
		return nil
	}
	return odata.Refuse(http.StatusNotFound, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", at.table.SchemaName, name)
}

// cast checks the type segment after Attributes.
func (m *metadata) cast(rest []string) (string, *odata.Error) {
	if len(rest) > 1 {
		return "", odata.NotFound(rest[1])
	}
	class, ok := strings.CutPrefix(rest[0], "Microsoft.Dynamics.CRM.")
	if !ok {
		return "", odata.NotFound(rest[0])
	}
	if slices.Contains(abstractClasses(), class) {
		return "", odata.BadQuery("The type 'Microsoft.Dynamics.CRM.%s' is abstract; cast to one of the types derived from it.", class)
	}
	if _, known := m.derived[class]; !known && class != baseClass {
		return "", odata.NotFound(rest[0])
	}
	return class, nil
}

// attributeProjection chooses what is written of each column of a class, and which columns. Under $select only the
// properties of the class that the query is cast to can be named: an uncast one knows no DateTimeBehavior.
// Without $select each column shows the simple properties of its own class as well.
func (m *metadata) attributeProjection(q metadataQuery, class string) (projection[attribute], odata.Predicate[attribute], *odata.Error) {
	properties := m.column
	if class != baseClass {
		properties = slices.Concat(m.column, m.derived[class])
	}
	p, err := project(q, class, properties)
	if err != nil {
		return p, nil, err
	}
	keep, err := compileFilter(q.filter, class, properties)
	if err != nil {
		return p, nil, err
	}
	if class == baseClass {
		p.typeOf = typeAnnotation
		if q.selected == nil {
			p.more = func(a attribute) []property[attribute] { return m.derived[a.class()] }
		}
	}
	for _, e := range q.expanded {
		n, err := m.expandOptions(e, class, q.labels)
		if err != nil {
			return p, nil, err
		}
		p.expanded = append(p.expanded, n)
	}
	return p, keep, nil
}

// typeAnnotation returns empty for columns of the declared type.
func typeAnnotation(a attribute) string {
	if class := a.class(); class != baseClass {
		return class
	}
	return ""
}

// expandOptions writes the options of a choice column: those of its own in OptionSet, those of a global choice in
// GlobalOptionSet, or either in both.
func (m *metadata) expandOptions(e expansion, class string, labels languages) (navigation[attribute], *odata.Error) {
	n := navigation[attribute]{name: e.name, context: e.name + "()"}
	if (e.name != "OptionSet" && e.name != "GlobalOptionSet") || !hasOptions(class) {
		return n, odata.UnknownProperty(e.name, class)
	}
	if e.query.filter != "" || len(e.query.expanded) > 0 {
		return n, odata.BadQuery("The query parameter $filter is not supported.")
	}
	e.query.labels = labels
	typeName := "OptionSetMetadata"
	if class == "BooleanAttributeMetadata" {
		typeName = "BooleanOptionSetMetadata"
	}
	p, err := project(e.query, typeName, optionSetProperties(class))
	if err != nil {
		return n, err
	}
	if selection := p.selection(e.query); selection != "" {
		n.context = e.name + selection
	}
	n.write = func(dst []byte, a attribute) []byte {
		own := a.column.GlobalChoice == ""
		if own != (e.name == "OptionSet") && !m.both || len(a.column.Options) == 0 {
			return append(dst, "null"...)
		}
		return p.appendObject(dst, a, "")
	}
	return n, nil
}
