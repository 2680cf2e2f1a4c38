package webapi

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// people returns a service with a few contacts that have no other columns than these.
func people(t *testing.T) service {
	t.Helper()
	s := newService(t, nil)
	for name, children := range map[string]string{"Ada": "1", "Bea": "2", "Cid": "", "Dan": "4"} {
		row := map[string]any{"lastname": name}
		if children != "" {
			row["numberofchildren"] = len(children) * int(children[0]-'0')
		}
		s.create("contact", row)
	}
	return s
}

func TestRowsAreSelectedBySQL(t *testing.T) {
	s := people(t)
	for sql, want := range map[string][]string{
		"SELECT lastname FROM contact ORDER BY lastname":                                                                       {"Ada", "Bea", "Cid", "Dan"},
		"select top 2 lastname from contact order by lastname desc":                                                            {"Dan", "Cid"},
		"SELECT c.lastname FROM contact WHERE c.numberofchildren > 1 AND NOT (lastname = 'Dan') ORDER BY lastname":             {"Bea"},
		"SELECT lastname FROM contact WHERE numberofchildren IS NULL":                                                          {"Cid"},
		"SELECT lastname FROM contact WHERE numberofchildren IS NOT NULL AND lastname <> 'Ada' ORDER BY lastname":              {"Bea", "Dan"},
		"SELECT lastname FROM contact WHERE lastname IN ('Ada', 'Dan') ORDER BY lastname":                                      {"Ada", "Dan"},
		"SELECT lastname FROM contact WHERE lastname NOT IN ('Ada', 'Dan') ORDER BY lastname":                                  {"Bea", "Cid"},
		"SELECT lastname FROM contact WHERE lastname LIKE 'B%' OR lastname LIKE '%n' OR lastname LIKE '%d%' ORDER BY lastname": {"Ada", "Bea", "Cid", "Dan"},
		"SELECT lastname FROM contact WHERE lastname NOT LIKE '%a' ORDER BY lastname":                                          {"Cid", "Dan"},
	} {
		t.Run(sql, func(t *testing.T) {
			assert.Equal(t, want, column([]content{s.get("contacts?sql=" + url.QueryEscape(sql))}, "lastname"))
		})
	}
	counted := s.get("contacts?sql=" + url.QueryEscape("SELECT COUNT(*) AS n FROM contact WHERE numberofchildren >= 2"))
	assert.Equal(t, []string{"2"}, column([]content{counted}, "n"))
}

func TestSQLIsServedPageByPage(t *testing.T) {
	s := newService(t, map[string]int{"contact": 12})
	pages := s.scan("contacts?sql="+url.QueryEscape("SELECT contactid FROM contact"), "Prefer: odata.maxpagesize=5")
	require.Len(t, pages, 3)
	assert.ElementsMatch(t, s.ids("contact"), column(pages, "contactid"))
}

func TestPagesOfAVirtualTableAreFoundByTheirNumber(t *testing.T) {
	s := newService(t, map[string]int{"contoso_legacyorder": 12})
	want := s.ids("contoso_legacyorder")
	t.Run("by SQL", func(t *testing.T) {
		pages := s.scan("contoso_legacyorders?sql="+url.QueryEscape("SELECT contoso_legacyorderid FROM contoso_legacyorder"), "Prefer: odata.maxpagesize=5")
		require.Len(t, pages, 3)
		assert.Equal(t, want, column(pages, "contoso_legacyorderid"))
	})
	t.Run("by XML", func(t *testing.T) {
		var pages []content
		for page := 1; page <= 3; page++ {
			xml := fmt.Sprintf("<fetch count='5' page='%d'><entity name='contoso_legacyorder'><attribute name='contoso_legacyorderid'/></entity></fetch>", page)
			pages = append(pages, s.get("contoso_legacyorders?fetchXml="+url.QueryEscape(xml)))
		}
		assert.Equal(t, want, column(pages, "contoso_legacyorderid"))
	})
}

func TestSQLThatIsNotSupportedIsRefused(t *testing.T) {
	s := people(t)
	for sql, want := range map[string]string{
		"DELETE FROM contact":                                                         "'DELETE' is not expected",
		"SELECT nope FROM contact":                                                    "Name = 'nope'",
		"SELECT lastname FROM account":                                                "not the table",
		"SELECT lastname FROM contact JOIN account":                                   "'JOIN' is not expected",
		"SELECT lastname FROM contact WHERE lastname":                                 "ends too early",
		"SELECT lastname FROM contact WHERE lastname = 'a":                            "unterminated",
		"SELECT TOP x lastname FROM contact":                                          "TOP needs a number",
		"SELECT lastname FROM contact WHERE numberofchildren = 'x or statecode eq 0'": "not of type 'Edm.Int64'",
	} {
		t.Run(sql, func(t *testing.T) {
			a := s.do(http.MethodGet, "contacts?sql="+url.QueryEscape(sql), "")
			assert.Equal(t, http.StatusBadRequest, a.status)
			_, message := a.refusal(t)
			assert.Contains(t, message, want)
		})
	}
}

func TestRowsAreFetchedByXML(t *testing.T) {
	s := people(t)
	fetch := func(inside string) string {
		return "contacts?fetchXml=" + url.QueryEscape("<fetch><entity name='contact'><attribute name='lastname'/><order attribute='lastname'/>"+inside+"</entity></fetch>")
	}
	for inside, want := range map[string][]string{
		"": {"Ada", "Bea", "Cid", "Dan"},
		"<filter><condition attribute='numberofchildren' operator='null'/></filter>":                                                                                     {"Cid"},
		"<filter type='or'><condition attribute='lastname' operator='eq' value='Ada'/><condition attribute='numberofchildren' operator='gt' value='2'/></filter>":        {"Ada", "Dan"},
		"<filter><condition attribute='lastname' operator='in'><value>Bea</value><value>Dan</value></condition></filter>":                                                {"Bea", "Dan"},
		"<filter><condition attribute='lastname' operator='begins-with' value='c'/></filter>":                                                                            {"Cid"},
		"<filter><condition attribute='lastname' operator='neq' value='Cid'/><filter><condition attribute='lastname' operator='not-like' value='%a'/></filter></filter>": {"Dan"},
	} {
		t.Run(inside, func(t *testing.T) {
			assert.Equal(t, want, column([]content{s.get(fetch(inside))}, "lastname"))
		})
	}
	for inside, code := range map[string]string{
		"<filter><condition attribute='nope' operator='null'/></filter>":              "0x80041103",
		"<filter><condition attribute='lastname' operator='under'/></filter>":         "0x80041102",
		"<link-entity name='account' from='accountid' to='parentcustomerid'/>":        "0x80041102",
		"<filter><condition attribute='lastname' operator='odd' value='1'/></filter>": "0x80041102",
	} {
		t.Run(inside, func(t *testing.T) {
			got, _ := s.do(http.MethodGet, fetch(inside), "").refusal(t)
			assert.Equal(t, code, got)
		})
	}
}
