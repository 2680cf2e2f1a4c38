package faults_test

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
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// journey makes one request of each phase and returns the names of those that failed.
func journey(c *simulatortest.Caller, s scanned) string {
	c.T.Helper()
	var failed []string
	note := func(name string, status int) {
		if status != http.StatusOK {
			failed = append(failed, name)
		}
	}
	application := simulator.DefaultApplication()
	note("token", c.AskToken(application.TenantID, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {application.ClientID}, "client_secret": {application.Secret},
		"scope": {c.Server.URL + "/.default"},
	}).Status)
	note("who", c.Get("WhoAmI").Status)
	note("definitions", c.Get("EntityDefinitions?$select=LogicalName").Status)
	for _, link := range s.links {
		note(link.name, c.Sized(strings.TrimPrefix(link.address, c.Server.URL), "odata.maxpagesize=2").Status)
	}
	note("delta", c.Get(strings.TrimPrefix(s.delta, c.Server.URL)).Status)
	note("row", c.Get("accounts("+s.row+")?$select=name").Status)
	note("count", c.Get("accounts/$count").Status)
	return strings.Join(failed, " ")
}

// namedLink is an address with a name.
type namedLink struct{ name, address string }

// scanned holds the addresses that a scan has led to.
type scanned struct {
	links []namedLink // of its pages
	row   string      // a key
	delta string      // the delta link of another scan
}

// learn scans five accounts by two.
func learn(c *simulatortest.Caller) scanned {
	c.T.Helper()
	var s scanned
	first := c.Server.URL + "/api/data/v9.2/accounts?$select=name"
	for n, address := 1, first; address != ""; n++ {
		page := c.Sized(strings.TrimPrefix(address, c.Server.URL), "odata.maxpagesize=2")
		s.row, _ = page.Values(c.T)[0]["accountid"].(string)
		s.links = append(s.links, namedLink{"page" + string(rune('0'+n)), address})
		address, _ = page.JSON(c.T)["@odata.nextLink"].(string)
	}
	require.Len(c.T, s.links, 3)
	s.delta, _ = c.Sized("accounts?$select=name", "odata.track-changes").JSON(c.T)["@odata.deltaLink"].(string)
	require.NotEmpty(c.T, s.delta)
	return s
}

func TestFaultsChoosePhases(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	learned := learn(c)
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
			injection := c.Server.Inject(fault)
			defer injection.Remove()
			assert.Equal(t, test.want, journey(c, learned))
		})
	}
	t.Run("a table keeps its faults under another entity set", func(t *testing.T) {
		injection := c.Server.Inject(faults.Fault{Match: faults.Table("contact"), Then: faults.Response{Status: 503, Body: []byte("x")}})
		defer injection.Remove()
		require.NoError(t, c.Environment.SetEntitySet("contact", "people"))
		assert.Equal(t, 503, c.Get("people").Status)
	})
	t.Run("a page whose cookie is not taken is none of its scan", func(t *testing.T) {
		injection := c.Server.Inject(faults.Fault{Match: faults.PhaseMiddlePage, When: faults.Timing{Count: faults.Forever}, Then: faults.Response{Status: 503, Body: []byte("x")}})
		defer injection.Remove()
		assert.Equal(t, 400, c.Get("accounts?$skiptoken=x").Status)
		assert.Equal(t, 0, injection.Hits())
	})
}

func TestFaultsComeOnceForEachAddress(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	injection := c.Server.Inject(faults.Fault{Match: faults.PathPrefix("/api/data"), When: faults.Timing{Count: 2, Each: true}, Then: faults.Response{Status: 503, Body: []byte("x")}})
	for _, path := range []string{"accounts", "contacts", "accounts?$select=name"} {
		for _, want := range []int{503, 503, 200, 200} {
			assert.Equal(t, want, c.Get(path).Status, path)
		}
	}
	assert.Equal(t, 6, injection.Hits())
}

func TestFaultsComeAndGo(t *testing.T) {
	clock := simulatortest.NewClock()
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Clock: clock.Now}, simulator.ServerOptions{
		Faults: []faults.Fault{{Match: faults.PhaseWhoAmI, When: faults.Timing{Count: faults.Forever, From: time.Minute, Until: 2 * time.Minute}, Then: faults.Response{Status: 503, Body: []byte("x")}}},
	})
	var got []int
	for range 4 {
		got = append(got, c.Get("WhoAmI").Status)
		clock.Add(40 * time.Second)
	}
	assert.Equal(t, []int{200, 200, 503, 200}, got)
}

func TestChancesOfSeedsDiffer(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	hits := func(seed uint64) (struck []bool) {
		injection := c.Server.Inject(faults.Fault{When: faults.Timing{Count: faults.Forever, Probability: 0.3, Seed: seed}, Then: faults.Response{Status: 503, Body: []byte("x")}})
		defer injection.Remove()
		for range 60 {
			struck = append(struck, c.Get("WhoAmI").Status == 503)
		}
		return struck
	}
	first := hits(1)
	assert.Equal(t, first, hits(1))
	assert.NotEqual(t, first, hits(2))
}
