package metadata

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Relation is a relationship of two tables: of a lookup to the table that it points to, or N:N over an intersect table.
type Relation struct {
	First, Second *schema.Table  // 1:N: the referenced and the referencing one
	Column        *schema.Column // 1:N: the lookup
	Between       *schema.Table  // N:N
}

// The metadata types of relationships.
const (
	anyRelation = "RelationshipMetadataBase"
	oneToMany   = "OneToManyRelationshipMetadata"
	manyToMany  = "ManyToManyRelationshipMetadata"
)

func (r Relation) class() string {
	if r.Between != nil {
		return manyToMany
	}
	return oneToMany
}

// Name returns the SchemaName.
func (r Relation) Name() string {
	switch {
	case r.Between != nil && r.Between.Relation != "":
		return r.Between.Relation
	case r.Between != nil:
		return r.Between.LogicalName + "_association"
	case r.Second.LogicalName == "fileattachment":
		return r.First.LogicalName + "_FileAttachments"
	case r.Column.Relation != "":
		return r.Column.Relation
	}
	return r.First.LogicalName + "_" + r.Second.LogicalName + "_" + r.Column.LogicalName
}

// Relations returns those among the tables, in the order of the tables and of their columns.
func Relations(tables []*schema.Table) []Relation {
	byName := map[string]*schema.Table{}
	for _, t := range tables {
		byName[t.LogicalName] = t
	}
	var all []Relation
	for _, t := range tables {
		if t.Intersect {
			if sides := joinedTables(t, byName); len(sides) == 2 {
				all = append(all, Relation{First: sides[0], Second: sides[1], Between: t})
			}
			continue
		}
		for i := range t.Columns {
			for _, target := range t.Columns[i].Targets {
				if to := byName[target]; to != nil && t.Columns[i].IsLookup() {
					all = append(all, Relation{First: to, Second: t, Column: &t.Columns[i]})
				}
			}
		}
	}
	return all
}

// joinedTables returns the tables whose keys an intersect table has as columns.
func joinedTables(t *schema.Table, byName map[string]*schema.Table) []*schema.Table {
	var sides []*schema.Table
	for i := range t.Columns {
		name := t.Columns[i].LogicalName
		if side := byName[strings.TrimSuffix(name, "id")]; side != nil && side != t && side.PrimaryID == name {
			sides = append(sides, side)
		}
	}
	return sides
}

// collections returns the navigation properties of a table that hold its relationships.
func collections() map[string]func(Relation, *schema.Table) bool {
	return map[string]func(Relation, *schema.Table) bool{
		"OneToManyRelationships":  func(r Relation, t *schema.Table) bool { return r.Between == nil && r.First == t },
		"ManyToOneRelationships":  func(r Relation, t *schema.Table) bool { return r.Between == nil && r.Second == t },
		"ManyToManyRelationships": func(r Relation, t *schema.Table) bool { return r.Between != nil && (r.First == t || r.Second == t) },
	}
}

// relationClass returns the type of what a collection holds.
func relationClass(collection string) string {
	if collection == "ManyToManyRelationships" {
		return manyToMany
	}
	return oneToMany
}

// relationProjection chooses what is written of relationships of a class, and which of them.
func (m *metadata) relationProjection(q metadataQuery, class string) (projection[Relation], odata.Predicate[Relation], *odata.Error) {
	if len(q.expanded) > 0 {
		return projection[Relation]{}, nil, odata.UnknownProperty(q.expanded[0].name, class)
	}
	properties := relationProperties(class)
	p, err := project(q, class, properties)
	if err != nil {
		return p, nil, err
	}
	if class == anyRelation {
		p.typeOf = Relation.class
		if q.selected == nil {
			p.more = func(r Relation) []property[Relation] { return ownProperties(r.class()) }
		}
	}
	keep, err := compileFilter(q.filter, class, properties)
	return p, keep, err
}

// expandRelations writes one collection of a table's relationships.
func (m *metadata) expandRelations(e expansion, labels languages) (navigation[*schema.Table], *odata.Error) {
	e.query.labels = labels
	p, keep, err := m.relationProjection(e.query, relationClass(e.name))
	if err != nil {
		return navigation[*schema.Table]{}, err
	}
	context := e.name + "()"
	if selection := p.selection(e.query); selection != "" {
		context = e.name + selection
	}
	all, holds := Relations(m.tables), collections()[e.name]
	return navigation[*schema.Table]{name: e.name, context: context, write: func(dst []byte, t *schema.Table) []byte {
		return p.appendArray(dst, all, func(r Relation) bool { return holds(r, t) && keep(r) })
	}}, nil
}

// relationsOf serves a request for a collection of one table's relationships.
func (m *metadata) relationsOf(w http.ResponseWriter, q metadataQuery, t *schema.Table, address, collection string) *odata.Error {
	n, err := m.expandRelations(expansion{name: collection, query: q}, q.labels)
	if err != nil {
		return err
	}
	body := odata.AppendQuoted([]byte(`{"@odata.context":`), m.base+"/$metadata#"+address+strings.TrimSuffix(n.context, "()"))
	odata.WriteJSON(w, append(n.write(append(body, `,"value":`...), t), '}'))
	return nil
}

// serveRelations serves RelationshipDefinitions: all of them, those of one of the two types, or one by SchemaName.
func (m *metadata) serveRelations(w http.ResponseWriter, q metadataQuery, segments []string) *odata.Error {
	_, key, keyed := cutKey(segments[0])
	class, context := anyRelation, "RelationshipDefinitions"
	if len(segments) > 1 {
		class = strings.TrimPrefix(segments[1], "Microsoft.Dynamics.CRM.")
		if class == segments[1] || len(segments) > 2 || !slices.Contains([]string{oneToMany, manyToMany}, class) {
			return odata.NotFound(segments[len(segments)-1])
		}
		context += "/" + segments[1]
	}
	p, keep, err := m.relationProjection(q, class)
	if err != nil {
		return err
	}
	var found []Relation
	for _, r := range Relations(m.tables) {
		named := !keyed || key == "SchemaName='"+r.Name()+"'" || strings.EqualFold(key, r.id())
		if named && keep(r) && (class == anyRelation || class == r.class()) {
			found = append(found, r)
		}
	}
	context = m.base + "/$metadata#" + context + p.selection(q)
	switch {
	case keyed && len(found) == 0:
		return odata.Refuse(http.StatusNotFound, "0x80040217", "Could not find a relationship with the key %s.", key)
	case keyed:
		odata.WriteJSON(w, p.appendObject(nil, found[0], string(odata.AppendQuoted([]byte(`"@odata.context":`), context+"/$entity"))))
		return nil
	}
	out := odata.NewStream(w, string(odata.AppendQuoted([]byte(`{"@odata.context":`), context))+`,"value":[`)
	for _, r := range found {
		out.Element(func(dst []byte) []byte { return p.appendObject(dst, r, "") })
	}
	out.End()
	return nil
}
