package metadata_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestRelationships(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	const contact = "EntityDefinitions(LogicalName='contact')"

	t.Run("each target of a lookup makes one", func(t *testing.T) {
		got := c.Get(contact + "/ManyToOneRelationships?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName&$filter=ReferencingAttribute+eq+'parentcustomerid'").Values(t)
		require.Len(t, got, 2)
		assert.Equal(t, []any{"account", "contact"}, simulatortest.Column(got, "ReferencedEntity"))
		assert.Equal(t, []any{"parentcustomerid_account", "parentcustomerid_contact"}, simulatortest.Column(got, "ReferencingEntityNavigationPropertyName"))
		assert.Len(t, got[0], 4, "three selected, MetadataId")
	})
	t.Run("they can be expanded with the table", func(t *testing.T) {
		got := c.Get("EntityDefinitions(LogicalName='account')?$select=LogicalName&$expand=OneToManyRelationships($select=ReferencingEntity)").JSON(t)
		assert.Contains(t, got["@odata.context"], "#EntityDefinitions(LogicalName,OneToManyRelationships(ReferencingEntity))/$entity")
		assert.Contains(t, simulatortest.Column(simulatortest.Objects(t, got["OneToManyRelationships"]), "ReferencingEntity"), "contact")
	})
	t.Run("an N:N relationship names its intersect table", func(t *testing.T) {
		got := c.Get("EntityDefinitions(LogicalName='role')/ManyToManyRelationships").Values(t)
		require.Len(t, got, 1)
		assert.Equal(t, "systemuserroles_association", got[0]["SchemaName"])
		assert.Equal(t, "systemuserroles", got[0]["IntersectEntityName"])
		assert.Equal(t, "ManyToManyRelationship", got[0]["RelationshipType"])
	})
	t.Run("all of them are listed with their types", func(t *testing.T) {
		got := c.Get("RelationshipDefinitions?$select=SchemaName").Values(t)
		assert.Equal(t, "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", got[0]["@odata.type"])
		cast := c.Get("RelationshipDefinitions/Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata?$select=SchemaName,IntersectEntityName").Values(t)
		assert.ElementsMatch(t, []any{"systemuserroles", "teammembership"}, simulatortest.Column(cast, "IntersectEntityName"))
		assert.NotContains(t, cast[0], "@odata.type")
	})
	t.Run("one is found by its name", func(t *testing.T) {
		got := c.Get("RelationshipDefinitions(SchemaName='systemuserroles_association')").JSON(t)
		assert.Equal(t, "systemuserroles", got["IntersectEntityName"])
		c.Get("RelationshipDefinitions(SchemaName='nope')").Refused(t, 404, "0x80040217", "nope")
	})
	t.Run("no column shares a global option set", func(t *testing.T) {
		assert.Empty(t, c.Get("GlobalOptionSetDefinitions").Values(t))
		c.Get("GlobalOptionSetDefinitions(Name='nope')").Refused(t, 404, "0x80040217", "nope")
		c.Get("GlobalOptionSetDefinitions?$filter=Name+eq+'nope'").Refused(t, 400, "0x80060888", "$filter is not supported")
	})
	for name, path := range map[string]string{
		"a property of a derived type":  "RelationshipDefinitions?$select=ReferencingEntity",
		"an unknown property":           contact + "/ManyToOneRelationships?$select=Nope",
		"something behind a collection": contact + "/ManyToOneRelationships/Nope",
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			assert.GreaterOrEqual(t, c.Get(path).Status, 400)
		})
	}
}
