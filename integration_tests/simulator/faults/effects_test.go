package faults_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// under returns the body of a response while a fault is at work.
func under(c *simulatortest.Caller, f faults.Fault, path, prefer string) string {
	c.T.Helper()
	injection := c.Server.Inject(f.Always())
	defer injection.Remove()
	body := string(c.Sized(path, prefer).Body)
	require.Positive(c.T, injection.Hits())
	return body
}

func TestLinksThatCannotBeFollowed(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	const paged, tracked = "odata.maxpagesize=2", "odata.track-changes"
	bent := func(l faults.Links, prefer string) string {
		return under(c, faults.Fault{Then: l}, "accounts?$select=name", prefer)
	}
	port := c.Server.URL[strings.LastIndex(c.Server.URL, ":"):]
	for name, test := range map[string]struct {
		links  faults.Links
		prefer string
		want   string
	}{
		"another scheme":           {faults.HTTPLinks, paged, `"@odata.nextLink":"http://127.0.0.1` + port + `/api/data/v9.2/accounts?`},
		"another port":             {faults.OtherPortLinks, paged, `"@odata.nextLink":"https://127.0.0.1:44344/api/data/v9.2/accounts?`},
		"another port of a delta":  {faults.OtherPortLinks, tracked, `"@odata.deltaLink":"https://127.0.0.1:44344/api/data/v9.2/accounts?`},
		"no origin":                {faults.RelativeLinks, paged, `"@odata.nextLink":"/api/data/v9.2/accounts?`},
		"white space":              {faults.PaddedLinks, paged, `"@odata.nextLink":" \nhttps://127.0.0.1`},
		"an address has no alias":  {faults.APIAliasLinks, paged, `"@odata.nextLink":"https://127.0.0.1` + port},
		"more records, no link":    {faults.MoreWithoutLink, paged, `],"@Microsoft.Dynamics.CRM.morerecords":true}`},
		"always another next link": {faults.EndlessLinks, "", `],"@odata.nextLink":"` + c.Server.URL + `/api/data/v9.2/accounts?$select=name&tag=1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, bent(test.links, test.prefer), test.want)
		})
	}
	t.Run("the alias of a host", func(t *testing.T) {
		injection := c.Server.Inject(faults.Fault{Then: faults.APIAliasLinks})
		defer injection.Remove()
		request := c.Request(http.MethodGet, "accounts?$select=name")
		request.Host = "contoso.crm4.example"
		request.Header.Set("Prefer", paged)
		assert.Contains(t, string(c.Send(request).Body), `"@odata.nextLink":"https://contoso.api.crm4.example/api/data/v9.2/accounts?`)
	})
	t.Run("no link at all", func(t *testing.T) {
		for _, prefer := range []string{paged, tracked} {
			assert.NotContains(t, bent(faults.MissingLinks, prefer), "Link")
		}
	})
	t.Run("an endless link leads to the same rows and another link", func(t *testing.T) {
		injection := c.Server.Inject(faults.Fault{Then: faults.EndlessLinks}.Always())
		defer injection.Remove()
		first := c.Get("accounts?$select=name")
		next, _ := first.JSON(t)["@odata.nextLink"].(string)
		second := c.Get(strings.TrimPrefix(next, c.Server.URL))
		assert.Equal(t, first.Values(t), second.Values(t))
		assert.Contains(t, second.JSON(t)["@odata.nextLink"], "&tag=2")
	})
}

func TestBodiesThatAreNotWhatTheySeem(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 2}, simulator.ServerOptions{})
	for name, test := range map[string]struct {
		then faults.Effect
		want string
	}{
		"an error beside the rows":    {faults.ErrorBesideValue, `],"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`},
		"a byte order mark":           {faults.ByteOrderMark, "\ufeff{\"@odata.context\""},
		"a number that is none":       {faults.Value{Property: "revenue", JSON: `"NaN"`}, `"revenue":"NaN"`},
		"a text with U+0000":          {faults.Value{Property: "name", JSON: `"a\u0000b"`}, `"name":"a\u0000b"`},
		"a name in another case":      {faults.Renamed{Property: "name", Name: "Name"}, `"Name":"`},
		"several at once":             {faults.Chain{faults.ByteOrderMark, faults.Value{Property: "name", JSON: "7"}}, `"name":7`},
		"a function of one's own":     {faults.Edit(func(*http.Request, []byte) []byte { return []byte("mine") }), "mine"},
		"a handler of one's own":      {faults.Handle(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { _, _ = w.Write([]byte("handled")) }), "handled"},
		"a message that is an object": {faults.MessageObject(400).Then, `"code":-2147220970,"message":{"lang":"en-US"`},
		"a plug-in's refusal":         {faults.PluginError(400).Then, `"code":"0x80040265"`},
		"HTML of a firewall":          {faults.HTMLError(410).Then, "<h1>Gone</h1>"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, under(c, faults.Fault{Then: test.then}, "accounts?$select=name,revenue", ""), test.want)
		})
	}
	t.Run("a null is a value too", func(t *testing.T) {
		const path = "accounts?$select=name,description"
		body := under(c, faults.Fault{Then: faults.Value{Property: "description", JSON: "1"}}, path, "")
		assert.Equal(t, 2, strings.Count(body, `"description":1`))
	})
}

func TestAResponseThatUnpacksToMore(t *testing.T) {
	const size = 40 << 20
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	c.Server.Inject(faults.Fault{Match: faults.PhaseWhoAmI, Then: faults.Inflating(size)})
	request := c.Request(http.MethodGet, "WhoAmI")
	request.Header.Set("Accept-Encoding", "gzip")
	got := c.Send(request)
	assert.Less(t, len(got.Body), size/100)
	unpacked, err := gzip.NewReader(strings.NewReader(string(got.Body)))
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, unpacked)
	require.NoError(t, err)
	assert.Greater(t, n, int64(size))
}

func TestFaultsOfOneDefinition(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	const (
		some    = "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'account' or LogicalName eq 'contact'"
		changes = `RetrieveMetadataChanges(Query=@q)?@q={"Properties":{"PropertyNames":["LogicalName"]}}`
		other   = "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'task'"
	)
	escaped := strings.NewReplacer(" ", "%20", `"`, "%22", "{", "%7B", "}", "%7D")
	for _, path := range []string{some, changes} {
		t.Run("in "+path[:8], func(t *testing.T) {
			path := escaped.Replace(path)
			without := under(c, faults.MissingDefinition("account"), path, "")
			assert.NotContains(t, without, `"LogicalName":"account"`)
			assert.Contains(t, without, `"LogicalName":"contact"`)
			assert.Contains(t, under(c, faults.BrokenDefinition("account"), path, ""), `{"error":{"code":"0x80040216"`)
			misshapen := under(c, faults.MisshapenDefinition("account"), path, "")
			assert.Contains(t, misshapen, `{"LogicalName":"account","EntitySetName":7,"Attributes":"none"}`)
			assert.Contains(t, misshapen, `"LogicalName":"contact"`)
		})
	}
	t.Run("leave the definitions of other tables alone", func(t *testing.T) {
		path := escaped.Replace(other)
		ordinary := string(c.Get(path).Body)
		for _, f := range []faults.Fault{faults.MissingDefinition("account"), faults.BrokenDefinition("account"), faults.MisshapenDefinition("account")} {
			assert.Equal(t, ordinary, under(c, f, path, ""))
		}
	})
}
