package simulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// second returns an application beside the default one.
func second() simulator.Application {
	a := simulator.DefaultApplication()
	a.ClientID, a.Secret = "00000000-0000-4000-8000-000000000002", "another-secret"
	return a
}

// twoUsers serves an environment with two application users, and returns a caller for each.
func twoUsers(t *testing.T, o simulator.Options, s simulator.ServerOptions) (first, other *simulatortest.Caller) {
	t.Helper()
	s.Applications = []simulator.Application{simulator.DefaultApplication(), second()}
	first = simulatortest.Serve(t, o, s)
	another := *first
	another.Token = first.SignIn(second())
	require.NotEmpty(t, another.Token)
	return first, &another
}

func TestLimitsCountForEachUser(t *testing.T) {
	first, other := twoUsers(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Requests: 2, Window: time.Hour}})
	for range 2 {
		assert.Equal(t, http.StatusOK, first.Get("WhoAmI").Status)
	}
	first.Get("WhoAmI").Refused(t, http.StatusTooManyRequests, "0x80072322", "Number of requests exceeded the limit of 2")
	assert.Equal(t, http.StatusOK, other.Get("WhoAmI").Status, "the other user has made no request yet")
}

func TestUsersReadToDifferentDepths(t *testing.T) {
	first, other := twoUsers(t, simulator.Options{Seed: 1, Rows: map[string]int{"account": 200}}, simulator.ServerOptions{})
	rights := simulator.Rights{Depths: map[string]schema.Depth{"account": schema.Local}}
	first.Server.SetRights(second().ClientID, rights)
	assert.Len(t, first.Get("accounts?$select=name").Values(t), 200)
	some := len(other.Get("accounts?$select=name").Values(t))
	assert.Positive(t, some)
	assert.Less(t, some, 200)
	other.Sized("accounts?$select=name", "odata.track-changes").Refused(t, http.StatusForbidden, "0x80040220", "is missing prvReadAccount privilege")
	for caller, depth := range map[*simulatortest.Caller]string{first: "Global", other: "Local"} {
		id, _ := caller.Get("WhoAmI").JSON(t)["UserId"].(string)
		got := string(caller.Get("systemusers(" + id + ")/Microsoft.Dynamics.CRM.RetrieveUserPrivilegeByPrivilegeName(PrivilegeName='prvReadAccount')").Body)
		assert.Contains(t, got, `"Depth":"`+depth+`"`)
	}
}

func TestSecuredColumnsDifferByUser(t *testing.T) {
	const table, column = "contoso_everything", "contoso_salary"
	for name, example := range map[string]struct {
		rights   simulator.Rights
		listed   bool // among the column permissions
		template string
	}{
		"a user with a column security profile": {simulator.Rights{Columns: map[string][]string{table: {column}}}, true, "119f245c"},
		"an administrator":                      {simulator.Rights{Administrator: true}, false, "627090ff"},
	} {
		t.Run(name, func(t *testing.T) {
			first, other := twoUsers(t, simulator.Options{Seed: 1, Rows: map[string]int{table: 50}}, simulator.ServerOptions{})
			first.Server.SetRights(second().ClientID, example.rights)
			definition, _ := first.Environment.Table(table)
			path := definition.EntitySetName + "?$select=" + column
			salaries := func(c *simulatortest.Caller) (known int) {
				for _, row := range c.Get(path).Values(t) {
					if row[column] != nil {
						known++
					}
				}
				return known
			}
			assert.Zero(t, salaries(first))
			assert.Positive(t, salaries(other))
			var definitions struct {
				Value []struct{ MetadataId string } //nolint:revive // the service's name
			}
			require.NoError(t, json.Unmarshal(first.Get("EntityDefinitions(LogicalName='"+table+
				"')/Attributes?$select=LogicalName&$filter=LogicalName+eq+'"+column+"'").Body, &definitions))
			id, _ := other.Get("WhoAmI").JSON(t)["UserId"].(string)
			permissions := string(other.Get("systemusers(" + id + ")/Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivileges()").Body)
			assert.Equal(t, example.listed, strings.Contains(permissions, `{"AttributeId":"`+definitions.Value[0].MetadataId+`","CanRead":4`), permissions)
			roles := string(other.Get("systemusers(" + id + ")/systemuserroles_association?$select=_roletemplateid_value").Body)
			assert.Contains(t, roles, example.template)
		})
	}
}

