package webapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRelatedRowsAreReturnedByExpand(t *testing.T) {
	s := newService(t, nil)
	firm := s.create("account", map[string]any{"name": "Contoso"})
	for _, name := range []string{"Ada", "Bea", "Cid"} {
		s.create("contact", map[string]any{"lastname": name, "_parentcustomerid_value": firm})
	}
	s.create("contact", map[string]any{"lastname": "Dan"})
	t.Run("a lookup returns a row or null", func(t *testing.T) {
		page := s.get("contacts?$select=lastname&$orderby=lastname&$expand=parentcustomerid_account($select=name)")
		assert.Equal(t, testBase+"/$metadata#contacts(lastname,parentcustomerid_account(name))", page.Context)
		var got struct{ Name, AccountID string }
		require.NoError(t, json.Unmarshal(page.Value[0]["parentcustomerid_account"], &got))
		assert.Equal(t, "Contoso", got.Name)
		assert.Equal(t, firm, got.AccountID)
		assert.Equal(t, "null", string(page.Value[3]["parentcustomerid_account"]))
	})
	t.Run("a collection is filtered, ordered and cut", func(t *testing.T) {
		body := s.do(http.MethodGet, "accounts("+firm+")?$select=name&$expand=account_contact_parentcustomerid($select=lastname;$filter=lastname ne 'Bea';$orderby=lastname desc;$top=1)", "").body
		assert.Contains(t, body, `"lastname":"Cid"`)
		assert.Equal(t, 1, strings.Count(body, `"lastname"`))
	})
	t.Run("an expansion goes deeper", func(t *testing.T) {
		body := s.do(http.MethodGet, "accounts("+firm+")?$select=name&$expand=account_contact_parentcustomerid($select=lastname;$expand=parentcustomerid_account($select=name))", "").body
		assert.Equal(t, 4, strings.Count(body, `"name":"Contoso"`))
	})
	for name, test := range map[string]struct{ query, message string }{
		"a property that is no navigation": {"$expand=name", "Could not find a property named 'name'"},
		"a filter on a lookup":             {"$expand=primarycontactid($filter=lastname eq 'x')", "single-valued"},
		"an unknown column":                {"$expand=primarycontactid($select=nope)", "Could not find a property named 'nope'"},
		"an open bracket":                  {"$expand=primarycontactid($select=lastname", "')' or ',' expected"},
		"more than fifteen":                {"$expand=" + strings.Repeat("primarycontactid,", 15) + "primarycontactid", "limit of 15"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			code, message := s.do(http.MethodGet, "accounts?"+test.query, "").refusal(t)
			assert.Equal(t, "0x80060888", code)
			assert.Contains(t, message, test.message)
		})
	}
}
