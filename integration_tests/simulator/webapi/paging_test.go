package webapi

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestNextLinkHasTheServicesForm(t *testing.T) {
	s := newService(t, map[string]int{"contact": 3})
	page := s.get("contacts?$select=fullname,emailaddress1", "Prefer: odata.maxpagesize=2")
	ids := column([]content{page}, "contactid")
	want := testBase + "/contacts?$select=fullname,emailaddress1&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22" +
		"%253ccookie%2520page%253d%25221%2522%253e%253ccontactid%2520last%253d%2522%257b" + strings.ToUpper(ids[1]) +
		"%257d%2522%2520first%253d%2522%257b" + strings.ToUpper(ids[0]) + "%257d%2522%2520%252f%253e%253c%252fcookie%253e%22%20istracking=%22False%22%20/%3E"
	assert.Equal(t, want, page.NextLink)
}

func TestCookieIsThatOfARealPage(t *testing.T) {
	folder := os.Getenv("DATAVERSE_FIXTURES")
	if folder == "" {
		t.Skip("DATAVERSE_FIXTURES does not name the folder of recorded responses")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "records", "amplabs_contacts-read.json"))
	require.NoError(t, err)
	var page content
	require.NoError(t, json.Unmarshal(raw, &page))
	_, token, found := strings.Cut(page.NextLink, "$skiptoken=")
	require.True(t, found)
	c, refusal := query.ParseCookie(decoded(t, token))
	require.Nil(t, refusal)
	assert.Equal(t, token, c.SkipToken())
	ids := column([]content{page}, "contactid")
	assert.Equal(t, "{"+strings.ToUpper(ids[0])+"}", c.Marks[0].First.Text)
	assert.Equal(t, "{"+strings.ToUpper(ids[1])+"}", c.Marks[0].Last.Text)
}

func TestALinkThatWasEncodedAgainIsRefused(t *testing.T) {
	s := newService(t, map[string]int{"contact": 3}, behave(rows.Behaviors{ExactLinks: true}))
	link := s.get("contacts", "Prefer: odata.maxpagesize=2").NextLink
	before, token, _ := strings.Cut(link, "$skiptoken=")
	once := decoded(t, token)
	tests := map[string]string{
		"decoded once too often":   strings.ReplaceAll(token, "%25", "%"),
		"with plus signs":          strings.ReplaceAll(token, "%20", "+"),
		"with another page number": strings.Replace(token, "pagenumber=%222%22", "pagenumber=%22x%22", 1),
		"cut off":                  token[:len(token)-9],
		"without its inner page":   strings.Replace(token, "page%253d%25221", "page%253d%25227", 1),
	}
	for name, broken := range tests {
		t.Run(name, func(t *testing.T) {
			code, message := s.do(http.MethodGet, before+"$skiptoken="+broken, "").refusal(t)
			assert.Equal(t, "0x8004112A", code)
			assert.Equal(t, "Invalid page number in paging cookie.", message)
		})
	}
	assert.Contains(t, once, `pagingcookie="%3ccookie%20page%3d%221%22%3e`)
	code, _ := s.do(http.MethodGet, strings.Replace(link, "contacts?", "contacts?$orderby=fullname&", 1), "").refusal(t)
	assert.Equal(t, "0x80041129", code, "the cookie is of another order")
}

func TestAPlusSignInATokenIsASpaceUnlessLinksMustBeExact(t *testing.T) {
	s := newService(t, map[string]int{"contact": 3})
	link := strings.ReplaceAll(s.get("contacts", "Prefer: odata.maxpagesize=2").NextLink, "%20", "+")
	assert.Len(t, s.get(link).Value, 1)
	delta := s.get("contacts", "Prefer: odata.track-changes").DeltaLink
	assert.Empty(t, s.get(strings.ReplaceAll(delta, "%20", "+")).Value)

	exact := newService(t, nil, behave(rows.Behaviors{ExactLinks: true}))
	delta = exact.get("contacts", "Prefer: odata.track-changes").DeltaLink
	code, _ := exact.do(http.MethodGet, strings.ReplaceAll(delta, "%20", "+"), "").refusal(t)
	assert.Equal(t, "0x80044183", code)
}

func TestAScanReturnsEveryRowOnce(t *testing.T) {
	s := newService(t, map[string]int{"account": 25, "contoso_legacyorder": 11})
	generated := s.ids("account")
	require.NoError(t, edit.Delete(s.env, "account", generated[4]))
	require.NoError(t, edit.Update(s.env, "account", generated[9], map[string]any{"name": nil}))
	for range 12 {
		s.create("account", map[string]any{"name": "made"})
	}
	s.create("account", map[string]any{"accountid": "00000000-0000-0000-0000-000000000001", "name": "first"})
	s.create("account", map[string]any{"accountid": "ffffffff-ffff-ffff-ffff-ffffffffffff", "name": "last"})
	all := s.ids("account")
	require.Len(t, all, 38)
	assert.Equal(t, "ffffffff-ffff-ffff-ffff-ffffffffffff", all[37])
	for name, target := range map[string]string{
		"by key": "accounts", "by name": "accounts?$orderby=name", "by name downwards": "accounts?$orderby=name desc,createdon",
		"by amount": "accounts?$orderby=revenue desc&$select=revenue",
	} {
		t.Run(name, func(t *testing.T) {
			pages := s.scan(target, "Prefer: odata.maxpagesize=4")
			ids := column(pages, "accountid")
			assert.Len(t, pages, 10)
			if name == "by key" {
				assert.Equal(t, all, ids)
			}
			assert.ElementsMatch(t, all, ids)
		})
	}
	t.Run("of a virtual table", func(t *testing.T) {
		pages := s.scan("contoso_legacyorders", "Prefer: odata.maxpagesize=4")
		assert.Contains(t, pages[0].NextLink, "$skiptoken=%3Ccookie%20pagenumber=%222%22%20istracking")
		assert.Equal(t, s.ids("contoso_legacyorder"), column(pages, "contoso_legacyorderid"))
	})
}

