package metadata_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

const project = `{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"new_Category","OwnershipType":"UserOwned",
	"DisplayName":{"LocalizedLabels":[{"Label":"Kategorie","LanguageCode":1031},{"Label":"Category","LanguageCode":1033}]},
	"Attributes":[
		{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Name","MaxLength":50,"IsPrimaryName":true},
		{"@odata.type":"#Microsoft.Dynamics.CRM.MoneyAttributeMetadata","SchemaName":"new_Budget"},
		{"@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","SchemaName":"new_Size",
			"OptionSet":{"Options":[{"Label":{"LocalizedLabels":[{"Label":"Small","LanguageCode":1033}]}},{"Value":7}]}}]}`

func TestATableIsDefinedChangedAndDeleted(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
	id := c.Write(http.MethodPost, "EntityDefinitions", project).Made(t)
	got := c.Get("EntityDefinitions(" + id + ")?$select=LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ChangeTrackingEnabled,IsCustomEntity,DisplayName").JSON(t)
	assert.Equal(t, "new_category", got["LogicalName"])
	assert.Equal(t, "new_categories", got["EntitySetName"])
	assert.Equal(t, "new_categoryid", got["PrimaryIdAttribute"])
	assert.Equal(t, "new_name", got["PrimaryNameAttribute"])
	assert.Equal(t, false, got["ChangeTrackingEnabled"])
	assert.Contains(t, string(c.Get("EntityDefinitions("+id+")?$select=DisplayName").Body), `"Label":"Category"`)

	row := c.Write(http.MethodPost, "new_categories", `{"new_name":"A","new_size":100000000,"new_budget":3}`).Made(t)
	read := c.Get("new_categories(" + row + ")").JSON(t)
	assert.Equal(t, "3.0000", toString(read["new_budget_base"]))
	assert.Contains(t, read, "_ownerid_value")
	c.Write(http.MethodPost, "new_categories", `{"new_size":8}`).Refused(t, http.StatusBadRequest, "0x8004431A", "Accepted Values: 100000000,7")

	tracked := c.Request(http.MethodGet, "new_categories")
	tracked.Header.Set("Prefer", "odata.track-changes")
	c.Send(tracked).Refused(t, http.StatusBadRequest, "0x80072491", "isn't enabled for change tracking")
	require.Equal(t, http.StatusNoContent, c.Write(http.MethodPut, "EntityDefinitions("+id+")", `{"SchemaName":"new_Category","ChangeTrackingEnabled":true}`).Status)
	tracked = c.Request(http.MethodGet, "new_categories")
	tracked.Header.Set("Prefer", "odata.track-changes")
	assert.Contains(t, c.Send(tracked).JSON(t), "@odata.deltaLink")

	c.Write(http.MethodPatch, "EntityDefinitions("+id+")", `{}`).Refused(t, http.StatusMethodNotAllowed, "0x80060888", "PATCH")
	assert.Equal(t, http.StatusNoContent, c.Write(http.MethodDelete, "EntityDefinitions("+id+")", "").Status)
	c.Get("new_categories").Refused(t, http.StatusNotFound, "0x80060888", "new_categories")
}

func toString(v any) string {
	if number, ok := v.(interface{ String() string }); ok {
		return number.String()
	}
	return ""
}

func TestSeveralTablesAreDefinedWholeOrNotAtAll(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
	table := func(name string) string {
		return `{"@odata.type":"Microsoft.Dynamics.CRM.ComplexEntityMetadata","SchemaName":"` + name + `","OwnershipType":"OrganizationOwned",
			"Attributes":[{"@odata.type":"Microsoft.Dynamics.CRM.ComplexStringAttributeMetadata","SchemaName":"new_Name","IsPrimaryName":true}]}`
	}
	define := func(names ...string) simulatortest.Response {
		tables := make([]string, len(names))
		for i, name := range names {
			tables[i] = table(name)
		}
		return c.Write(http.MethodPost, "CreateEntities", `{"Entities":[`+strings.Join(tables, ",")+`]}`)
	}
	define("new_Day", "new_Box", "account").Refused(t, http.StatusBadRequest, "0x80044366", "account")
	c.Get("new_days").Refused(t, http.StatusNotFound, "0x80060888", "new_days")
	require.Equal(t, http.StatusNoContent, define("new_Day", "new_Box").Status)
	assert.Empty(t, c.Get("new_days").Values(t))
	row := c.Write(http.MethodPost, "new_boxes", `{"new_name":"A"}`).Made(t)
	assert.NotContains(t, c.Get("new_boxes("+row+")").JSON(t), "_ownerid_value")
	assert.Equal(t, http.StatusNoContent, c.Write(http.MethodPost, "PublishAllXml", "").Status)
	c.Get("CreateEntities").Refused(t, http.StatusMethodNotAllowed, "0x80060888", "GET")
}

