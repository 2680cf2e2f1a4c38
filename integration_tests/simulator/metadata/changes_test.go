package metadata_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// changes calls RetrieveMetadataChanges with a query and, where given, a client's stamp.
func changes(c *simulatortest.Caller, query, stamp string) simulatortest.Response {
	c.T.Helper()
	if stamp == "" {
		return c.Get("RetrieveMetadataChanges(Query=@p1)?@p1=" + url.QueryEscape(query))
	}
	return c.Get("RetrieveMetadataChanges(DeletedMetadataFilters=@p3,ClientVersionStamp=@p2,Query=@p1)?@p3=" +
		url.QueryEscape("Microsoft.Dynamics.CRM.DeletedMetadataFilters'Default'") + "&@p2=" + url.QueryEscape("'"+stamp+"'") + "&@p1=" + url.QueryEscape(query))
}

func tables(a simulatortest.Response, t *testing.T) []map[string]any {
	t.Helper()
	require.Equal(t, 200, a.Status, "%s", a.Body)
	return simulatortest.Objects(t, a.JSON(t)["EntityMetadata"])
}

const onlyNames = `{"Properties":{"AllProperties":false,"PropertyNames":["EntitySetName"]}}`

func TestRetrieveMetadataChanges(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})

	t.Run("properties that were not asked for are null", func(t *testing.T) {
		got := changes(c, onlyNames, "")
		assert.NotEmpty(t, got.JSON(t)["ServerVersionStamp"])
		tables := tables(got, t)
		assert.Len(t, tables, len(schema.Realistic()))
		for _, table := range tables {
			assert.NotNil(t, table["LogicalName"])
			assert.NotNil(t, table["MetadataId"])
			assert.Contains(t, table, "SchemaName")
			assert.Nil(t, table["SchemaName"])
			assert.Nil(t, table["Attributes"])
		}
	})
	t.Run("every parameter may be missing", func(t *testing.T) {
		for _, path := range []string{"RetrieveMetadataChanges", "RetrieveMetadataChanges()"} {
			assert.Len(t, tables(c.Get(path), t), len(schema.Realistic()), path)
		}
	})
	t.Run("columns are filtered and keep the properties of their own type", func(t *testing.T) {
		got := changes(c, `{"Criteria":{"FilterOperator":"And","Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"Equals","Value":{"Type":"System.String","Value":"contoso_everything"}}]},
			"Properties":{"AllProperties":false,"PropertyNames":["EntitySetName","Attributes"]},
			"AttributeQuery":{"Criteria":{"FilterOperator":"And","Conditions":[{"PropertyName":"IsValidODataAttribute","ConditionOperator":"Equals","Value":{"Type":"System.Boolean","Value":"true"}}]},
				"Properties":{"AllProperties":false,"PropertyNames":["AttributeTypeName","DateTimeBehavior","Targets","OptionSet"]}}}`, "")
		tables := tables(got, t)
		require.Len(t, tables, 1)
		found := map[any]map[string]any{}
		for _, each := range simulatortest.Objects(t, tables[0]["Attributes"]) {
			found[each["LogicalName"]] = each
		}
		assert.Equal(t, "#Microsoft.Dynamics.CRM.ComplexDateTimeAttributeMetadata", found["contoso_dateonly"]["@odata.type"])
		assert.Equal(t, map[string]any{"Value": "DateOnly"}, found["contoso_dateonly"]["DateTimeBehavior"])
		assert.Equal(t, []any{"contact"}, found["contoso_contact"]["Targets"])
		assert.Nil(t, found["contoso_contact"]["SchemaName"])
		assert.NotContains(t, found, "contoso_choicename")
		options, _ := found["contoso_choice"]["OptionSet"].(map[string]any)
		assert.Len(t, options["Options"], 3)
	})
}

func TestMetadataCriteria(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	criteria := []struct{ name, criteria, want string }{
		{"In", `{"Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"In","Value":{"Type":"System.String[]","Value":"[\"account\",\"task\"]"}}]}`, "account task"},
		{"Or", `{"FilterOperator":"Or","Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"Equals","Value":{"Type":"System.String","Value":"task"}}],
			"Filters":[{"FilterOperator":"And","Conditions":[{"PropertyName":"IsIntersect","ConditionOperator":"Equals","Value":{"Type":"System.Boolean","Value":"true"}},
				{"PropertyName":"ObjectTypeCode","ConditionOperator":"LessThan","Value":{"Type":"System.Int32","Value":"20"}}]}]}`, "systemuserroles task"},
		{"NotIn", `{"Conditions":[{"PropertyName":"TableType","ConditionOperator":"NotIn","Value":{"Type":"System.String[]","Value":"[\"Standard\",\"Activity\",\"Virtual\"]"}}]}`, "contoso_sensordata"},
		{"GreaterThan", `{"Conditions":[{"PropertyName":"ObjectTypeCode","ConditionOperator":"GreaterThan","Value":{"Type":"System.Int32","Value":"10004"}}]}`, "contoso_wide"},
		{"NotEquals of a managed property", `{"Conditions":[{"PropertyName":"CanChangeTrackingBeEnabled","ConditionOperator":"NotEquals","Value":{"Type":"System.Boolean","Value":"true"}},
			{"PropertyName":"ChangeTrackingEnabled","ConditionOperator":"Equals","Value":{"Type":"System.Boolean","Value":true}}]}`, "systemuserroles team teammembership"},
	}
	for _, test := range criteria {
		t.Run("criteria may say "+test.name, func(t *testing.T) {
			text := ""
			for _, table := range tables(changes(c, `{"Criteria":`+test.criteria+`,"Properties":{"PropertyNames":[]}}`, ""), t) {
				text += " " + table["LogicalName"].(string)
			}
			assert.Equal(t, " "+test.want, text)
		})
	}
}

