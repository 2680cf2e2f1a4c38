package dataverse_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	// The inner cookie is encoded twice (Microsoft, "Page results using OData").
	pagingLink = `contacts?$select=fullname&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page%253d%25221%2522%253e` +
		`%253ccontactid%2520last%253d%2522%257bD5026A4D-D01C-ED11-B83E-000D3A572421%257d%2522%2520%252f%253e%253c%252fcookie%253e%22%20istracking=%22False%22%20/%3E`
	deltaLink = `accounts?$select=name,telephone1,fax&$deltatoken=919058%2108%2f22%2f2017%2008%3a21%3a20`
)

func TestLinkIsSentByteForByte(t *testing.T) {
	for name, example := range map[string]struct{ sent, next, wire string }{
		"a paging cookie":                       {"HOST/api/data/v9.2/" + pagingLink, pagingLink, "/api/data/v9.2/" + pagingLink},
		"a delta token":                         {"HOST/api/data/v9.2/" + deltaLink, deltaLink, "/api/data/v9.2/" + deltaLink},
		"a token whose marks are not encoded":   {"HOST/api/data/v9.2/a?$deltatoken=9!08/22/2017:1", "a?$deltatoken=9!08/22/2017:1", "/api/data/v9.2/a?$deltatoken=9!08/22/2017:1"},
		"plus signs and commas":                 {"HOST/api/data/v9.2/a?$select=a,b&x=1+2", "a?$select=a,b&x=1+2", "/api/data/v9.2/a?$select=a,b&x=1+2"},
		"a bare space, which cannot be sent":    {"HOST/api/data/v9.2/a?$deltatoken=9!08/22/2017 08:10", "a?$deltatoken=9!08/22/2017%2008:10", "/api/data/v9.2/a?$deltatoken=9!08/22/2017%2008:10"},
		"a link relative to the API":            {pagingLink, pagingLink, "/api/data/v9.2/" + pagingLink},
		"a link relative to the host":           {"/api/data/v9.2/" + deltaLink, deltaLink, "/api/data/v9.2/" + deltaLink},
		"the path of the API in the query, too": {"HOST/api/data/v9.2/a?x=/api/data/v9.2/b", "a?x=/api/data/v9.2/b", "/api/data/v9.2/a?x=/api/data/v9.2/b"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, good(`{"@odata.nextLink":"`+example.sent+`","value":[]}`), good(emptyPage))
			c := s.client()
			page, _, err := read(t.Context(), c, "accounts")
			require.NoError(t, err)
			assert.Equal(t, dataverse.Link(example.next), page.Next)
			_, _, err = read(t.Context(), c, page.Next)
			require.NoError(t, err)
			assert.Equal(t, example.wire, s.requests()[1].uri)
		})
	}
}

func TestLinkOutsideTheEnvironmentIsRefused(t *testing.T) {
	for name, link := range map[string]string{
		"another host":                          "https://evil.example/api/data/v9.2/accounts?$skiptoken=hidden",
		"another host by plain http":            "http://evil.example:80/api/data/v9.2/accounts",
		"the alias of another host":             "https://other.api.0.0.1/api/data/v9.2/accounts?$skiptoken=hidden",
		"another scheme":                        "ftp://PLAIN/api/data/v9.2/accounts?$skiptoken=hidden",
		"a host cut by a query":                 "HOST?x=/api/data/v9.2/accounts",
		"the host as a user's name":             "HOST@evil.example/api/data/v9.2/accounts?$skiptoken=hidden",
		"the host as a beginning":               "HOST.evil.example/api/data/v9.2/accounts?$skiptoken=hidden",
		"another version of the API":            "HOST/api/data/v9.1/accounts?$skiptoken=hidden",
		"a path out of the API":                 "HOST/main.aspx?$skiptoken=hidden",
		"the root of the API":                   "HOST/api/data/v9.2/",
		"the host alone":                        "HOST",
		"a path below another":                  "HOST/x/api/data/v9.2/accounts?$skiptoken=hidden",
		"a path upwards":                        "../accounts?$skiptoken=hidden",
		"a scheme without a host":               "mailto:accounts?$skiptoken=hidden",
		"a path out of the API, without a host": "/main.aspx?$skiptoken=hidden",
		"a link that begins with slashes":       "//evil.example/api/data/v9.2/accounts",
	} {
		for _, member := range []string{"@odata.nextLink", "@odata.deltaLink"} {
			t.Run(name+" as "+member, func(t *testing.T) {
				s := newService(t, good(`{"value":[],"`+member+`":"`+link+`"}`))
				_, _, err := read(t.Context(), s.client(), "accounts")
				require.ErrorIs(t, err, dataverse.ErrLinkOutside)
				assert.Len(t, s.requests(), 1, "no other attempt")
				assert.NotContains(t, err.Error(), "hidden")
				assert.NotContains(t, err.Error(), "\n")
			})
		}
	}
}