func TestPageSize(t *testing.T) {
	s := newService(t, map[string]int{"contact": 5003})
	tests := []struct {
		name, target, prefer string
		rows                 int
		next                 bool
		applied              string
	}{
		{"is 5,000 by itself", "contacts?$select=fullname", "", 5000, true, ""},
		{"is never larger", "contacts?$select=fullname", "odata.maxpagesize=9999", 5000, true, "odata.maxpagesize=5000"},
		{"is the one preferred", "contacts?$select=fullname", "odata.maxpagesize=3", 3, true, "odata.maxpagesize=3"},
		{"is not set by nonsense", "contacts?$select=fullname", "odata.maxpagesize=0", 5000, true, ""},
		{"wins over $top", "contacts?$select=fullname&$top=1", "odata.maxpagesize=3", 3, true, "odata.maxpagesize=3"},
		{"with $top alone there is no next page", "contacts?$select=fullname&$top=2", "", 2, false, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(http.MethodGet, test.target, "", "Prefer: "+test.prefer)
			var page content
			require.NoError(t, json.Unmarshal([]byte(a.body), &page))
			assert.Len(t, page.Value, test.rows)
			assert.Equal(t, test.next, page.NextLink != "")
			assert.Equal(t, test.applied, a.header.Get("Preference-Applied"))
		})
	}
	t.Run("must be requested with every page", func(t *testing.T) {
		first := s.get("contacts?$select=fullname", "Prefer: odata.maxpagesize=3")
		assert.Len(t, s.get(first.NextLink).Value, 5000)
	})
	t.Run("does not bound a count, which ends at 5,000", func(t *testing.T) {
		page := s.get("contacts?$select=fullname&$count=true", "Prefer: odata.maxpagesize=3")
		assert.Equal(t, 5000, *page.Count)
		assert.Equal(t, "5000", s.do(http.MethodGet, "contacts/$count", "").body)
		assert.Equal(t, "5000", s.do(http.MethodGet, "contacts/$count?$filter=contactid ne null", "").body)
	})
}

func TestFilters(t *testing.T) {
	s := newService(t, nil)
	for _, row := range []map[string]any{
		{"name": "Alpha", "numberofemployees": 5, "revenue": json.Number("10.5"), "creditonhold": true},
		{"name": "beta's", "numberofemployees": 50, "creditonhold": false},
		{"name": "Gamma", "revenue": 300, "statecode": 1},
	} {
		s.create("account", row)
	}
	tests := map[string][]string{
		"name eq 'alpha'":                                       {"Alpha"},
		"name eq 'beta''s'":                                     {"beta's"},
		"contains(name,'AM')":                                   {"Gamma"},
		"startswith(name,'a') or endswith(name,'''s')":          {"Alpha", "beta's"},
		"numberofemployees gt 5":                                {"beta's"},
		"numberofemployees ge 5 and creditonhold eq true":       {"Alpha"},
		"numberofemployees eq null":                             {"Gamma"},
		"not (name eq 'Gamma') and revenue ne null":             {"Alpha"},
		"revenue lt 10.50":                                      nil,
		"revenue le 10.50":                                      {"Alpha"},
		"statecode eq 1":                                        {"Gamma"},
		"createdon ge 2026-08-22T08:10:44Z":                     {"Alpha", "Gamma", "beta's"},
		"createdon gt 2026-08-22T08:10:44Z":                     nil,
		"accountid eq 00000000-0000-0000-0000-000000000001":     nil,
		"(name eq 'Alpha' or name eq 'Gamma') and revenue gt 9": {"Alpha", "Gamma"},
	}
	for filter, want := range tests {
		t.Run(filter, func(t *testing.T) {
			got := column([]content{s.get("accounts?$filter=" + strings.ReplaceAll(filter, "'", "%27"))}, "name")
			slices.Sort(got)
			assert.Equal(t, want, got)
		})
	}
}

func TestAMillionRowsCostNothingUntilTouched(t *testing.T) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	s := newService(t, map[string]int{"account": 1_000_000}, func(o *rows.Options) { o.Tables = []*schema.Table{schema.Account()} })
	middle := s.env.Stores["account"].IDs.Id(500_000)
	c := query.Cookie{Page: 2, Marks: []query.Mark{{Column: "accountid", First: query.IDPosition(middle), Last: query.IDPosition(middle)}}}
	target := "accounts?$select=name&$skiptoken=" + c.SkipToken()
	var page content
	allocations := testing.AllocsPerRun(1, func() { page = s.get(target, "Prefer: odata.maxpagesize=10") })
	assert.Len(t, page.Value, 10)
	assert.Equal(t, `"`+s.env.Stores["account"].IDs.Id(500_001).String()+`"`, string(page.Value[0]["accountid"]))
	assert.Less(t, allocations, 5000.0, "a page from the middle must not look at the rows before it")
	assert.Less(t, heap()-before, int64(4<<20), "the rows must not be held")
	runtime.KeepAlive(s)
}
