package dataverse_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestAnEnvironmentDescribesItself(t *testing.T) {
	const body = `{"@odata.context":"https://contoso.crm.example/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM.RetrieveCurrentOrganizationResponse","Detail":{` +
		`"OrganizationId":"o","FriendlyName":"Contoso","OrganizationVersion":"9.2.24104.00173","Geo":"EMEA","Endpoints":{"Count":1,"Keys":["a"],"Values":["b"]}}}`
	for name, ahead := range map[string]time.Duration{
		"the clocks agree": 0, "the service is ahead": 10 * time.Minute, "the service is behind": -10 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat)) // in whole seconds
				_, _ = io.WriteString(w, body)
			})
			found, err := s.client().CurrentOrganization(t.Context())
			require.NoError(t, err)
			assert.InDelta(t, ahead.Minutes(), found.ClockAhead.Minutes(), ahead.Abs().Minutes()/2)
			found.ClockAhead = 0
			assert.Equal(t, dataverse.Organization{Name: "Contoso", Version: "9.2.24104.00173", Geo: "EMEA"}, found)
			require.Len(t, s.requests(), 1)
			assert.Equal(t, "/api/data/v9.2/RetrieveCurrentOrganization(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default')", s.requests()[0].uri)
		})
	}
}

func TestNameAndRolesOfTheApplicationUser(t *testing.T) {
	s := newService(t, good(`{"systemuserid":"u","fullname":"# Airbyte"}`))
	name, err := s.client().UserName(t.Context(), "u")
	require.NoError(t, err)
	assert.Equal(t, "# Airbyte", name)
	assert.Equal(t, "/api/data/v9.2/systemusers(u)?$select=fullname", s.requests()[0].uri)

	s = newService(t, good(`{"value":[{"name":"Reader","_roletemplateid_value":null,"roleid":"r"},`+
		`{"name":"System Administrator","_roletemplateid_value":"627090FF-40a3-4053-8790-584edc5be201"}]}`))
	roles, err := s.client().UserRoles(t.Context(), "u")
	require.NoError(t, err)
	assert.Equal(t, []dataverse.Role{{Name: "Reader"}, {Name: "System Administrator", Administrator: true}}, roles)
	assert.Equal(t, "/api/data/v9.2/systemusers(u)/systemuserroles_association?$select=name,_roletemplateid_value", s.requests()[0].uri)

	s = newService(t, good(`{"value":[{"name":"Sales","teamroles_association":[{"name":"Reader"},{"name":"Writer"}]},`+
		`{"name":"Service","teamroles_association":[{"name":"Reader"}]},{"name":"Empty","teamroles_association":null}]}`))
	roles, err = s.client().TeamRoles(t.Context(), "u")
	require.NoError(t, err)
	assert.Equal(t, []dataverse.Role{{Name: "Reader"}, {Name: "Writer"}}, roles)
	assert.Equal(t, "/api/data/v9.2/systemusers(u)/teammembership_association?$select=name&$expand=teamroles_association"+
		"($select=name,_roletemplateid_value)", s.requests()[0].uri)
}

func TestFactsOfAnotherShapeAreAnError(t *testing.T) {
	for name, body := range map[string]string{"nothing": `{}`, "a number": `{"Detail":1,"fullname":2,"value":[3]}`, "no JSON": `<html>`} {
		t.Run(name, func(t *testing.T) {
			client := newService(t, good(body)).client()
			_, err := client.CurrentOrganization(t.Context())
			require.Error(t, err)
			_, err = client.UserName(t.Context(), "u")
			require.Error(t, err)
			_, err = client.UserRoles(t.Context(), "u")
			require.Error(t, err)
			_, err = client.TeamRoles(t.Context(), "u")
			require.Error(t, err)
		})
	}
}

func TestSecuredColumnsOfAllTablesTakeOneRequest(t *testing.T) {
	s := newService(t, good(`{"EntityMetadata":[{"LogicalName":"account","Attributes":[]},{"LogicalName":"lead","Attributes":[`+
		`{"LogicalName":"salary","MetadataId":"A-1","IsSecured":true,"AttributeTypeName":{"Value":"MoneyType"}}]}]}`))
	found, err := s.client().AllSecuredColumns(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []dataverse.SecuredColumn{{Property: "salary", ID: "a-1"}}, found["lead"])
	assert.Empty(t, found["account"])
	require.Len(t, s.requests(), 1)
	assert.NotContains(t, s.requests()[0].uri, "Criteria%22%3A%7B%22FilterOperator%22%3A%22Or", "tables are not named")
}

func TestPrivilegesAreFoundByTheirIds(t *testing.T) {
	s := newService(t, good(`{"RolePrivileges":[{"Depth":"Local","PrivilegeId":"ABC"},{"Depth":"Global","PrivilegeId":"d","PrivilegeName":"prvReadLead"}]}`))
	privileges, err := s.client().Privileges(t.Context(), "u")
	require.NoError(t, err)
	for _, c := range []struct {
		name, id string
		want     dataverse.Depth
	}{{"prvReadAccount", "abc", dataverse.Local}, {"prvReadLead", "", dataverse.Global}, {"prvReadTask", "x", dataverse.NoDepth}} {
		assert.Equal(t, c.want, privileges.ReadDepth(dataverse.TableSummary{ReadPrivilege: c.name, ReadPrivilegeID: c.id}), c.name)
	}
}
