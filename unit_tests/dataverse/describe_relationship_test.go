package dataverse_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
)

// manyToMany is a relationship of two tables in a response.
func manyToMany(name, first, second string) string {
	return `{"SchemaName":"` + name + `","MetadataId":"r","IsCustomRelationship":true,"Entity1LogicalName":"` + first + `","Entity2LogicalName":"` + second +
		`","IntersectEntityName":"` + name + `s","Entity1IntersectAttribute":"` + first + `id","Entity2IntersectAttribute":"` + second +
		`id","Entity1NavigationPropertyName":"n1","Entity2NavigationPropertyName":"n2"}`
}

func TestRelationshipsAreDescribedOnce(t *testing.T) {
	parent := `{"SchemaName":"account_parent","MetadataId":"p","IsCustomRelationship":false,"ReferencingEntity":"account","ReferencingAttribute":"parentid",` +
		`"ReferencingEntityNavigationPropertyName":"parentid","ReferencedEntity":"account","ReferencedAttribute":"accountid",` +
		`"ReferencedEntityNavigationPropertyName":"children","CascadeConfiguration":{"Assign":"NoCascade","Delete":"RemoveLink"}}`
	both, self := manyToMany("account_contact", "account", "contact"), manyToMany("account_self", "account", "account")
	before, unselected := manyToMany("account_lead", "aaa", "account"), manyToMany("lead_contact", "lead", "contact")
	s := newService(t, changes(
		`{"LogicalName":"account","ManyToOneRelationships":[`+parent+`],"ManyToManyRelationships":[`+both+`,`+self+`,`+self+`,`+before+`]}`,
		`{"LogicalName":"contact","ManyToManyRelationships":[`+both+`,`+unselected+`],"ManyToOneRelationships":[]}`))
	found := describe(t, s, dataverse.RelationshipMetadata, func(q *dataverse.MetadataRequest) {
		q.Described = func(table string) bool { return table != "lead" }
	})
	assert.Equal(t, map[string]any{
		"schema_name": "account_parent", "metadata_id": "p", "kind": "one_to_many", "is_custom": false, "referencing_table": "account",
		"referencing_column": "parentid", "referencing_navigation": "parentid", "referenced_table": "account", "referenced_column": "accountid",
		"referenced_navigation": "children", "intersect_table": nil, "intersect_referencing_column": nil, "intersect_referenced_column": nil,
		"cascade_delete": "RemoveLink",
	}, found[0])
	assert.Equal(t, map[string]any{
		"schema_name": "account_contact", "metadata_id": "r", "kind": "many_to_many", "is_custom": true, "referencing_table": "account",
		"referencing_column": nil, "referencing_navigation": "n1", "referenced_table": "contact", "referenced_column": nil,
		"referenced_navigation": "n2", "intersect_table": "account_contacts", "intersect_referencing_column": "accountid",
		"intersect_referenced_column": "contactid", "cascade_delete": nil,
	}, found[1])
	assert.Equal(t, [][]any{{"account_parent"}, {"account_contact"}, {"account_self"}, {"lead_contact"}}, values(found, "schema_name"),
		"one that is listed by two tables is described with the first that is described at all")
}
