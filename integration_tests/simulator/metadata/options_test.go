package metadata_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestGlobalChoices(t *testing.T) {
	red := []schema.Option{{Value: 1, Label: "Red"}, {Value: 2, Label: "Green"}}
	environment := func(t *testing.T, both bool) *simulatortest.Caller {
		t.Helper()
		d := schema.Define("contoso_Paint", "contoso_paints", 10900).Custom()
		d.Key("contoso_PaintId")
		d.Add(schema.Column{SchemaName: "contoso_Inside", Type: schema.Picklist, Options: red, GlobalChoice: "contoso_colour"})
		d.Add(schema.Column{SchemaName: "contoso_Outside", Type: schema.MultiSelectPicklist, Options: red, GlobalChoice: "contoso_colour"})
		d.Add(schema.Column{SchemaName: "contoso_Finish", Type: schema.Picklist, Options: red})
		return simulatortest.Serve(t, simulator.Options{Tables: []*schema.Table{d.Done()}, Behaviors: simulator.Behaviors{BothOptionSets: both}}, simulator.ServerOptions{})
	}
	read := func(t *testing.T, c *simulatortest.Caller, column string) (own, global any) {
		t.Helper()
		for _, each := range c.Get("EntityDefinitions(LogicalName='contoso_paint')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet").Values(t) {
			if each["LogicalName"] == column {
				own, global = each["OptionSet"], each["GlobalOptionSet"]
			}
		}
		return own, global
	}
	t.Run("fill one navigation property", func(t *testing.T) {
		c := environment(t, false)
		own, global := read(t, c, "contoso_inside")
		assert.Nil(t, own)
		assert.Equal(t, true, global.(map[string]any)["IsGlobal"])
		own, global = read(t, c, "contoso_finish")
		assert.Nil(t, global)
		assert.Equal(t, "contoso_paint_contoso_finish", own.(map[string]any)["Name"])
	})
	t.Run("can fill both", func(t *testing.T) {
		own, global := read(t, environment(t, true), "contoso_finish")
		assert.Equal(t, own, global)
		assert.Equal(t, false, global.(map[string]any)["IsGlobal"])
	})
	t.Run("are repeated whole in each column", func(t *testing.T) {
		c := environment(t, false)
		inside := columns(t, changes(c, choiceQuery("contoso_paint", "PicklistType", ""), ""))["contoso_inside"]["OptionSet"].(map[string]any)
		outside := columns(t, changes(c, choiceQuery("contoso_paint", "MultiSelectPicklistType", ""), ""))["contoso_outside"]["OptionSet"].(map[string]any)
		assert.Equal(t, inside["MetadataId"], outside["MetadataId"])
		assert.Equal(t, "contoso_colour", outside["Name"])
		assert.Len(t, outside["Options"], 2)
	})
	t.Run("have definitions of their own", func(t *testing.T) {
		c := environment(t, false)
		found := c.Get("GlobalOptionSetDefinitions/Microsoft.Dynamics.CRM.OptionSetMetadata").Values(t)
		assert.Equal(t, []any{"contoso_colour"}, simulatortest.Column(found, "Name"))
		assert.Equal(t, "contoso_colour", c.Get("GlobalOptionSetDefinitions(Name='contoso_colour')").JSON(t)["Name"])
		c.Get("GlobalOptionSetDefinitions(Name='nope')").Refused(t, 404, "0x80040217", "Could not find an optionset")
		c.Get("GlobalOptionSetDefinitions?$filter=Name%20eq%20'x'").Refused(t, 400, "0x80060888", "$filter")
	})
	t.Run("have the same options in all columns", func(t *testing.T) {
		c := environment(t, false)
		require.NoError(t, c.Environment.SetOptions("contoso_paint", "contoso_inside", red[:1]))
		table, _ := c.Environment.Table("contoso_paint")
		assert.Len(t, table.Column("contoso_outside").Options, 1)
		assert.Len(t, table.Column("contoso_finish").Options, 2)
		require.Error(t, c.Environment.SetOptions("contoso_paint", "nope", red))
	})
}

func TestOptionsAreChangedByActions(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Tables: schema.Extended(), Languages: []int{1033, 1031}}, simulator.ServerOptions{})
	const channel, rating = `"EntityLogicalName":"contoso_survey","AttributeLogicalName":"contoso_channel"`, `"OptionSetName":"contoso_rating"`
	act := func(action, body string) simulatortest.Response {
		return c.Write(http.MethodPost, action, "{"+body+"}")
	}
	labels := func(t *testing.T, column string) map[string]map[string]any {
		t.Helper()
		found := map[string]map[string]any{}
		for _, o := range options(t, columns(t, changes(c, choiceQuery("contoso_survey", "PicklistType", ""), ""))[column]) {
			found[fmt.Sprint(o["Value"])] = texts(t, o["Label"])
		}
		return found
	}
	made := act("InsertOptionValue", channel+`,"Label":{"LocalizedLabels":[{"Label":"Chat","LanguageCode":1033},{"Label":"Plausch","LanguageCode":1031}]}`)
	assert.Equal(t, "100000000", fmt.Sprint(made.JSON(t)["NewOptionValue"]))
	assert.Equal(t, map[string]any{"1033": "Chat", "1031": "Plausch"}, labels(t, "contoso_channel")["100000000"])

	require.Equal(t, http.StatusNoContent, act("UpdateOptionValue", rating+`,"Value":100000002,"MergeLabels":true,"Label":{"LocalizedLabels":[{"Label":"Excellent","LanguageCode":1033}]}`).Status)
	for _, column := range []string{"contoso_price", "contoso_service"} {
		assert.Equal(t, map[string]any{"1033": "Excellent", "1031": "Gut"}, labels(t, column)["100000002"])
	}
	require.Equal(t, http.StatusNoContent, act("DeleteOptionValue", channel+`,"Value":1`).Status)
	assert.NotContains(t, labels(t, "contoso_channel"), "1")

	act("InsertOptionValue", channel+`,"Value":2`).Refused(t, 400, "0x80044310", "must be unique")
	act("InsertOptionValue", `"EntityLogicalName":"contoso_survey","AttributeLogicalName":"statecode","Value":2`).Refused(t, 400, "0x80044320", "only to picklist and status attributes")
	act("DeleteOptionValue", channel+`,"Value":77`).Refused(t, 400, "0x8004431A", "out of the range")
	act("DeleteOptionValue", `"OptionSetName":"nope","Value":1`).Refused(t, 404, "0x80040217", "Could not find an optionset")
	c.Get("InsertOptionValue").Refused(t, 405, "0x80060888", "GET")
}