// diverted sends requests to any host to the service.
type diverted struct{ to *service }

func (d diverted) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.URL.Host = d.to.Listener.Addr().String()
	return d.to.transport.RoundTrip(sent)
}

func TestLinkToTheSameHostByAnotherNameIsFollowed(t *testing.T) {
	const root = "https://contoso.crm4.dynamics.com"
	for name, origin := range map[string]string{
		"as it is":                  root,
		"the default port":          root + ":443",
		"another port":              root + ":11777",
		"another case":              "https://Contoso.CRM4.dynamics.com",
		"scheme in capitals":        "HTTPS://contoso.crm4.dynamics.com:443",
		"plain http":                "http://contoso.crm4.dynamics.com",
		"plain http with its port":  "http://contoso.crm4.dynamics.com:80",
		"the alias of the API":      "https://contoso.api.crm4.dynamics.com",
		"a dot at the end":          "https://contoso.crm4.dynamics.com.",
		"white space before it":     " \\t" + root,
		"the alias and plain http":  "http://contoso.api.crm4.dynamics.com:8080",
		"a line break in the front": `\n` + root,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, good(`{"@odata.nextLink":"`+origin+`/api/data/v9.2/a?b ","value":[]}`))
			for _, own := range []string{root, "https://contoso.api.crm4.dynamics.com"} {
				page, _, err := read(t.Context(), dataverse.New(own, &tokens{}, diverted{s}, options()), "accounts")
				require.NoError(t, err)
				assert.Equal(t, dataverse.Link("a?b"), page.Next)
			}
		})
	}
}

func TestUnusableLinkIsNotQuoted(t *testing.T) {
	s := newService(t, good(emptyPage))
	_, _, err := read(t.Context(), s.client(), "accounts?$deltatoken=hidden\x7f\n")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hidden")
	assert.Empty(t, s.requests())
}

func TestNewLinkSelectsColumns(t *testing.T) {
	assert.Equal(t, dataverse.Link("accounts"), dataverse.NewLink("accounts", nil))
	assert.Equal(t, dataverse.Link("accounts?$select=accountid,name"), dataverse.NewLink("accounts", []string{"accountid", "name"}))
}

func TestNewDeltaLinkHoldsTheToken(t *testing.T) {
	link := dataverse.NewDeltaLink("accounts", []string{"name", "fax"}, "919058%2108%2f22")
	assert.Equal(t, dataverse.Link("accounts?$select=name,fax&$deltatoken=919058%2108%2f22"), link)
	assert.Equal(t, dataverse.Link("accounts?$deltatoken=9%21"), dataverse.NewDeltaLink("accounts", nil, "9%21"))
	assert.Equal(t, "919058%2108%2f22", link.DeltaToken())
}

func TestLinkOptionsAreParsed(t *testing.T) {
	for link, example := range map[dataverse.Link]struct {
		token  string
		fields []string
	}{
		deltaLink:             {"919058%2108%2f22%2f2017%2008%3a21%3a20", []string{"name", "telephone1", "fax"}},
		pagingLink:            {"", []string{"fullname"}},
		"accounts":            {"", nil},
		"accounts?":           {"", nil},
		"accounts?$select=":   {"", nil},
		"a?$select=x%2Cy":     {"", []string{"x", "y"}},
		"a?$select=%zz":       {"", []string{"%zz"}},
		"a?$deltatoken=":      {"", nil},
		"a?x$deltatoken=1":    {"", nil},
		"a?$deltatoken=1&b=2": {"1", nil},
	} {
		assert.Equal(t, example.token, link.DeltaToken(), link)
		assert.Equal(t, example.fields, link.Select(), link)
	}
}

func TestDeltaTokenIsEncodedOnce(t *testing.T) {
	for token, encoded := range map[string]string{
		"919042!08/22/2017 08:10:44":             "919042%2108%2F22%2F2017%2008%3A10%3A44",
		"919042%2108%2f22%2f2017%2008%3a10%3a44": "919042%2108%2f22%2f2017%2008%3a10%3a44",
		"a+b":                                    "a%2Bb",
		"plain":                                  "plain",
		"":                                       "",
	} {
		assert.Equal(t, encoded, dataverse.EncodeToken(token))
		assert.Equal(t, encoded, dataverse.EncodeToken(encoded), "twice is once")
	}
}

func TestLongSelectionIsSentWhole(t *testing.T) {
	columns := make([]string, 300)
	for i := range columns {
		columns[i] = strings.Repeat("c", 20)
	}
	s := newService(t, good(emptyPage))
	link := dataverse.NewLink("accounts", columns)
	_, _, err := read(t.Context(), s.client(), link)
	require.NoError(t, err)
	assert.Equal(t, "/api/data/v9.2/"+string(link), s.requests()[0].uri)
}
