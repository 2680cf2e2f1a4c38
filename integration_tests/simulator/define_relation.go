package simulator

import (
	"cmp"
	"net/http"
	"strings"
)

// relationPayload is OneToManyRelationshipMetadata or ManyToManyRelationshipMetadata as clients send it.
type relationPayload struct {
	Type                string `json:"@odata.type"`
	SchemaName          string
	ReferencedEntity    string
	ReferencingEntity   string
	Lookup              columnPayload
	Entity1LogicalName  string
	Entity2LogicalName  string
	IntersectEntityName string
}

// relationship makes or deletes a relationship.
func (d *definer) relationship(key string, keyed bool) (defined, *apiError) {
	switch {
	case d.method == http.MethodPost && !keyed:
		p, refusal := payload[relationPayload](d.body)
		if refusal != nil {
			return "", refusal
		}
		id, refusal := d.env.relate(&p)
		return defined("RelationshipDefinitions(" + id + ")"), refusal
	case d.method == http.MethodDelete && keyed:
		return "", d.env.unrelate(key)
	default:
		return "", wrongMethod(d.method)
	}
}

// relate makes a relationship, with the lookup or the intersect table behind it, and gives its id.
func (e *Environment) relate(p *relationPayload) (string, *apiError) {
	if refusal := prefixed(p.SchemaName, "Relationship"); refusal != nil {
		return "", refusal
	}
	for _, r := range relations(e.tables()) {
		if r.name() == p.SchemaName {
			return "", refuse(http.StatusBadRequest, "0x80047010", "An object with the specified name %s already exists, ensure that the display name and/or schema name is unique.", p.SchemaName)
		}
	}
	switch strings.TrimPrefix(strings.TrimPrefix(p.Type, "#"), "Microsoft.Dynamics.CRM.") {
	case oneToMany:
		return e.relateByLookup(p)
	case manyToMany:
		return e.relateByTable(p)
	default:
		return "", refuse(http.StatusBadRequest, "0x8004700F", "The specified relationship type is not valid for this operation")
	}
}

func (e *Environment) relateByLookup(p *relationPayload) (string, *apiError) {
	for _, name := range []string{p.ReferencedEntity, p.ReferencingEntity} {
		if e.table(name) == nil {
			return "", unknownTable(name)
		}
	}
	p.Lookup.Type, p.Lookup.Targets = "Microsoft.Dynamics.CRM.LookupAttributeMetadata", []string{p.ReferencedEntity}
	columns, refusal := p.Lookup.columns()
	if refusal != nil {
		return "", refusal
	}
	columns[0].Relation = p.SchemaName
	if _, refusal := e.addColumns(p.ReferencingEntity, columns); refusal != nil {
		return "", refusal
	}
	return relationID(p.SchemaName), nil
}

func (e *Environment) relateByTable(p *relationPayload) (string, *apiError) {
	first, second := e.table(p.Entity1LogicalName), e.table(p.Entity2LogicalName)
	switch {
	case first == nil:
		return "", unknownTable(p.Entity1LogicalName)
	case second == nil:
		return "", unknownTable(p.Entity2LogicalName)
	case first == second:
		return "", badQuery("Relationships of a table with itself are not supported by this simulator.")
	}
	schemaName := cmp.Or(p.IntersectEntityName, p.SchemaName)
	d := define(schemaName, strings.ToLower(schemaName)+"set", e.nextTypeCode()).custom().intersect()
	d.table.Relation = p.SchemaName
	d.key(schemaName + "Id")
	d.guids(first.PrimaryID, second.PrimaryID)
	d.version()
	if err := e.AddTable(d.done(), 0); err != nil {
		return "", refuse(http.StatusBadRequest, "0x80047010", "%v", err)
	}
	return relationID(p.SchemaName), nil
}

// unrelate deletes a custom relationship with the lookup or the intersect table behind it.
func (e *Environment) unrelate(key string) *apiError {
	for _, r := range relations(e.tables()) {
		if key != "SchemaName='"+r.name()+"'" && !strings.EqualFold(key, r.id()) {
			continue
		}
		switch {
		case !r.custom():
			return refuse(http.StatusBadRequest, "0x8004700A", "The specified relationship is not a custom relationship")
		case r.between == nil:
			return e.removeColumns(r.second.LogicalName, r.column.LogicalName)
		}
		if err := e.RemoveTable(r.between.LogicalName); err != nil {
			return refuse(http.StatusNotFound, "0x80040217", "%v", err)
		}
		return nil
	}
	return refuse(http.StatusNotFound, "0x80040217", "Could not find a relationship with the key %s.", key)
}
