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
)

// scan reads all pages of a tracked table and the changes after them, with the server's address taken out.
func (c *caller) scan(table string) []string {
	c.t.Helper()
	var pages []string
	for address := table + "?$select=name"; address != "" && len(pages) < 10; {
		request := c.request(http.MethodGet, address)
		request.Header.Set("Prefer", "odata.track-changes,odata.maxpagesize=2")
		page := c.send(request)
		require.Equal(c.t, http.StatusOK, page.status, "%s", page.body)
		pages = append(pages, strings.ReplaceAll(string(page.body), c.server.URL, ""))
		link, _ := page.json(c.t)["@odata.nextLink"].(string)
		if delta, last := page.json(c.t)["@odata.deltaLink"].(string); last && !strings.Contains(address, "$deltatoken") {
			link = delta
		}
		address = strings.TrimPrefix(link, c.server.URL+"/api/data/v9.2/")
	}
	return pages
}

func TestKeptAnswers(t *testing.T) {
	clock := newClock()
	options := simulator.Options{Seed: 1, Rows: map[string]int{"account": 5}, Clock: clock.now}
	c := serve(t, options, simulator.ServerOptions{Keep: true})

	t.Run("they are those of a server that makes each anew", func(t *testing.T) {
		want := serve(t, options, simulator.ServerOptions{}).scan("accounts")
		assert.Len(t, want, 4, "three pages of rows and one of changes")
		assert.Equal(t, want, c.scan("accounts"))
		assert.Equal(t, want, c.scan("accounts"))
	})
	t.Run("each is made once and counted each time", func(t *testing.T) {
		kept := c.server.Kept()
		assert.Equal(t, 4, kept.Responses)
		assert.Equal(t, 4, kept.Rendered)
		assert.Equal(t, 2*kept.Bytes, kept.Sent)
	})
	t.Run("their bodies can be unpacked", func(t *testing.T) {
		var decoded, packed int64
		for _, body := range slices.Collect(c.server.KeptBodies()) {
			z, err := gzip.NewReader(bytes.NewReader(body))
			require.NoError(t, err)
			n, err := io.Copy(io.Discard, z)
			require.NoError(t, err)
			decoded, packed = decoded+n, packed+int64(len(body))
		}
		assert.Equal(t, c.server.Kept().Bytes, decoded)
		assert.Equal(t, c.server.Kept().Gzipped, packed)
	})
	t.Run("each sending has its own time", func(t *testing.T) {
		before := c.get("accounts?$select=name").header.Get("Date")
		clock.add(time.Minute)
		assert.NotEqual(t, before, c.get("accounts?$select=name").header.Get("Date"))
	})
	t.Run("another preference has another response", func(t *testing.T) {
		request := c.request(http.MethodGet, "accounts?$select=name")
		request.Header.Set("Prefer", "odata.maxpagesize=3")
		assert.Len(t, c.send(request).values(t), 3)
		assert.Len(t, c.get("accounts?$select=name").values(t), 5)
	})
	t.Run("a refusal is made anew", func(t *testing.T) {
		made := c.server.Kept().Rendered
		c.get("accounts?$select=nonsense").refused(t, http.StatusBadRequest, "0x80060888", "nonsense")
		assert.Equal(t, made, c.server.Kept().Rendered)
	})
	t.Run("a token is asked for all the same", func(t *testing.T) {
		request := c.request(http.MethodGet, "accounts?$select=name")
		request.Header.Set("Authorization", "Bearer none")
		assert.Equal(t, http.StatusUnauthorized, c.send(request).status)
	})
	t.Run("a change of a row or of a table ends them", func(t *testing.T) {
		_, err := c.environment.Create("account", simulator.Row{"name": "the sixth"})
		require.NoError(t, err)
		assert.Len(t, c.get("accounts?$select=name").values(t), 6)
		require.NoError(t, c.environment.RemoveColumn("account", "name"))
		c.get("accounts?$select=name").refused(t, http.StatusBadRequest, "0x80060888", "name")
	})
}