func TestRefusedMetadataQueries(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	refusals := []struct{ name, query, code, message string }{
		{"JSON that is cut", `{"Criteria":`, "0x80060888", "EntityQueryExpression"},
		{"an unknown member", `{"Nope":1}`, "0x80060888", "Nope"},
		{"a member in the wrong case", `{"criteria":{}}`, "0x80060888", "criteria"},
		{"an unknown operator", `{"Criteria":{"Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"Like"}]}}`, "0x80060888", "MetadataConditionOperator"},
		{"an unknown logical operator", `{"Criteria":{"FilterOperator":"Xor"}}`, "0x80060888", "LogicalOperator"},
		{"a condition on an unknown property", `{"Criteria":{"Conditions":[{"PropertyName":"Nope","ConditionOperator":"Equals"}]}}`, "0x80044183", "Nope"},
		{"an unknown property", `{"Properties":{"PropertyNames":["Nope"]}}`, "0x80044183", "Nope"},
		{"a value of another type", `{"Criteria":{"Conditions":[{"PropertyName":"IsIntersect","ConditionOperator":"Equals","Value":{"Type":"System.String","Value":"maybe"}}]}}`, "0x80044183", "IsIntersect"},
	}
	for _, test := range refusals {
		t.Run(test.name+" is refused", func(t *testing.T) {
			changes(c, test.query, "").Refused(t, 400, test.code, test.message)
		})
	}
	t.Run("an unknown parameter is refused", func(t *testing.T) {
		c.Get("RetrieveMetadataChanges(Nope=1)").Refused(t, 400, "0x80060888", "Nope")
	})
}

func TestMetadataStamps(t *testing.T) {
	clock := simulatortest.NewClock()
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Clock: clock.Now}, simulator.ServerOptions{TokenLife: 1000 * time.Hour * 24})
	stamp, _ := changes(c, onlyNames, "").JSON(t)["ServerVersionStamp"].(string)
	assert.Contains(t, stamp, "!03/01/2026 12:00:00")

	t.Run("nothing comes while nothing changes", func(t *testing.T) {
		got := changes(c, onlyNames, stamp)
		assert.Empty(t, tables(got, t))
		assert.Equal(t, stamp, got.JSON(t)["ServerVersionStamp"])
	})
	t.Run("changed and deleted tables come once", func(t *testing.T) {
		id := c.Get("EntityDefinitions(LogicalName='feedback')?$select=MetadataId").JSON(t)["MetadataId"]
		require.NoError(t, c.Environment.AddColumn("account", schema.Column{LogicalName: "new_x", SchemaName: "new_x", Type: schema.Integer}))
		require.NoError(t, c.Environment.RemoveTable("feedback"))
		got := changes(c, onlyNames, stamp)
		assert.Equal(t, []any{"account"}, simulatortest.Column(tables(got, t), "LogicalName"))
		deleted, _ := got.JSON(t)["DeletedMetadata"].(map[string]any)
		assert.Equal(t, []any{"Default"}, deleted["Keys"], "the filter of tables, which the Web API has no other name for")
		assert.Equal(t, []any{map[string]any{"Items": []any{id}}}, deleted["Values"])
		next, _ := got.JSON(t)["ServerVersionStamp"].(string)
		assert.NotEqual(t, stamp, next)
		assert.Empty(t, tables(changes(c, onlyNames, next), t))
	})
	t.Run("deletions are reported only on request", func(t *testing.T) {
		got := c.Get("RetrieveMetadataChanges(ClientVersionStamp=@p1)?@p1=" + url.QueryEscape("'"+stamp+"'"))
		deleted, _ := got.JSON(t)["DeletedMetadata"].(map[string]any)
		assert.EqualValues(t, "0", deleted["Count"])
	})
	for name, bad := range map[string]string{"a stamp without a time": "123", "a stamp that is no stamp": "x!y"} {
		t.Run(name+" is refused", func(t *testing.T) {
			changes(c, onlyNames, bad).Refused(t, 400, "0x80044183", "Invalid version stamp")
		})
	}
	t.Run("a stamp of another environment has expired", func(t *testing.T) {
		changes(c, onlyNames, "1!03/01/2026 12:00:00").Refused(t, 400, "0x80044352", "Please perform a full sync")
	})
	t.Run("a stamp expires after 90 days", func(t *testing.T) {
		clock.Add(91 * 24 * time.Hour)
		changes(c, onlyNames, stamp).Refused(t, 400, "0x80044352", "Please perform a full sync")
	})
}

func TestMetadataChangesUnavailable(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Behaviors: simulator.Behaviors{MetadataChangesUnavailable: true}}, simulator.ServerOptions{})
	t.Run("the function can be made unavailable", func(t *testing.T) {
		changes(c, onlyNames, "").Refused(t, 501, "0x80060888", "RetrieveMetadataChanges")
	})
}