func TestUserIsRevokedWhileItsTokenIsValid(t *testing.T) {
	first, other := twoUsers(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	for name, example := range map[string]struct {
		change func(*simulator.Application)
		code   string
	}{
		"disabled":       {func(a *simulator.Application) { a.Disabled = true }, "0x80040225"},
		"without a role": {func(a *simulator.Application) { a.Disabled, a.NoRoles = false, true }, "0x80042F09"},
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, first.Server.ChangeApplication(second().ClientID, example.change))
			other.Get("WhoAmI").Refused(t, http.StatusForbidden, example.code, "")
			assert.Equal(t, http.StatusOK, first.Get("WhoAmI").Status)
		})
	}
	require.True(t, first.Server.ChangeApplication(second().ClientID, func(a *simulator.Application) { a.SecretExpired = true }))
	assert.Empty(t, first.SignIn(second()))
	assert.False(t, first.Server.ChangeApplication("unknown", func(*simulator.Application) {}))
}

func TestDeltaTokenMayHoldForItsUserAlone(t *testing.T) {
	for _, ofUser := range []bool{false, true} {
		o := simulator.Options{Seed: 1, Rows: map[string]int{"account": 3}, Behaviors: simulator.Behaviors{TokensOfUser: ofUser}}
		first, other := twoUsers(t, o, simulator.ServerOptions{})
		link, _ := first.Sized("accounts?$select=name", "odata.track-changes").JSON(t)["@odata.deltaLink"].(string)
		_, path, found := strings.Cut(link, "/api/data/v9.2/")
		require.True(t, found, link)
		assert.Equal(t, http.StatusOK, first.Get(path).Status)
		if !ofUser {
			assert.Equal(t, http.StatusOK, other.Get(path).Status)
			continue
		}
		other.Get(path).Refused(t, http.StatusBadRequest, "0x80044352", "")
	}
}

func TestNamesAndRolesOfAnApplicationUser(t *testing.T) {
	first, other := twoUsers(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	first.Server.SetRights(second().ClientID, simulator.Rights{
		FullName: "# Airbyte", Roles: []string{"Reader"}, Teams: map[string][]string{"Sales": {"Basic User", "Reader"}},
	})
	id := func(c *simulatortest.Caller) string {
		user, _ := c.Get("WhoAmI").JSON(t)["UserId"].(string)
		return "systemusers(" + user + ")"
	}
	assert.Equal(t, "# Airbyte", other.Get(id(other) + "?$select=fullname").JSON(t)["fullname"])
	assert.NotEmpty(t, first.Get(id(first) + "?$select=fullname").JSON(t)["fullname"])
	roles := other.Get(id(other) + "/systemuserroles_association?$select=name,_roletemplateid_value").Values(t)
	require.Len(t, roles, 1)
	assert.Equal(t, "Reader", roles[0]["name"])
	assert.Nil(t, roles[0]["_roletemplateid_value"])
	const teams = "/teammembership_association?$select=name&$expand=teamroles_association($select=name,_roletemplateid_value)"
	got := other.Get(id(other) + teams).Values(t)
	require.Len(t, got, 1)
	assert.Len(t, got[0]["teamroles_association"], 2)
	assert.Empty(t, first.Get(id(first)+teams).Values(t))
	first.Environment.SetReadDepth("role", schema.None)
	first.Get(id(first)+teams).Refused(t, http.StatusForbidden, "0x80040220", "prvReadRole")
}

func TestOlderServersAndEnvironmentsThatCountNothing(t *testing.T) {
	o := simulator.Options{Seed: 1, DefaultRows: 3, Behaviors: simulator.Behaviors{Uncounted: true, UnnamedPrivileges: true}}
	c, _ := twoUsers(t, o, simulator.ServerOptions{})
	assert.Contains(t, string(c.Get(`RetrieveTotalRecordCount(EntityNames=@p1)?@p1=["account"]`).Body), `"Values":[0]`)
	user, _ := c.Get("WhoAmI").JSON(t)["UserId"].(string)
	privileges := string(c.Get("systemusers(" + user + ")/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()").Body)
	assert.Contains(t, privileges, "PrivilegeId")
	assert.NotContains(t, privileges, "PrivilegeName")
}
