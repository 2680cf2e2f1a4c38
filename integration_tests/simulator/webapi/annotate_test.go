package webapi

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestFormattedValues(t *testing.T) {
	s := newService(t, map[string]int{"systemuser": 1, "contact": 1})
	contact := s.ids("contact")[0]
	require.NoError(t, edit.Update(s.env, "contact", contact, map[string]any{"firstname": "Zoë", "lastname": nil}))
	everything := s.create("contoso_everything", map[string]any{
		"contoso_money": -1234567.5, "contoso_integer": 1000, "contoso_dateonly": "2024-03-05", "contoso_userlocal": "2024-03-05T14:04:00Z",
		"contoso_flag": true, "contoso_choices": "100000000,100000001", "contoso_tablename": "account", "_contoso_contact_value": contact,
		"_contoso_customer_value": contact,
	})
	a := s.do(http.MethodGet, "contoso_everythings("+everything+")", "", `Prefer: odata.include-annotations="*"`)
	var row map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &row))
	const display, crm = "@OData.Community.Display.V1.FormattedValue", "@Microsoft.Dynamics.CRM."
	table := s.env.TableByName("contoso_everything")
	choices := table.Column("contoso_choices").Options
	for name, want := range map[string]string{
		"contoso_money" + display:                                        "$-1,234,567.50",
		"contoso_integer" + display:                                      "1,000",
		"contoso_dateonly" + display:                                     "3/5/2024",
		"contoso_userlocal" + display:                                    "3/5/2024 2:04 PM",
		"contoso_flag" + display:                                         "Yes",
		"contoso_choices" + display:                                      choices[0].Label + "; " + choices[1].Label,
		"_contoso_contact_value" + display:                               "Zoë",
		"_contoso_contact_value" + crm + "lookuplogicalname":             "contact",
		"_contoso_contact_value" + crm + "associatednavigationproperty":  table.Column("contoso_contact").SchemaName,
		"_contoso_customer_value" + crm + "associatednavigationproperty": table.Column("contoso_customer").SchemaName + "_contact",
		"_ownerid_value" + crm + "associatednavigationproperty":          "ownerid",
		"_ownerid_value" + crm + "lookuplogicalname":                     "systemuser",
	} {
		assert.Equal(t, want, row[name], name)
	}
	assert.NotContains(t, row, "contoso_memo"+display, "null has no annotation")
}

func TestTheNavigationPropertyOfAnActivityNamesBoth(t *testing.T) {
	task := newService(t, nil).env.TableByName("task")
	assert.Equal(t, "regardingobjectid_contact_task", schema.NavigationName(task, task.Column("regardingobjectid"), "contact"))
}

func TestASingleRowOutOfReachIsDenied(t *testing.T) {
	s := newService(t, map[string]int{"account": 40})
	s.env.SetReadDepth("account", schema.Basic)
	seen := upserts([]content{s.get("accounts")})
	for _, id := range s.ids("account") {
		a := s.do(http.MethodGet, "accounts("+id+")", "")
		if a.status == http.StatusOK {
			assert.Contains(t, seen, id)
			continue
		}
		code, message := a.refusal(t)
		assert.Equal(t, http.StatusForbidden, a.status)
		assert.Equal(t, "0x80040220", code)
		assert.Contains(t, message, "SecLib::AccessCheckEx failed.")
	}
}

func TestAnnotationsOfChanges(t *testing.T) {
	annotated := `Prefer: odata.track-changes,odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"`
	t.Run("name the table of each lookup that has a value", func(t *testing.T) {
		s := newService(t, map[string]int{"account": 2, "team": 1})
		link := s.track("accounts?$select=_ownerid_value,_parentaccountid_value")
		id := s.create("account", map[string]any{"_ownerid_value": s.ids("team")[0]})
		page := s.get(link, annotated)
		require.Len(t, page.Value, 1)
		const annotation = "@Microsoft.Dynamics.CRM.lookuplogicalname"
		assert.JSONEq(t, `"`+id+`"`, string(page.Value[0]["accountid"]))
		assert.JSONEq(t, `"team"`, string(page.Value[0]["_ownerid_value"+annotation]))
		assert.NotContains(t, page.Value[0], "_parentaccountid_value"+annotation, "null has no annotation")
		assert.NotContains(t, page.Value[0], "_ownerid_value@OData.Community.Display.V1.FormattedValue", "it was not asked for")
		assert.NotEmpty(t, page.DeltaLink)
	})
	t.Run("need quotation marks around a list", func(t *testing.T) {
		s := newService(t, map[string]int{"account": 1, "systemuser": 1})
		const list, annotation = "OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname", "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
		assert.Contains(t, s.get("accounts?$select=_ownerid_value", `Prefer: odata.include-annotations="`+list+`"`).Value[0], annotation)
		assert.NotContains(t, s.get("accounts?$select=_ownerid_value", "Prefer: odata.include-annotations="+list).Value[0], annotation)
	})
}

func TestAnnotationsCanDropTheDeltaLink(t *testing.T) {
	s := newService(t, map[string]int{"account": 3}, behave(rows.Behaviors{AnnotationsDropDeltaLink: true}))
	const plain, annotated = "Prefer: odata.track-changes,odata.maxpagesize=2", `Prefer: odata.track-changes,odata.maxpagesize=2,odata.include-annotations="*"`
	t.Run("of the first scan", func(t *testing.T) {
		pages := s.scan("accounts?$select=name", annotated)
		require.Len(t, pages, 2)
		assert.Empty(t, pages[1].DeltaLink)
		assert.NotEmpty(t, s.scan("accounts?$select=name", plain)[1].DeltaLink)
	})
	t.Run("of changes", func(t *testing.T) {
		link := s.track("accounts?$select=name")
		for _, id := range s.ids("account") {
			require.NoError(t, edit.Update(s.env, "account", id, map[string]any{"name": "changed"}))
		}
		first := s.get(link, annotated)
		require.NotEmpty(t, first.NextLink)
		assert.Empty(t, s.get(first.NextLink, annotated).DeltaLink)
		assert.NotEmpty(t, s.get(first.NextLink, plain).DeltaLink, "the request for the last page decides")
	})
	t.Run("and are allowed without change tracking", func(t *testing.T) {
		assert.Len(t, s.scan("accounts?$select=name", `Prefer: odata.maxpagesize=2,odata.include-annotations="*"`), 2)
	})
}

func TestOwningColumnsRepeatTheOwner(t *testing.T) {
	rowsOf := map[string]int{"account": 40, "contoso_sensordata": 40, "systemuser": 3, "team": 3}
	for name, without := range map[string]bool{"of all rows": false, "but those of elastic rows": true} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, rowsOf, behave(rows.Behaviors{ElasticWithoutOwningColumns: without}))
			for _, set := range []string{"accounts", "contoso_sensordatas"} {
				users := 0
				for _, row := range s.get(set+"?$select=_ownerid_value,_owninguser_value,_owningteam_value", `Prefer: odata.include-annotations="*"`).Value {
					owner, user, team := string(row["_ownerid_value"]), string(row["_owninguser_value"]), string(row["_owningteam_value"])
					if without && set == "contoso_sensordatas" {
						assert.Equal(t, []string{"null", "null"}, []string{user, team})
						continue
					}
					want := []string{owner, "null"}
					if string(row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"]) == `"team"` {
						want = []string{"null", owner}
					} else {
						users++
					}
					assert.Equal(t, want, []string{user, team})
				}
				if !without {
					assert.Positive(t, users)
					assert.Less(t, users, 40, "some belong to teams")
				}
			}
		})
	}
}
