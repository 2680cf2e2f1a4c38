package simulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestRowsAreNamedByAlternateKeys(t *testing.T) {
	c := serve(t, simulator.Options{}, simulator.ServerOptions{})
	const keys = "EntityDefinitions(LogicalName='account')/Keys"
	c.get("accounts(accountnumber='A')").refused(t, http.StatusBadRequest, "0x80060890", "not a defined key")
	id := c.write(http.MethodPost, keys, `{"SchemaName":"new_Number","KeyAttributes":["accountnumber","numberofemployees"]}`).made(t)
	listed := c.get(keys + "?$select=SchemaName,KeyAttributes,EntityKeyIndexStatus").values(t)
	require.Len(t, listed, 1)
	assert.Equal(t, id, listed[0]["MetadataId"])
	assert.Equal(t, "Active", listed[0]["EntityKeyIndexStatus"])
	expanded := c.get("EntityDefinitions(LogicalName='account')?$select=LogicalName&$expand=Keys($select=SchemaName)").json(t)
	assert.Equal(t, []any{"new_Number"}, column(objects(t, expanded["Keys"]), "SchemaName"))

	const named = "accounts(accountnumber='it''s',numberofemployees=3)"
	c.get(named).refused(t, http.StatusNotFound, "0x80060891", "specified key values")
	made := c.write(http.MethodPatch, named, `{"name":"first"}`).made(t)
	require.Equal(t, http.StatusNoContent, c.write(http.MethodPatch, named, `{"name":"again"}`).status)
	got := c.get(named + "?$select=name").json(t)
	assert.Equal(t, made, got["accountid"], "the second write found the row of the first")
	assert.Equal(t, "again", got["name"])

	c.write(http.MethodPost, "accounts", `{"accountnumber":"it's","numberofemployees":3}`).refused(t, http.StatusPreconditionFailed, "0x80060892", "new_Number violated")
	other := c.write(http.MethodPost, "accounts", `{"accountnumber":"it's","numberofemployees":4}`).made(t)
	c.write(http.MethodPatch, "accounts("+other+")", `{"numberofemployees":3}`).refused(t, http.StatusPreconditionFailed, "0x80060892", "new_Number violated")
	c.write(http.MethodPost, "accounts", `{"accountnumber":"it's"}`).made(t) // nulls are not held against each other

	c.write(http.MethodPost, keys, `{"SchemaName":"new_Number","KeyAttributes":["name"]}`).refused(t, http.StatusBadRequest, "0x80060893", "new_Number")
	c.write(http.MethodPost, keys, `{"SchemaName":"new_Other","KeyAttributes":["numberofemployees","accountnumber"]}`).refused(t, http.StatusBadRequest, "0x80060894", "already exists")
	require.Equal(t, http.StatusNoContent, c.write(http.MethodDelete, keys+"("+id+")", "").status)
	assert.Empty(t, c.get(keys).values(t))
}

func TestManyRowsAreUpsertedByAnAlternateKey(t *testing.T) {
	c := serve(t, simulator.Options{}, simulator.ServerOptions{})
	c.write(http.MethodPost, "EntityDefinitions(LogicalName='account')/Keys", `{"SchemaName":"new_Number","KeyAttributes":["accountnumber"]}`).made(t)
	upsert := func(name string) {
		target := func(number string) string {
			return `{"@odata.type":"Microsoft.Dynamics.CRM.account","@odata.id":"accounts(accountnumber='` + number + `')","name":"` + name + `"}`
		}
		got := c.write(http.MethodPost, "accounts/Microsoft.Dynamics.CRM.UpsertMultiple", `{"Targets":[`+target("1")+","+target("2")+`]}`)
		require.Equal(t, http.StatusNoContent, got.status, "%s", got.body)
	}
	upsert("one")
	upsert("two")
	rows := c.get("accounts?$select=name,accountnumber&$orderby=accountnumber").values(t)
	assert.Equal(t, []any{"1", "2"}, column(rows, "accountnumber"))
	assert.Equal(t, []any{"two", "two"}, column(rows, "name"))
}
