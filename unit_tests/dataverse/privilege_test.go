package dataverse_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestPrivilegesAreReadInOneRequest(t *testing.T) {
	s := newService(t, good(`{"@odata.context":"HOST/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse","RolePrivileges":[`+
		`{"Depth":"Local","PrivilegeId":"p1","BusinessUnitId":"b","PrivilegeName":"prvReadAccount"},`+
		`{"Depth":"Deep","PrivilegeName":"prvReadContact"},{"Depth":"Global","PrivilegeName":"prvWriteAccount"},`+
		`{"Depth":"Global","PrivilegeName":"prvReadLead"},{"Depth":"Basic","PrivilegeName":"prvReadLead"},`+
		`{"Depth":"Basic","PrivilegeName":"prvReadContact"},{"Depth":"Sideways","PrivilegeName":"prvReadTask"},`+
		`{"Depth":"Global","PrivilegeName":null}]}`))
	privileges, err := s.client().Privileges(t.Context(), "4026be43-6b69-e111-8f65-78e7d1620f5e")
	require.NoError(t, err)
	for table, depth := range map[string]dataverse.Depth{
		"account": dataverse.Local, "contact": dataverse.Deep, "lead": dataverse.Global, "task": "", "email": "",
	} {
		assert.Equal(t, depth, privileges.Read(table), table)
	}
	require.Len(t, s.requests(), 1)
	assert.Equal(t, "/api/data/v9.2/systemusers(4026be43-6b69-e111-8f65-78e7d1620f5e)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()",
		s.requests()[0].uri)
}

func TestMisshapenPrivilegesAreAnError(t *testing.T) {
	for name, body := range map[string]string{
		"no list": `{}`, "numbers": `{"RolePrivileges":[1]}`, "a depth that is a number": `{"RolePrivileges":[{"Depth":3}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newService(t, good(body)).client().Privileges(t.Context(), "u")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
		})
	}
}
