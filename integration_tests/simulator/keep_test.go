package simulator_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// scan reads all pages of a tracked table and the changes after them, with the server's address taken out.
func scan(c *simulatortest.Caller, table string) []string {
	c.T.Helper()
	var pages []string
	for address := table + "?$select=name"; address != "" && len(pages) < 10; {
		request := c.Request(http.MethodGet, address)
		request.Header.Set("Prefer", "odata.track-changes,odata.maxpagesize=2")
		page := c.Send(request)
		require.Equal(c.T, http.StatusOK, page.Status, "%s", page.Body)
		pages = append(pages, strings.ReplaceAll(string(page.Body), c.Server.URL, ""))
		link, _ := page.JSON(c.T)["@odata.nextLink"].(string)
		if delta, last := page.JSON(c.T)["@odata.deltaLink"].(string); last && !strings.Contains(address, "$deltatoken") {
			link = delta
		}
		address = strings.TrimPrefix(link, c.Server.URL+"/api/data/v9.2/")
	}
	return pages
}

func TestKeptResponses(t *testing.T) {
	clock := simulatortest.NewClock()
	options := simulator.Options{Seed: 1, Rows: map[string]int{"account": 5}, Clock: clock.Now}
	c := simulatortest.Serve(t, options, simulator.ServerOptions{Keep: true})

	t.Run("they equal those of a server without the option", func(t *testing.T) {
		want := scan(simulatortest.Serve(t, options, simulator.ServerOptions{}), "accounts")
		assert.Len(t, want, 4, "three pages of rows and one of changes")
		assert.Equal(t, want, scan(c, "accounts"))
		assert.Equal(t, want, scan(c, "accounts"))
	})
	t.Run("each is rendered once and counted each time", func(t *testing.T) {
		kept := c.Server.Kept()
		assert.Equal(t, 4, kept.Responses)
		assert.Equal(t, 4, kept.Rendered)
		assert.Equal(t, 2*kept.Bytes, kept.Sent)
	})
	t.Run("their bodies can be unpacked", func(t *testing.T) {
		var decoded, packed int64
		for _, body := range slices.Collect(c.Server.KeptBodies()) {
			z, err := gzip.NewReader(bytes.NewReader(body))
			require.NoError(t, err)
			n, err := io.Copy(io.Discard, z)
			require.NoError(t, err)
			decoded, packed = decoded+n, packed+int64(len(body))
		}
		assert.Equal(t, c.Server.Kept().Bytes, decoded)
		assert.Equal(t, c.Server.Kept().Gzipped, packed)
	})
	t.Run("each sending has its own time", func(t *testing.T) {
		before := c.Get("accounts?$select=name").Header.Get("Date")
		clock.Add(time.Minute)
		assert.NotEqual(t, before, c.Get("accounts?$select=name").Header.Get("Date"))
	})
	t.Run("another preference has another response", func(t *testing.T) {
		request := c.Request(http.MethodGet, "accounts?$select=name")
		request.Header.Set("Prefer", "odata.maxpagesize=3")
		assert.Len(t, c.Send(request).Values(t), 3)
		assert.Len(t, c.Get("accounts?$select=name").Values(t), 5)
	})
	t.Run("a refusal is not kept", func(t *testing.T) {
		made := c.Server.Kept().Rendered
		c.Get("accounts?$select=nonsense").Refused(t, http.StatusBadRequest, "0x80060888", "nonsense")
		assert.Equal(t, made, c.Server.Kept().Rendered)
	})
	t.Run("a token is still required", func(t *testing.T) {
		request := c.Request(http.MethodGet, "accounts?$select=name")
		request.Header.Set("Authorization", "Bearer none")
		assert.Equal(t, http.StatusUnauthorized, c.Send(request).Status)
	})
	t.Run("a change of a row or of a table ends them", func(t *testing.T) {
		_, err := c.Environment.Create("account", simulator.Row{"name": "the sixth"})
		require.NoError(t, err)
		assert.Len(t, c.Get("accounts?$select=name").Values(t), 6)
		require.NoError(t, c.Environment.RemoveColumn("account", "name"))
		c.Get("accounts?$select=name").Refused(t, http.StatusBadRequest, "0x80060888", "name")
	})
}
