package webapi_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestFunctions(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 2, Rows: map[string]int{"account": 12_345},
		Organization: "AAAAAAAA-1111-4222-8333-444444444444"}, simulator.ServerOptions{})
	base := c.Server.URL + "/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM."

	t.Run("functions without parameters may be called with and without parentheses", func(t *testing.T) {
		for _, name := range []string{"WhoAmI", "RetrieveVersion", "RetrieveTimestamp"} {
			plain, called := c.Get(name).JSON(t), c.Get(name+"()").JSON(t)
			assert.Equal(t, base+name+"Response", plain["@odata.context"])
			assert.Equal(t, plain, called)
		}
	})
	t.Run("who am I names a user, a business unit and the organization", func(t *testing.T) {
		got := c.Get("WhoAmI").JSON(t)
		assert.Equal(t, "aaaaaaaa-1111-4222-8333-444444444444", got["OrganizationId"])
		assert.Equal(t, http.StatusOK, c.Get("systemusers("+got["UserId"].(string)+")?$select=fullname").Status)
		assert.Equal(t, http.StatusOK, c.Get("businessunits("+got["BusinessUnitId"].(string)+")?$select=name").Status)
	})
	t.Run("the organization is described", func(t *testing.T) {
		got := c.Get("RetrieveCurrentOrganization(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default')").JSON(t)
		detail, _ := got["Detail"].(map[string]any)
		assert.Equal(t, "aaaaaaaa-1111-4222-8333-444444444444", detail["OrganizationId"])
		c.Get("RetrieveCurrentOrganization(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Nope')").Refused(t, 400, "0x80060888", "EndpointAccessType")
		c.Get("RetrieveCurrentOrganization").Refused(t, 400, "0x80060888", "AccessType")
	})
	t.Run("rows are counted whatever their number", func(t *testing.T) {
		got := c.Get("RetrieveTotalRecordCount(EntityNames=@p1)?@p1=" + url.QueryEscape(`["account","contact"]`)).JSON(t)
		counts, _ := got["EntityRecordCountCollection"].(map[string]any)
		assert.Equal(t, []any{"account", "contact"}, counts["Keys"])
		assert.EqualValues(t, "12345", counts["Values"].([]any)[0])
		c.Get("RetrieveTotalRecordCount(EntityNames=@p1)?@p1=[\"nope\"]").Refused(t, 404, "0x80041102", "name = 'nope'")
		c.Get("RetrieveTotalRecordCount").Refused(t, 400, "0x80060888", "EntityNames")
	})
	t.Run("the timestamp moves with the schema", func(t *testing.T) {
		before := c.Get("RetrieveTimestamp").JSON(t)["Timestamp"]
		require.NoError(t, c.Environment.SetTracked("contoso_child", true))
		assert.NotEqual(t, before, c.Get("RetrieveTimestamp").JSON(t)["Timestamp"])
	})
	t.Run("functions cannot be posted to and have no other parameters", func(t *testing.T) {
		c.Send(c.Request(http.MethodPost, "WhoAmI")).Refused(t, 405, "0x80060888", "POST")
		c.Get("WhoAmI(x=1)").Refused(t, 400, "0x80060888", "'x'")
		c.Get("WhoAmI(").Refused(t, 400, "0x80060888", "expected")
	})
	t.Run("an unknown function is an unknown segment", func(t *testing.T) {
		assert.Equal(t, http.StatusNotFound, c.Get("RetrieveNothing()").Status)
	})
}

