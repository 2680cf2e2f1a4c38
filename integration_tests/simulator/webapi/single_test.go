package webapi

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestFollowingALookup(t *testing.T) {
	s := newService(t, nil)
	firm := s.create("account", map[string]any{"name": "Contoso"})
	person := s.create("contact", map[string]any{"lastname": "Orton", "_parentcustomerid_value": firm})
	address := "contacts(" + person + ")/"
	t.Run("returns the related row", func(t *testing.T) {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.do(http.MethodGet, address+"parentcustomerid_account?$select=name", "").body), &row))
		assert.Equal(t, testBase+"/$metadata#accounts(name)/$entity", row["@odata.context"])
		assert.Equal(t, "Contoso", row["name"])
		assert.Equal(t, firm, row["accountid"])
	})
	t.Run("returns its address with $ref", func(t *testing.T) {
		a := s.do(http.MethodGet, address+"parentcustomerid_account/$ref", "")
		assert.JSONEq(t, `{"@odata.context":"`+testBase+`/$metadata#$ref","@odata.id":"`+testBase+`/accounts(`+firm+`)"}`, a.body)
	})
	t.Run("returns nothing where it points to no row of that kind", func(t *testing.T) {
		assert.Equal(t, http.StatusNoContent, s.do(http.MethodGet, address+"parentcustomerid_contact", "").status)
		assert.Equal(t, http.StatusNoContent, s.do(http.MethodGet, address+"preferredsystemuserid", "").status)
	})
	t.Run("is refused to a user who may not read the other table", func(t *testing.T) {
		s.env.SetReadDepth("account", schema.None)
		assert.Equal(t, http.StatusForbidden, s.do(http.MethodGet, address+"parentcustomerid_account", "").status)
	})
}

func TestAnOrderByALookupIsThatOfTheNames(t *testing.T) {
	s := newService(t, nil)
	var want []string
	for _, name := range []string{"alpha", "Beta", "gamma", "Delta"} {
		s.create("contact", map[string]any{"lastname": name, "_accountid_value": s.create("account", map[string]any{"name": name})})
	}
	want = append(want, "alpha", "Beta", "Delta", "gamma")
	pages := s.scan("contacts?$orderby=_accountid_value&$select=fullname", "Prefer: odata.maxpagesize=1")
	assert.Equal(t, want, column(pages, "fullname"))
}