func TestColumnsAreDefinedChangedAndDeleted(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Rows: map[string]int{"account": 2}}, simulator.ServerOptions{})
	const columns = "EntityDefinitions(LogicalName='account')/Attributes"
	id := c.Write(http.MethodPost, columns, `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Code","MaxLength":4}`).Made(t)
	assert.Equal(t, []any{nil, nil}, simulatortest.Column(c.Get("accounts?$select=new_code").Values(t), "new_code"), "rows that exist have null")
	c.Write(http.MethodPost, "accounts", `{"new_code":"12345"}`).Refused(t, http.StatusBadRequest, "0x80044331", "maximum allowed length of '4'")

	require.Equal(t, http.StatusNoContent, c.Write(http.MethodPut, columns+"("+id+")",
		`{"@odata.type":"#Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Code","MaxLength":5,"RequiredLevel":{"Value":"Recommended"}}`).Status)
	require.Equal(t, http.StatusNoContent, c.Write(http.MethodPost, "accounts", `{"new_code":"12345"}`).Status)
	got := c.Get(columns + "(LogicalName='new_code')/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=MaxLength,RequiredLevel").JSON(t)
	assert.Equal(t, "5", toString(got["MaxLength"]))
	assert.Equal(t, "Recommended", got["RequiredLevel"].(map[string]any)["Value"])

	assert.Equal(t, http.StatusNoContent, c.Write(http.MethodDelete, columns+"("+id+")", "").Status)
	c.Get("accounts?$select=new_code").Refused(t, http.StatusBadRequest, "0x80060888", "Could not find a property named 'new_code'")
}