func TestPrivileges(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 1}, simulator.ServerOptions{})
	user, _ := c.Get("WhoAmI").JSON(t)["UserId"].(string)
	path := "systemusers(" + user + ")/Microsoft.Dynamics.CRM."
	named := func(name string) []map[string]any {
		got := c.Get(path + "RetrieveUserPrivilegeByPrivilegeName(PrivilegeName='" + name + "')")
		require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		return simulatortest.Objects(t, got.JSON(t)["RolePrivileges"])
	}
	t.Run("a privilege is returned with its depth", func(t *testing.T) {
		assert.Equal(t, []any{"Global"}, simulatortest.Column(named("prvReadAccount"), "Depth"))
		c.Environment.SetReadDepth("account", schema.Local)
		assert.Equal(t, []any{"Local"}, simulatortest.Column(named("prvReadAccount"), "Depth"))
	})
	t.Run("a privilege that the user lacks is not listed", func(t *testing.T) {
		assert.Empty(t, named("prvReadPlugInTraceLog"))
	})
	t.Run("all privileges carry the ids of the metadata", func(t *testing.T) {
		all := simulatortest.Objects(t, c.Get(path + "RetrieveUserPrivileges()").JSON(t)["RolePrivileges"])
		contact := c.Get("EntityDefinitions(LogicalName='contact')?$select=Privileges").JSON(t)
		for _, privilege := range simulatortest.Objects(t, contact["Privileges"]) {
			assert.Contains(t, simulatortest.Column(all, "PrivilegeId"), privilege["PrivilegeId"])
		}
	})
	t.Run("an unknown privilege and an unknown user are refused", func(t *testing.T) {
		c.Get(path+"RetrieveUserPrivilegeByPrivilegeName(PrivilegeName='prvNope')").Refused(t, 404, "0x80040217", "prvNope")
		c.Get("systemusers(00000000-0000-0000-0000-000000000001)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()").
			Refused(t, 404, "0x80040217", "Does Not Exist")
	})
}

func TestCSDL(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	document := func(accept, path string) simulatortest.Response {
		request := c.Request(http.MethodGet, path)
		request.Header.Set("Accept", accept)
		return c.Send(request)
	}
	t.Run("it is not available as JSON", func(t *testing.T) {
		document("application/json", "$metadata").Refused(t, 415, "0x80060888", "A supported MIME type could not be found that matches the acceptable MIME types for the request.")
	})
	t.Run("it is well-formed XML that says what inherits from what", func(t *testing.T) {
		got := document("application/xml", "$metadata")
		require.Equal(t, http.StatusOK, got.Status)
		decoder := xml.NewDecoder(strings.NewReader(string(got.Body)))
		bases, properties, entity := map[string]string{}, map[string]string{}, ""
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			attributes := map[string]string{}
			for _, a := range start.Attr {
				attributes[a.Name.Local] = a.Value
			}
			switch start.Name.Local {
			case "EntityType":
				entity = attributes["Name"]
				bases[entity] = attributes["BaseType"]
			case "Property":
				properties[entity+"."+attributes["Name"]] = attributes["Type"]
			}
		}
		assert.Equal(t, "mscrm.activitypointer", bases["task"])
		assert.Equal(t, "mscrm.principal", bases["team"])
		assert.Equal(t, "mscrm.crmbaseentity", bases["account"])
		assert.NotContains(t, bases, "sharepointdocument")
		assert.Equal(t, "Edm.Guid", properties["activitypointer.activityid"])
		assert.NotContains(t, properties, "task.activityid")
		assert.Equal(t, "Edm.Guid", properties["account._primarycontactid_value"])
		assert.NotContains(t, properties, "account.primarycontactidname")
		assert.NotContains(t, properties, "account.isprivate")
		assert.Equal(t, "Edm.Date", properties["contact.birthdate"])
		assert.Equal(t, "mscrm.BooleanManagedProperty", properties["systemform.iscustomizable"])
		assert.NotContains(t, string(got.Body), "ChangeTracking")
	})
	t.Run("with annotations it says which sets are tracked", func(t *testing.T) {
		got := string(document("*/*", "$metadata?annotations=true").Body)
		assert.Contains(t, got, `<EntitySet Name="accounts" EntityType="mscrm.account">`+"\n"+`<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record><PropertyValue Property="Supported" Bool="true"/>`)
	})
}
