package simulator_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServer(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 3}, simulator.ServerOptions{DOPHint: 7})

	t.Run("every response carries the headers of the service", func(t *testing.T) {
		got := c.Get("WhoAmI")
		assert.Equal(t, http.StatusOK, got.Status)
		assert.Equal(t, "application/json; odata.metadata=minimal", got.Header.Get("Content-Type"))
		assert.Equal(t, "4.0", got.Header.Get("OData-Version"))
		assert.Equal(t, "no-cache", got.Header.Get("Cache-Control"))
		assert.Equal(t, "Accept-Encoding", got.Header.Get("Vary"))
		assert.Equal(t, "7", got.Header.Get("x-ms-dop-hint"))
		assert.Equal(t, "1,200.00", got.Header.Get("x-ms-ratelimit-time-remaining-xrm-requests"))
		assert.Equal(t, "5999", got.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
		assert.Len(t, got.Header.Values("x-ms-service-request-id"), 2)
		assert.NotEmpty(t, got.Header.Get("REQ_ID"))
		assert.Len(t, got.Header.Values("Set-Cookie"), 3)
	})
	t.Run("versions 9.0 to 9.2 response and others do not", func(t *testing.T) {
		for version, status := range map[string]int{"v9.0": 200, "v9.1": 200, "v9.2": 200, "v8.2": 404, "V9.2": 404} {
			assert.Equal(t, status, c.Get("/api/data/"+version+"/WhoAmI").Status, version)
		}
	})
	t.Run("segments differ by case", func(t *testing.T) {
		c.Get("whoami").Refused(t, 404, "0x80060888", "Resource not found for the segment 'whoami'.")
		c.Get("entitydefinitions").Refused(t, 404, "0x80060888", "Resource not found for the segment 'entitydefinitions'.")
	})
	t.Run("a url above 32,768 characters is refused", func(t *testing.T) {
		assert.Equal(t, http.StatusRequestURITooLong, c.Get("accounts?$select="+strings.Repeat("x", 33_000)).Status)
	})
	t.Run("metadata cannot be patched", func(t *testing.T) {
		c.Send(c.Request(http.MethodPatch, "EntityDefinitions(LogicalName='account')")).
			Refused(t, 405, "0x80060888", "does not support http method 'PATCH'")
	})
	t.Run("of two Prefer headers only the first counts", func(t *testing.T) {
		request := c.Request(http.MethodGet, "accounts?$select=name")
		request.Header.Add("Prefer", "odata.maxpagesize=2")
		request.Header.Add("Prefer", "odata.track-changes")
		got := c.Send(request)
		assert.Equal(t, "odata.maxpagesize=2", got.Header.Get("Preference-Applied"))
	})
}

func TestResponsesOfAServer(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	t.Run("responses are compressed for clients that take gzip", func(t *testing.T) {
		request := c.Request(http.MethodGet, "EntityDefinitions?$select=LogicalName")
		request.Header.Set("Accept-Encoding", "br, gzip")
		got := c.Send(request)
		assert.Equal(t, "gzip", got.Header.Get("Content-Encoding"))
		assert.Equal(t, []byte{0x1f, 0x8b}, got.Body[:2])
		request.Header.Set("Accept-Encoding", "gzip;q=0")
		assert.Empty(t, c.Send(request).Header.Get("Content-Encoding"))
	})
	t.Run("requests are remembered in their order", func(t *testing.T) {
		c.Get("WhoAmI?x=1")
		c.Get("nothing")
		log := c.Server.Requests()
		last := log[len(log)-2:]
		assert.Equal(t, "/api/data/v9.2/WhoAmI", last[0].Path)
		assert.Equal(t, "x=1", last[0].RawQuery)
		assert.Equal(t, http.StatusOK, last[0].Status)
		assert.Positive(t, last[0].Bytes)
		assert.Equal(t, http.StatusNotFound, last[1].Status)
	})
	t.Run("the service document lists the entity sets", func(t *testing.T) {
		sets := simulatortest.Column(c.Get("").Values(t), "url")
		assert.Contains(t, sets, "contoso_children")
		assert.NotContains(t, sets, "")
	})
}

func TestProtocols(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run("HTTP/"+strconv.Itoa(version)+" is spoken", func(t *testing.T) {
			c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
			transport, ok := simulatortest.Trusting(t, c.Server).Transport.(*http.Transport)
			require.True(t, ok)
			transport.ForceAttemptHTTP2 = false
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(version == 1)
			transport.Protocols.SetHTTP2(version == 2)
			defer transport.CloseIdleConnections()
			response, err := (&http.Client{Transport: transport}).Do(c.Request(http.MethodGet, "WhoAmI"))
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Equal(t, version, response.ProtoMajor)
		})
	}
}

func TestClosing(t *testing.T) {
	t.Run("a server can be closed twice", func(t *testing.T) {
		environment, err := simulator.New(simulator.Options{})
		require.NoError(t, err)
		server, err := simulator.Start(t.Context(), environment, simulator.ServerOptions{})
		require.NoError(t, err)
		require.NoError(t, server.Close())
		require.NoError(t, server.Close())
	})
	t.Run("a server ends with its context", func(t *testing.T) {
		environment, err := simulator.New(simulator.Options{})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		server, err := simulator.Start(ctx, environment, simulator.ServerOptions{})
		require.NoError(t, err)
		cancel()
		require.NoError(t, server.Close())
	})
	t.Run("an address that is taken is an error", func(t *testing.T) {
		environment, err := simulator.New(simulator.Options{})
		require.NoError(t, err)
		first, err := simulator.Start(t.Context(), environment, simulator.ServerOptions{})
		require.NoError(t, err)
		_, err = simulator.Start(t.Context(), environment, simulator.ServerOptions{Address: strings.TrimPrefix(first.URL, "https://")})
		require.Error(t, err)
		require.NoError(t, first.Close())
	})
}
