package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// journey makes one request of each phase and tells by their names which of them failed.
func (c *caller) journey(tracked string) string {
	c.t.Helper()
	var failed []string
	note := func(name string, status int) {
		if status != http.StatusOK {
			failed = append(failed, name)
		}
	}
	application := simulator.DefaultApplication()
	note("token", c.askToken(application.TenantID, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {application.ClientID}, "client_secret": {application.Secret},
		"scope": {c.server.URL + "/.default"},
	}).status)
	note("who", c.get("WhoAmI").status)
	note("definitions", c.get("EntityDefinitions?$select=LogicalName").status)
	for _, link := range c.links {
		note(link.name, c.sized(strings.TrimPrefix(link.address, c.server.URL), "odata.maxpagesize=2").status)
	}
	note("delta", c.get(strings.TrimPrefix(tracked, c.server.URL)).status)
	note("row", c.get("accounts("+c.row+")?$select=name").status)
	note("count", c.get("accounts/$count").status)
	return strings.Join(failed, " ")
}

// sized asks with a Prefer header.
func (c *caller) sized(path, prefer string) response {
	c.t.Helper()
	request := c.request(http.MethodGet, path)
	request.Header.Set("Prefer", prefer)
	return c.send(request)
}

// place is an address with a name.
type place struct{ name, address string }

// learn notes the addresses of a scan of five accounts by two, and returns the delta link of another.
func (c *caller) learn() (delta string) {
	c.t.Helper()
	first := c.server.URL + "/api/data/v9.2/accounts?$select=name"
	for n, address := 1, first; address != ""; n++ {
		page := c.sized(strings.TrimPrefix(address, c.server.URL), "odata.maxpagesize=2")
		c.row, _ = page.values(c.t)[0]["accountid"].(string)
		c.links = append(c.links, place{"page" + string(rune('0'+n)), address})
		address, _ = page.json(c.t)["@odata.nextLink"].(string)
	}
	require.Len(c.t, c.links, 3)
	delta, _ = c.sized("accounts?$select=name", "odata.track-changes").json(c.t)["@odata.deltaLink"].(string)
	require.NotEmpty(c.t, delta)
	return delta
}

func TestFaultsChoosePhases(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	delta := c.learn()
	for _, test := range []struct {
		text, want string
	}{
		{"phase=sign-in", "token"},
		{"phase=who-am-i", "who"},
		{"phase=metadata", "definitions"},
		{"phase=page", "page1 page2 page3 delta"},
		{"phase=first-page", "page1"},
		{"phase=middle-page", "page2"},
		{"phase=last-page", "page3"},
		{"phase=changes", "delta"},
		{"phase=row", "row"},
		{"table=account", "page1 page2 page3 delta row count"},
		{"table=contact", ""},
		{"table=account page=2", "page2"},
		{"phase=page larger-than=2", "delta"},
		{"phase=page larger-than=1", "page1 page2 page3 delta"},
		{"phase=page larger-than=5000", ""},
		{"phase=changes table=account page=1 count=1", "delta"},
	} {
		t.Run("the fault "+test.text+" strikes exactly that", func(t *testing.T) {
			fault, err := faults.Parse("unavailable count=all " + test.text)
			require.NoError(t, err)
			injection := c.server.Inject(fault)
			defer injection.Remove()
			assert.Equal(t, test.want, c.journey(delta))
		})
	}
	t.Run("a table keeps its faults under another entity set", func(t *testing.T) {
		injection := c.server.Inject(faults.Fault{Match: faults.Table("contact"), Then: faults.Response{Status: 503, Body: []byte("x")}})
		defer injection.Remove()
		require.NoError(t, c.environment.SetEntitySet("contact", "people"))
		assert.Equal(t, 503, c.get("people").status)
	})
	t.Run("a page whose cookie is not taken is none of its scan", func(t *testing.T) {
		injection := c.server.Inject(faults.Fault{Match: faults.PhaseMiddlePage, When: faults.Timing{Count: faults.Forever}, Then: faults.Response{Status: 503, Body: []byte("x")}})
		defer injection.Remove()
		assert.Equal(t, 400, c.get("accounts?$skiptoken=x").status)
		assert.Equal(t, 0, injection.Hits())
	})
}

func TestFaultsComeOnceForEachAddress(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	injection := c.server.Inject(faults.Fault{Match: faults.PathPrefix("/api/data"), When: faults.Timing{Count: 2, Each: true}, Then: faults.Response{Status: 503, Body: []byte("x")}})
	for _, path := range []string{"accounts", "contacts", "accounts?$select=name"} {
		for _, want := range []int{503, 503, 200, 200} {
			assert.Equal(t, want, c.get(path).status, path)
		}
	}
	assert.Equal(t, 6, injection.Hits())
}

func TestFaultsComeAndGo(t *testing.T) {
	clock := newClock()
	c := serve(t, simulator.Options{Seed: 1, Clock: clock.now}, simulator.ServerOptions{
		Faults: []faults.Fault{{Match: faults.PhaseWhoAmI, When: faults.Timing{Count: faults.Forever, From: time.Minute, Until: 2 * time.Minute}, Then: faults.Response{Status: 503, Body: []byte("x")}}},
	})
	var got []int
	for range 4 {
		got = append(got, c.get("WhoAmI").status)
		clock.add(40 * time.Second)
	}
	assert.Equal(t, []int{200, 200, 503, 200}, got)
}

func TestChancesOfSeedsDiffer(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	hits := func(seed uint64) (struck []bool) {
		injection := c.server.Inject(faults.Fault{When: faults.Timing{Count: faults.Forever, Probability: 0.3, Seed: seed}, Then: faults.Response{Status: 503, Body: []byte("x")}})
		defer injection.Remove()
		for range 60 {
			struck = append(struck, c.get("WhoAmI").status == 503)
		}
		return struck
	}
	first := hits(1)
	assert.Equal(t, first, hits(1))
	assert.NotEqual(t, first, hits(2))
}
