package webapi

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// memberNames returns the members of a JSON object in their order.
func memberNames(t *testing.T, object string) []string {
	t.Helper()
	members, refusal := edit.ObjectMembers("", []byte(object))
	require.Nil(t, refusal)
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return names
}

func TestMembersOfAResponse(t *testing.T) {
	const id = "00000000-0000-0000-0000-0000000000aa"
	s := newService(t, map[string]int{"systemuser": 1, "transactioncurrency": 1})
	s.create("account", map[string]any{"accountid": id, "name": "A", "revenue": 20000, "fax": nil})
	s.create("contoso_sensordata", map[string]any{"contoso_sensordataid": id, "contoso_value": 80, "partitionid": "Device-ABC-1234"})
	tests := []struct {
		name, target, prefer string
		want                 []string
	}{
		{"$select sets the order, nulls stay in their place and the key comes last", "accounts(" + id + ")?$select=fax,name", "",
			[]string{"@odata.context", "@odata.etag", "fax", "name", "accountid"}},
		{"an amount brings its currency", "accounts(" + id + ")?$select=revenue,accountid", "",
			[]string{"@odata.context", "@odata.etag", "revenue", "accountid", "_transactioncurrencyid_value"}},
		{"an elastic row brings version, partition and owner", "contoso_sensordatas(" + id + ",partitionid='Device-ABC-1234')?$select=contoso_value", "",
			[]string{"@odata.context", "@odata.etag", "contoso_value", "contoso_sensordataid", "versionnumber", "partitionid", "_ownerid_value", "_owningbusinessunit_value"}},
		{"annotations stand before their property", "accounts(" + id + ")?$select=statecode,_ownerid_value", `odata.include-annotations="*"`,
			[]string{"@odata.context", "@odata.etag", "statecode@OData.Community.Display.V1.FormattedValue", "statecode",
				"_ownerid_value@OData.Community.Display.V1.FormattedValue", "_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty",
				"_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname", "_ownerid_value", "accountid"}},
		{"annotations can be chosen by prefix", "accounts(" + id + ")?$select=_ownerid_value", `odata.include-annotations="Microsoft.Dynamics.CRM.lookup*"`,
			[]string{"@odata.context", "@odata.etag", "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname", "_ownerid_value", "accountid"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(http.MethodGet, test.target, "", "Prefer: "+test.prefer)
			require.Equal(t, http.StatusOK, a.status, a.body)
			assert.Equal(t, test.want, memberNames(t, a.body))
		})
	}
	t.Run("without $select the nulls come behind all values", func(t *testing.T) {
		a := s.do(http.MethodGet, "accounts("+id+")", "")
		values := regexp.MustCompile(`":null`).FindAllStringIndex(a.body, -1)
		require.NotEmpty(t, values)
		assert.Regexp(t, `^(":null,"[a-z0-9_]+)*":null}$`, a.body[values[0][0]:])
	})
	t.Run("the key of a user is ownerid", func(t *testing.T) {
		user := s.ids("systemuser")[0]
		a := s.do(http.MethodGet, "systemusers("+user+")?$select=fullname", "")
		assert.Equal(t, []string{"@odata.context", "@odata.etag", "fullname", "systemuserid", "ownerid"}, memberNames(t, a.body))
	})
	t.Run("page annotations stand between the context and the rows", func(t *testing.T) {
		a := s.do(http.MethodGet, "accounts?$count=true&$select=name", "", `Prefer: odata.include-annotations="*"`)
		assert.Equal(t, []string{"@odata.context", "@odata.count", "@Microsoft.Dynamics.CRM.totalrecordcount",
			"@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded", "@Microsoft.Dynamics.CRM.globalmetadataversion", "value"}, memberNames(t, a.body))
	})
}

