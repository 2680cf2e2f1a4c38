package webapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// FuzzQuery checks that any text in a query option is served or refused.
func FuzzQuery(f *testing.F) {
	options := []string{"$filter", "$orderby", "$select", "$expand", "$apply", "sql", "fetchXml", "$skiptoken", "$deltatoken"}
	for _, seed := range []struct {
		option int
		text   string
	}{
		{0, "Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=[\"a\"]) and not (revenue gt 5 or contains(name,'x'))"},
		{1, "name desc,createdon"},
		{2, "name,_ownerid_value"},
		{3, "primarycontactid($select=lastname;$expand=parentcustomerid_account),account_contact_parentcustomerid($top=1;$filter=lastname ne 'x')"},
		{4, "filter(revenue gt 1)/groupby((statecode),aggregate($count as n,revenue with average as mean))"},
		{5, "SELECT TOP 3 a.name AS x FROM account WHERE (name LIKE '%a' OR revenue IN (1,2)) AND NOT name IS NULL ORDER BY name DESC"},
		{6, "<fetch count='2' page='2' paging-cookie='x'><entity name='account'><attribute name='name'/><filter><condition attribute='name' operator='in'><value>a</value></condition></filter></entity></fetch>"},
	} {
		f.Add(seed.option, seed.text)
	}
	env, err := rows.New(rows.Options{Rows: map[string]int{"account": 5, "contact": 5}})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, option int, text string) {
		if option < 0 || option >= len(options) {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, testBase+"/accounts?"+options[option]+"="+url.QueryEscape(text), nil)
		w := httptest.NewRecorder()
		serveRows(env, w, r, testBase, "accounts")
		assert.Contains(t, []int{http.StatusOK, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusNotImplemented}, w.Code, "%s", w.Body)
	})
}
