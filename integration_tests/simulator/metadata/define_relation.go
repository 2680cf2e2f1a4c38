package metadata

import (
	"cmp"
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
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
func (d *definer) relationship(key string, keyed bool) (defined, *odata.Error) {
	switch {
	case d.method == http.MethodPost && !keyed:
		p, refusal := payload[relationPayload](d.body)
		if refusal != nil {
			return "", refusal
		}
		id, refusal := relate(d.env, &p)
		return defined("RelationshipDefinitions(" + id + ")"), refusal
	case d.method == http.MethodDelete && keyed:
		return "", unrelate(d.env, key)
	default:
		return "", odata.WrongMethod(d.method)
	}
}

// relate makes a relationship, with the lookup or the intersect table that implements it, and returns its id.
func relate(db *rows.Database, p *relationPayload) (string, *odata.Error) {
	if refusal := prefixed(p.SchemaName, "Relationship"); refusal != nil {
		return "", refusal
	}
	for _, r := range Relations(db.Tables()) {
		if r.Name() == p.SchemaName {
			return "", odata.Refuse(http.StatusBadRequest, "0x80047010", "An object with the specified name %s already exists, ensure that the display name and/or schema name is unique.", p.SchemaName)
		}
	}
	switch strings.TrimPrefix(strings.TrimPrefix(p.Type, "#"), "Microsoft.Dynamics.CRM.") {
	case oneToMany:
		return relateByLookup(db, p)
	case manyToMany:
		return relateByTable(db, p)
	default:
		return "", odata.Refuse(http.StatusBadRequest, "0x8004700F", "The specified relationship type is not valid for this operation")
	}
}

func relateByLookup(db *rows.Database, p *relationPayload) (string, *odata.Error) {
	for _, name := range []string{p.ReferencedEntity, p.ReferencingEntity} {
		if db.TableByName(name) == nil {
			return "", odata.UnknownTable(name)
		}
	}
	p.Lookup.Type, p.Lookup.Targets = "Microsoft.Dynamics.CRM.LookupAttributeMetadata", []string{p.ReferencedEntity}
	columns, refusal := p.Lookup.columns()
	if refusal != nil {
		return "", refusal
	}
	columns[0].Relation = p.SchemaName
	if _, refusal := addColumns(db, p.ReferencingEntity, columns); refusal != nil {
		return "", refusal
	}
	return relationID(p.SchemaName), nil
}

func relateByTable(db *rows.Database, p *relationPayload) (string, *odata.Error) {
	first, second := db.TableByName(p.Entity1LogicalName), db.TableByName(p.Entity2LogicalName)
	switch {
	case first == nil:
		return "", odata.UnknownTable(p.Entity1LogicalName)
	case second == nil:
		return "", odata.UnknownTable(p.Entity2LogicalName)
	case first == second:
		return "", odata.BadQuery("Relationships of a table with itself are not supported by this simulator.")
	}
	schemaName := cmp.Or(p.IntersectEntityName, p.SchemaName)
	d := schema.Define(schemaName, strings.ToLower(schemaName)+"set", nextTypeCode(db)).Custom().Intersect()
	d.Table.Relation = p.SchemaName
	d.Key(schemaName + "Id")
	d.Guids(first.PrimaryID, second.PrimaryID)
	d.Version()
	if err := db.AddTable(d.Done(), 0); err != nil {
		return "", odata.Refuse(http.StatusBadRequest, "0x80047010", "%v", err)
	}
	return relationID(p.SchemaName), nil
}

// unrelate deletes a custom relationship with the lookup or the intersect table that implements it.
func unrelate(db *rows.Database, key string) *odata.Error {
	for _, r := range Relations(db.Tables()) {
		if key != "SchemaName='"+r.Name()+"'" && !strings.EqualFold(key, r.id()) {
			continue
		}
		switch {
		case !r.custom():
			return odata.Refuse(http.StatusBadRequest, "0x8004700A", "The specified relationship is not a custom relationship")
		case r.Between == nil:
			return removeColumns(db, r.Second.LogicalName, r.Column.LogicalName)
		}
		if err := db.RemoveTable(r.Between.LogicalName); err != nil {
			return odata.Refuse(http.StatusNotFound, "0x80040217", "%v", err)
		}
		return nil
	}
	return odata.Refuse(http.StatusNotFound, "0x80040217", "Could not find a relationship with the key %s.", key)
}
