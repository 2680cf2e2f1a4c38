package webapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestAddPrivilegesRole(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Rows: map[string]int{"role": 1, "plugintracelog": 3, "account": 40}}, simulator.ServerOptions{})
	role, _ := c.Get("roles?$select=name").Values(t)[0]["roleid"].(string)
	action := "roles(" + role + ")/Microsoft.Dynamics.CRM.AddPrivilegesRole"
	privilege := func(name, depth string) string {
		return `{"Privileges":[{"PrivilegeId":"` + schema.PrivilegeID(name) + `","Depth":"` + depth + `"}]}`
	}
	refusals := []struct {
		name, action, body string
		status             int
		code, message      string
	}{
		{"an unknown role", "roles(" + noRow + ")/Microsoft.Dynamics.CRM.AddPrivilegesRole", privilege("prvReadAccount", "Global"), 404, "0x80040217", "'role'"},
		{"an unknown privilege", action, privilege("prvReadNothing", "Global"), 404, "0x80040217", "'privilege'"},
		{"an unknown depth", action, privilege("prvReadAccount", "Organization"), 400, "0x80048d19", "'Organization'"},
		{"no privileges", action, `{}`, 400, "0x80048d19", "'Privileges'"},
	}
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			c.Write("POST", test.action, test.body).Refused(t, test.status, test.code, test.message)
		})
	}
	c.Get("plugintracelogs").Refused(t, 403, "0x80040220", "prvReadPlugInTraceLog")
	require.Equal(t, 204, c.Write("POST", action, privilege("prvReadPlugInTraceLog", "Global")).Status)
	assert.Len(t, c.Get("plugintracelogs?$select=typename").Values(t), 3)
	require.Equal(t, 204, c.Write("POST", action, privilege("prvWriteAccount", "0")).Status)
	assert.Len(t, c.Get("accounts?$select=name").Values(t), 40, "reading is another privilege")
	require.Equal(t, 204, c.Write("POST", action, privilege("prvReadAccount", "0")).Status)
	assert.Less(t, len(c.Get("accounts?$select=name").Values(t)), 40, "the user's own")
}

// noRow is an ID that no row has.
const noRow = "00000000-0000-0000-0000-000000000009"