func TestWhatCannotBeDefinedIsRefused(t *testing.T) {
	const columns = "EntityDefinitions(LogicalName='account')/Attributes"
	tests := map[string]struct {
		method, path, body string
		status             int
		code, message      string
	}{
		"a table without a prefix":          {"POST", "EntityDefinitions", `{"SchemaName":"Project"}`, 400, "0x80044366", "customization prefix"},
		"a table that exists":               {"POST", "EntityDefinitions", `{"SchemaName":"contoso_Child"}`, 400, "0x80047010", "already exists"},
		"a table without a name column":     {"POST", "EntityDefinitions", `{"SchemaName":"new_Table"}`, 400, "0x80040203", "IsPrimaryName"},
		"a table of the service's own":      {"DELETE", "EntityDefinitions(LogicalName='account')", "", 400, "0x8004F032", "iscustomizable"},
		"a table that lookups point to":     {"DELETE", "EntityDefinitions(LogicalName='contoso_everything')", "", 400, "0x8004F01F", "referenced by"},
		"a column that exists":              {"POST", columns, `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"contoso_Name"}`, 204, "", ""},
		"a lookup without a relationship":   {"POST", columns, `{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","SchemaName":"new_A"}`, 400, "0x80040203", "Lookup"},
		"a column of no known type":         {"POST", columns, `{"@odata.type":"Microsoft.Dynamics.CRM.OddAttributeMetadata","SchemaName":"new_A"}`, 400, "0x80040203", "Odd"},
		"a column of the service's own":     {"DELETE", columns + "(LogicalName='name')", "", 400, "0x80047002", "Primary UI"},
		"another type for a column":         {"PUT", columns + "(LogicalName='name')", `{"@odata.type":"Microsoft.Dynamics.CRM.MemoAttributeMetadata"}`, 400, "0x80040203", "cannot be changed"},
		"a key of a column that is none":    {"POST", "EntityDefinitions(LogicalName='account')/Keys", `{"SchemaName":"new_K","KeyAttributes":["nope"]}`, 400, "0x80041103", "nope"},
		"a key of a memo":                   {"POST", "EntityDefinitions(LogicalName='account')/Keys", `{"SchemaName":"new_K","KeyAttributes":["description"]}`, 400, "0x8006088F", "description"},
		"a key that is not there":           {"DELETE", "EntityDefinitions(LogicalName='account')/Keys(LogicalName='nope')", "", 404, "0x80041140", "not found"},
		"a relationship of the service's":   {"DELETE", "RelationshipDefinitions(SchemaName='account_contact_parentcustomerid')", "", 400, "0x8004700A", "not a custom"},
		"a relationship of no type":         {"POST", "RelationshipDefinitions", `{"SchemaName":"new_R"}`, 400, "0x8004700F", "type"},
		"a relationship to an absent table": {"POST", "RelationshipDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","SchemaName":"new_R","ReferencedEntity":"nope","ReferencingEntity":"account"}`, 404, "0x80041102", "nope"},
		"an option set":                     {"POST", "GlobalOptionSetDefinitions", `{}`, 405, "0x80060888", "POST"},
		"what is not JSON":                  {"POST", "EntityDefinitions", `{`, 400, "0x80048d19", "Payload"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
			got := c.Write(test.method, test.path, test.body)
			if test.status == http.StatusNoContent {
				got.Made(t)
				c.Write(test.method, test.path, test.body).Refused(t, http.StatusBadRequest, "0x80047013", "already exists")
				return
			}
			got.Refused(t, test.status, test.code, test.message)
		})
	}
}

func TestRelationshipsAreDefinedAndDeleted(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Rows: map[string]int{"account": 1, "contact": 2}}, simulator.ServerOptions{})
	account := simulatortest.Column(c.Get("accounts?$select=name").Values(t), "accountid")[0].(string)
	contact := simulatortest.Column(c.Get("contacts?$select=lastname").Values(t), "contactid")[0].(string)
	t.Run("with a lookup", func(t *testing.T) {
		id := c.Write(http.MethodPost, "RelationshipDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
			"SchemaName":"new_account_contact_sponsor","ReferencedEntity":"account","ReferencingEntity":"contact",
			"Lookup":{"SchemaName":"new_SponsorId"}}`).Made(t)
		require.Equal(t, http.StatusNoContent, c.Write(http.MethodPatch, "contacts("+contact+")", `{"new_SponsorId@odata.bind":"/accounts(`+account+`)"}`).Status)
		got := c.Get("accounts(" + account + ")?$select=name&$expand=new_account_contact_sponsor($select=lastname)").JSON(t)
		assert.Equal(t, []any{contact}, simulatortest.Column(simulatortest.Objects(t, got["new_account_contact_sponsor"]), "contactid"))
		require.Equal(t, http.StatusNoContent, c.Write(http.MethodDelete, "RelationshipDefinitions("+id+")", "").Status)
		c.Get("contacts?$select=_new_sponsorid_value").Refused(t, http.StatusBadRequest, "0x80060888", "_new_sponsorid_value")
	})
	t.Run("with an intersect table", func(t *testing.T) {
		id := c.Write(http.MethodPost, "RelationshipDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata",
			"SchemaName":"new_Account_Contact","Entity1LogicalName":"account","Entity2LogicalName":"contact","IntersectEntityName":"new_account_contact"}`).Made(t)
		assert.Equal(t, http.StatusNoContent, c.Write(http.MethodPost, "accounts("+account+")/new_Account_Contact/$ref",
			`{"@odata.id":"`+c.Server.URL+`/api/data/v9.2/contacts(`+contact+`)"}`).Status)
		got := c.Get("contacts(" + contact + ")?$select=lastname&$expand=new_Account_Contact($select=name)").JSON(t)
		assert.Equal(t, []any{account}, simulatortest.Column(simulatortest.Objects(t, got["new_Account_Contact"]), "accountid"))
		assert.Len(t, c.Get("new_account_contactset").Values(t), 1)
		require.Equal(t, http.StatusNoContent, c.Write(http.MethodDelete, "RelationshipDefinitions("+id+")", "").Status)
		c.Get("new_account_contactset").Refused(t, http.StatusNotFound, "0x80060888", "new_account_contactset")
	})
}
