package webapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestStringMaps(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Tables: schema.Extended(), Languages: []int{1033, 1036}}, simulator.ServerOptions{})
	labels := func(table, column string) map[string]string {
		found := map[string]string{}
		for _, row := range c.Get("stringmaps?$filter=" + url.QueryEscape("objecttypecode eq '"+table+"' and attributename eq '"+column+"'")).Values(t) {
			found[fmt.Sprint(row["attributevalue"], " ", row["langid"])] = row["value"].(string)
		}
		return found
	}
	t.Run("are read by a set that $metadata does not mention", func(t *testing.T) {
		assert.NotEmpty(t, c.Get("stringmaps?$top=1").Values(t))
		assert.NotContains(t, string(c.Get("$metadata").Body), "stringmap")
		assert.NotContains(t, simulatortest.Column(c.Get("").Values(t), "name"), "stringmaps")
		assert.Equal(t, "stringmaps", c.Get("EntityDefinitions(LogicalName='stringmap')?$select=EntitySetName").JSON(t)["EntitySetName"])
	})
	t.Run("hold each label of an option", func(t *testing.T) {
		assert.Equal(t, map[string]string{"100000000 1033": "Poor", "100000000 1036": "Mauvais", "100000001 1033": "Fair", "100000002 1033": "Good", "100000002 1036": "Bon",
			"100000003 1033": "Not asked", "100000003 1036": "Not asked (1036)"}, labels("contoso_survey", "contoso_price"))
		assert.Equal(t, "Active", labels("contoso_survey", "statecode")["0 1033"])
	})
	t.Run("follow the options", func(t *testing.T) {
		require.NoError(t, c.Environment.SetOptions("contoso_survey", "contoso_channel", []schema.Option{{Value: 3, Label: "Internet", Translations: map[int]string{1036: ""}}}))
		assert.Equal(t, map[string]string{"3 1033": "Internet"}, labels("contoso_survey", "contoso_channel"))
		require.NoError(t, c.Environment.RemoveColumn("contoso_survey", "contoso_channel"))
		assert.Empty(t, labels("contoso_survey", "contoso_channel"))
	})
	t.Run("cannot be tracked or written", func(t *testing.T) {
		c.Sized("stringmaps", "odata.track-changes").Refused(t, 400, "0x80072491", "isn't enabled for change tracking")
		c.Write(http.MethodPost, "stringmaps", `{}`).Refused(t, 400, "0x80040800", "'Create' method does not support entities of type 'stringmap'")
	})
}

func TestAudits(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Tables: schema.Extended(), Rows: map[string]int{"audit": 20, "account": 3, "contact": 3}}, simulator.ServerOptions{})
	rows := c.Sized("audits?$orderby=createdon,auditid", `odata.include-annotations="*"`).Values(t)
	require.Len(t, rows, 20)
	for _, row := range rows {
		assert.NotContains(t, row, "versionnumber")
		assert.NotContains(t, row, "modifiedon")
		assert.NotContains(t, row, "@odata.etag")
		assert.Equal(t, row["_objectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], row["objecttypecode"])
	}
	expanded := c.Get("audits?$select=action&$expand=userid($select=fullname)").Values(t)
	assert.Nil(t, expanded[0]["userid"], "navigation properties lead nowhere")
	for name := range rows[0] {
		assert.NotContains(t, name, "associatednavigationproperty")
	}
	c.Get("audits?$orderby=versionnumber").Refused(t, 400, "0x80060888", "Could not find a property named 'versionnumber'")
	c.Write(http.MethodPost, "audits", `{}`).Refused(t, 400, "0x80040800", "'Create' method does not support entities of type 'audit'")
	_, err := c.Environment.Create("audit", simulator.Row{"action": 2})
	require.NoError(t, err)
	assert.Len(t, c.Environment.IDs("audit"), 21)
}