func TestValuesAreWrittenAsTheServiceWritesThem(t *testing.T) {
	s := newService(t, nil)
	id := s.create("contoso_everything", map[string]any{
		"contoso_money": json.Number("20000"), "contoso_decimal": 1, "contoso_double": 2, "contoso_dateonly": "2024-03-15",
		"contoso_userlocal": "2023-04-08T00:59:01.500+03:00", "contoso_choices": "100000002,100000000", "contoso_bigint": json.Number("638751518483842799"),
		"contoso_guid": "ABCDEF00-0000-0000-0000-000000000001", "contoso_name": "a\u2028b\"\n\u0085", "contoso_managed": map[string]any{"Value": true},
		"contoso_secret": "hidden",
	})
	want := map[string]string{
		"contoso_money": "20000.0000", "contoso_money_base": "20000.0000", "contoso_decimal": "1.0000000000", "contoso_double": "2.0",
		"contoso_dateonly": `"2024-03-15"`, "contoso_userlocal": `"2023-04-07T21:59:01Z"`, "contoso_choices": `"100000000,100000002"`,
		"contoso_bigint": "638751518483842799", "contoso_guid": `"abcdef00-0000-0000-0000-000000000001"`,
		"contoso_name":    "\"a\u2028b\\\"\\n\u0085\"",
		"contoso_managed": `{"Value":true,"CanBeChanged":true,"ManagedPropertyLogicalName":"contoso_managed"}`,
		"exchangerate":    "1.0000000000", "contoso_secret": "null", "createdon": `"2026-08-22T08:10:44Z"`, "contoso_everythingid": `"` + id + `"`,
	}
	for key, row := range edit.Rows(s.env, "contoso_everything") {
		require.Equal(t, id, key)
		for name, value := range want {
			assert.Equal(t, value, string(row[name]), name)
		}
	}
}

func TestGeneratedRows(t *testing.T) {
	s := newService(t, nil, func(o *rows.Options) { o.DefaultRows = 60 })
	other := newService(t, nil, func(o *rows.Options) { o.DefaultRows = 60 })
	for _, table := range s.env.Tables() {
		t.Run(table.LogicalName+" is the same for the same seed, and valid", func(t *testing.T) {
			again := map[string]map[string]json.RawMessage{}
			for id, row := range edit.Rows(other.env, table.LogicalName) {
				again[id] = row
			}
			if table.LogicalName != "organization" {
				require.Len(t, again, 60)
			}
			for id, row := range edit.Rows(s.env, table.LogicalName) {
				require.Equal(t, again[id], row)
				for name, raw := range row {
					require.True(t, json.Valid(raw), "%s: %s", name, raw)
					c := table.ByProperty(name)
					if c == nil || string(raw) == "null" || !s.env.Stores[table.LogicalName].Writable(c) || c.IsLookup() {
						continue
					}
					shown, refusal := edit.Coerce(s.env.Stores[table.LogicalName], c, raw)
					require.Nil(t, refusal, "%s: %s", name, raw)
					require.Equal(t, string(raw), string(shown.Json)+strings.Repeat(`""`, odata.Btoi(len(shown.Json) == 0)), name)
				}
			}
		})
	}
}

func TestRowsAreWhatTheServicePrints(t *testing.T) {
	s := newService(t, nil, func(o *rows.Options) { o.DefaultRows = 30 })
	for _, set := range []string{"accounts", "contoso_everythings", "contoso_sensordatas", "systemusers"} {
		t.Run(set, func(t *testing.T) {
			table := s.env.TableBySet(set)
			printed := s.get(set, `Prefer: odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"`).Value
			i := 0
			for _, row := range edit.Rows(s.env, table.LogicalName) {
				delete(printed[i], "@odata.etag")
				require.Equal(t, printed[i], row)
				i++
			}
		})
	}
}

func TestAColumnAddedLaterIsNull(t *testing.T) {
	s := newService(t, map[string]int{"account": 5})
	before := s.env.MetadataVersion()
	require.NoError(t, s.env.AddColumn("account", schema.Column{LogicalName: "new_size", SchemaName: "new_Size", Type: schema.Integer}))
	assert.Greater(t, s.env.MetadataVersion(), before)
	id := s.ids("account")[0]
	require.NoError(t, edit.Update(s.env, "account", id, map[string]any{"new_size": 3}))
	assert.Equal(t, []string{"3", "null", "null", "null", "null"}, column([]content{s.get("accounts?$select=new_size")}, "new_size"))
	require.NoError(t, s.env.RemoveColumn("account", "new_size"))
	code, _ := s.do(http.MethodGet, "accounts?$select=new_size", "").refusal(t)
	assert.Equal(t, "0x80060888", code)
	table, ok := s.env.Table("account")
	require.True(t, ok)
	assert.Nil(t, table.Column("new_size"))
}

func TestAnotherEntitySet(t *testing.T) {
	s := newService(t, map[string]int{"account": 1})
	require.NoError(t, s.env.SetEntitySet("account", "customers"))
	assert.Len(t, s.get("customers").Value, 1)
	assert.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "accounts", "").status)
	require.Error(t, s.env.SetEntitySet("account", "contacts"))
	require.NoError(t, s.env.RemoveTable("account"))
	assert.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "customers", "").status)
	require.NoError(t, s.env.AddTable(schema.Account(), 2))
	assert.Len(t, s.get("accounts").Value, 2)
}
