package edit_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestRowsAreNamedByAlternateKeys(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
	const keys = "EntityDefinitions(LogicalName='account')/Keys"
	c.Get("accounts(accountnumber='A')").Refused(t, http.StatusBadRequest, "0x80060890", "not a defined key")
	id := c.Write(http.MethodPost, keys, `{"SchemaName":"new_Number","KeyAttributes":["accountnumber","numberofemployees"]}`).Made(t)
	listed := c.Get(keys + "?$select=SchemaName,KeyAttributes,EntityKeyIndexStatus").Values(t)
	require.Len(t, listed, 1)
	assert.Equal(t, id, listed[0]["MetadataId"])
	assert.Equal(t, "Active", listed[0]["EntityKeyIndexStatus"])
	expanded := c.Get("EntityDefinitions(LogicalName='account')?$select=LogicalName&$expand=Keys($select=SchemaName)").JSON(t)
	assert.Equal(t, []any{"new_Number"}, simulatortest.Column(simulatortest.Objects(t, expanded["Keys"]), "SchemaName"))

	const named = "accounts(accountnumber='it''s',numberofemployees=3)"
	c.Get(named).Refused(t, http.StatusNotFound, "0x80060891", "specified key values")
	made := c.Write(http.MethodPatch, named, `{"name":"first"}`).Made(t)
	require.Equal(t, http.StatusNoContent, c.Write(http.MethodPatch, named, `{"name":"again"}`).Status)
	got := c.Get(named + "?$select=name").JSON(t)
	assert.Equal(t, made, got["accountid"], "the second write found the row of the first")
	assert.Equal(t, "again", got["name"])

	c.Write(http.MethodPost, "accounts", `{"accountnumber":"it's","numberofemployees":3}`).Refused(t, http.StatusPreconditionFailed, "0x80060892", "new_Number violated")
	other := c.Write(http.MethodPost, "accounts", `{"accountnumber":"it's","numberofemployees":4}`).Made(t)
	c.Write(http.MethodPatch, "accounts("+other+")", `{"numberofemployees":3}`).Refused(t, http.StatusPreconditionFailed, "0x80060892", "new_Number violated")
	c.Write(http.MethodPost, "accounts", `{"accountnumber":"it's"}`).Made(t) // nulls are not held against each other

	c.Write(http.MethodPost, keys, `{"SchemaName":"new_Number","KeyAttributes":["name"]}`).Refused(t, http.StatusBadRequest, "0x80060893", "new_Number")
	c.Write(http.MethodPost, keys, `{"SchemaName":"new_Other","KeyAttributes":["numberofemployees","accountnumber"]}`).Refused(t, http.StatusBadRequest, "0x80060894", "already exists")
	require.Equal(t, http.StatusNoContent, c.Write(http.MethodDelete, keys+"("+id+")", "").Status)
	assert.Empty(t, c.Get(keys).Values(t))
}

func TestManyRowsAreUpsertedByAnAlternateKey(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
	c.Write(http.MethodPost, "EntityDefinitions(LogicalName='account')/Keys", `{"SchemaName":"new_Number","KeyAttributes":["accountnumber"]}`).Made(t)
	upsert := func(name string) {
		target := func(number string) string {
			return `{"@odata.type":"Microsoft.Dynamics.CRM.account","@odata.id":"accounts(accountnumber='` + number + `')","name":"` + name + `"}`
		}
		got := c.Write(http.MethodPost, "accounts/Microsoft.Dynamics.CRM.UpsertMultiple", `{"Targets":[`+target("1")+","+target("2")+`]}`)
		require.Equal(t, http.StatusNoContent, got.Status, "%s", got.Body)
	}
	upsert("one")
	upsert("two")
	rows := c.Get("accounts?$select=name,accountnumber&$orderby=accountnumber").Values(t)
	assert.Equal(t, []any{"1", "2"}, simulatortest.Column(rows, "accountnumber"))
	assert.Equal(t, []any{"two", "two"}, simulatortest.Column(rows, "name"))
}
