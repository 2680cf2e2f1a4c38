package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// relation is a relationship of two tables: of a lookup to the table that it points to, or N:N over an intersect table.
type relation struct {
	first, second *Table  // 1:N: the referenced and the referencing one
	column        *Column // 1:N: the lookup
	between       *Table  // N:N
}

// The metadata types of relationships.
const (
	anyRelation = "RelationshipMetadataBase"
	oneToMany   = "OneToManyRelationshipMetadata"
	manyToMany  = "ManyToManyRelationshipMetadata"
)

func (r relation) class() string {
	if r.between != nil {
		return manyToMany
	}
	return oneToMany
}

// name is the SchemaName.
func (r relation) name() string {
	switch {
	case r.between != nil && r.between.Relation != "":
		return r.between.Relation
	case r.between != nil:
		return r.between.LogicalName + "_association"
	case r.column.Relation != "":
		return r.column.Relation
	}
	return r.first.LogicalName + "_" + r.second.LogicalName + "_" + r.column.LogicalName
}

// relations are those among the tables, in the order of the tables and of their columns.
func relations(tables []*Table) []relation {
	byName := map[string]*Table{}
	for _, t := range tables {
		byName[t.LogicalName] = t
	}
	var all []relation
	for _, t := range tables {
		if t.Intersect {
			if sides := joinedTables(t, byName); len(sides) == 2 {
				all = append(all, relation{first: sides[0], second: sides[1], between: t})
			}
			continue
		}
		for i := range t.Columns {
			for _, target := range t.Columns[i].Targets {
				if to := byName[target]; to != nil && t.Columns[i].IsLookup() {
					all = append(all, relation{first: to, second: t, column: &t.Columns[i]})
				}
			}
		}
	}
	return all
}

// joinedTables are the tables whose keys an intersect table has as columns.
func joinedTables(t *Table, byName map[string]*Table) []*Table {
	var sides []*Table
	for i := range t.Columns {
		name := t.Columns[i].LogicalName
		if side := byName[strings.TrimSuffix(name, "id")]; side != nil && side != t && side.PrimaryID == name {
			sides = append(sides, side)
		}
	}
	return sides
}

// collections are the navigation properties of a table that hold its relationships.
func collections() map[string]func(relation, *Table) bool {
	return map[string]func(relation, *Table) bool{
		"OneToManyRelationships":  func(r relation, t *Table) bool { return r.between == nil && r.first == t },
		"ManyToOneRelationships":  func(r relation, t *Table) bool { return r.between == nil && r.second == t },
		"ManyToManyRelationships": func(r relation, t *Table) bool { return r.between != nil && (r.first == t || r.second == t) },
	}
}

// relationClass is the type of what a collection holds.
func relationClass(collection string) string {
	if collection == "ManyToManyRelationships" {
		return manyToMany
	}
	return oneToMany
}

// relationProjection chooses what is written of relationships of a class, and which of them.
func (m *metadata) relationProjection(q metadataQuery, class string) (projection[relation], predicate[relation], *apiError) {
	if len(q.expanded) > 0 {
		return projection[relation]{}, nil, unknownProperty(q.expanded[0].name, class)
	}
	properties := relationProperties(class)
	p, err := project(q, class, properties)
	if err != nil {
		return p, nil, err
	}
	if class == anyRelation {
		p.typeOf = relation.class
		if q.selected == nil {
			p.more = func(r relation) []property[relation] { return ownProperties(r.class()) }
		}
	}
	keep, err := compileFilter(q.filter, class, properties)
	return p, keep, err
}

// expandRelations writes one collection of a table's relationships.
func (m *metadata) expandRelations(e expansion, noLabels bool) (navigation[*Table], *apiError) {
	e.query.noLabels = noLabels
	p, keep, err := m.relationProjection(e.query, relationClass(e.name))
	if err != nil {
		return navigation[*Table]{}, err
	}
	context := e.name + "()"
	if selection := p.selection(e.query); selection != "" {
		context = e.name + selection
	}
	all, holds := relations(m.tables), collections()[e.name]
	return navigation[*Table]{name: e.name, context: context, write: func(dst []byte, t *Table) []byte {
		return p.appendArray(dst, all, func(r relation) bool { return holds(r, t) && keep(r) })
	}}, nil
}

// relationsOf answers a request for a collection of one table's relationships.
func (m *metadata) relationsOf(w http.ResponseWriter, q metadataQuery, t *Table, address, collection string) *apiError {
	n, err := m.expandRelations(expansion{name: collection, query: q}, q.noLabels)
	if err != nil {
		return err
	}
	body := appendQuoted([]byte(`{"@odata.context":`), m.base+"/$metadata#"+address+strings.TrimSuffix(n.context, "()"))
	writeJSON(w, append(n.write(append(body, `,"value":`...), t), '}'))
	return nil
}

// serveRelations answers RelationshipDefinitions, whole, cast to one of the two types, or one by SchemaName.
func (m *metadata) serveRelations(w http.ResponseWriter, q metadataQuery, segments []string) *apiError {
	_, key, keyed := cutKey(segments[0])
	class, context := anyRelation, "RelationshipDefinitions"
	if len(segments) > 1 {
		class = strings.TrimPrefix(segments[1], "Microsoft.Dynamics.CRM.")
		if class == segments[1] || len(segments) > 2 || !slices.Contains([]string{oneToMany, manyToMany}, class) {
			return notFound(segments[len(segments)-1])
		}
		context += "/" + segments[1]
	}
	p, keep, err := m.relationProjection(q, class)
	if err != nil {
		return err
	}
	var found []relation
	for _, r := range relations(m.tables) {
		named := !keyed || key == "SchemaName='"+r.name()+"'" || strings.EqualFold(key, r.id())
		if named && keep(r) && (class == anyRelation || class == r.class()) {
			found = append(found, r)
		}
	}
	context = m.base + "/$metadata#" + context + p.selection(q)
	switch {
	case keyed && len(found) == 0:
		return refuse(http.StatusNotFound, "0x80040217", "Could not find a relationship with the key %s.", key)
	case keyed:
		writeJSON(w, p.appendObject(nil, found[0], string(appendQuoted([]byte(`"@odata.context":`), context+"/$entity"))))
		return nil
	}
	out := newStream(w, string(appendQuoted([]byte(`{"@odata.context":`), context))+`,"value":[`)
	for _, r := range found {
		out.element(func(dst []byte) []byte { return p.appendObject(dst, r, "") })
	}
	out.end()
	return nil
}
