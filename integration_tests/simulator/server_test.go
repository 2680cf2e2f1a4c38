package simulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hands is a clock that only the test moves. It begins at noon of 1 March 2026.
type hands struct {
	seconds atomic.Int64
}

func newClock() *hands {
	h := &hands{}
	h.seconds.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	return h
}

func (h *hands) now() time.Time { return time.Unix(h.seconds.Load(), 0) }

func (h *hands) add(d time.Duration) { h.seconds.Add(int64(d / time.Second)) }

// caller is a signed-in client of a running simulator.
type caller struct {
	t           *testing.T
	server      *simulator.Server
	environment *simulator.Environment
	http        *http.Client
	token       string
}

// answer is a response that was read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// serve starts an environment and signs in.
func serve(t *testing.T, o simulator.Options, s simulator.ServerOptions) *caller {
	t.Helper()
	environment, err := simulator.New(o)
	require.NoError(t, err)
	server, err := simulator.Start(t.Context(), environment, s)
	require.NoError(t, err)
	c := &caller{t: t, server: server, environment: environment, http: trusting(t, server)}
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		assert.NoError(t, server.Close())
	})
	application := simulator.DefaultApplication()
	if len(s.Applications) > 0 {
		application = s.Applications[0]
	}
	c.token = c.signIn(application)
	return c
}

// trusting is a client that trusts the server's authority and nothing else.
func trusting(t *testing.T, server *simulator.Server) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(server.CAPEM))
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
}

func (c *caller) signIn(a simulator.Application) string {
	c.t.Helper()
	got := c.askToken(a.TenantID, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.Secret},
		"scope": {c.server.URL + "/.default"},
	})
	token, _ := got.json(c.t)["access_token"].(string)
	return token
}

// askToken posts a form to the token endpoint.
func (c *caller) askToken(tenant string, form url.Values) answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost,
		c.server.Authority+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	require.NoError(c.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(request)
}

// request makes a request to the Web API. Paths that begin with a slash are relative to the host.
func (c *caller) request(method, path string) *http.Request {
	c.t.Helper()
	address := c.server.URL + "/api/data/v9.2/" + path
	if strings.HasPrefix(path, "/") {
		address = c.server.URL + path
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, address, nil)
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	return request
}

func (c *caller) send(request *http.Request) answer {
	c.t.Helper()
	response, err := c.http.Do(request)
	require.NoError(c.t, err)
	defer func() { assert.NoError(c.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return answer{response.StatusCode, response.Header, body}
}

func (c *caller) get(path string) answer {
	c.t.Helper()
	return c.send(c.request(http.MethodGet, path))
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&object), "%s", a.body)
	return object
}

// values are the objects of a collection.
func (a answer) values(t *testing.T) []map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	list, ok := a.json(t)["value"].([]any)
	require.True(t, ok, "%s", a.body)
	return objects(t, list)
}

func objects(t *testing.T, list any) []map[string]any {
	t.Helper()
	items, ok := list.([]any)
	require.True(t, ok, "%v is not a list", list)
	all := make([]map[string]any, len(items))
	for i := range items {
		all[i], ok = items[i].(map[string]any)
		require.True(t, ok)
	}
	return all
}

// column collects one member of each object.
func column(list []map[string]any, name string) []any {
	all := make([]any, len(list))
	for i := range list {
		all[i] = list[i][name]
	}
	return all
}

// refused checks an error's status, code and message.
func (a answer) refused(t *testing.T, status int, code, message string) {
	t.Helper()
	assert.Equal(t, status, a.status, "%s", a.body)
	failure, _ := a.json(t)["error"].(map[string]any)
	assert.Equal(t, code, failure["code"])
	assert.Contains(t, failure["message"], message)
}

func TestServer(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 3}, simulator.ServerOptions{DOPHint: 7})

	t.Run("every answer carries the headers of the service", func(t *testing.T) {
		got := c.get("WhoAmI")
		assert.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, "application/json; odata.metadata=minimal", got.header.Get("Content-Type"))
		assert.Equal(t, "4.0", got.header.Get("OData-Version"))
		assert.Equal(t, "no-cache", got.header.Get("Cache-Control"))
		assert.Equal(t, "Accept-Encoding", got.header.Get("Vary"))
		assert.Equal(t, "7", got.header.Get("x-ms-dop-hint"))
		assert.Equal(t, "1,200.00", got.header.Get("x-ms-ratelimit-time-remaining-xrm-requests"))
		assert.Equal(t, "5999", got.header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
		assert.Len(t, got.header.Values("x-ms-service-request-id"), 2)
		assert.NotEmpty(t, got.header.Get("REQ_ID"))
		assert.Len(t, got.header.Values("Set-Cookie"), 3)
	})
	t.Run("versions 9.0 to 9.2 answer and others do not", func(t *testing.T) {
		for version, status := range map[string]int{"v9.0": 200, "v9.1": 200, "v9.2": 200, "v8.2": 404, "V9.2": 404} {
			assert.Equal(t, status, c.get("/api/data/"+version+"/WhoAmI").status, version)
		}
	})
	t.Run("segments are told apart by case", func(t *testing.T) {
		c.get("whoami").refused(t, 404, "0x80060888", "Resource not found for the segment 'whoami'.")
		c.get("entitydefinitions").refused(t, 404, "0x80060888", "Resource not found for the segment 'entitydefinitions'.")
	})
	t.Run("a url above 32,768 characters is refused", func(t *testing.T) {
		assert.Equal(t, http.StatusRequestURITooLong, c.get("accounts?$select="+strings.Repeat("x", 33_000)).status)
	})
	t.Run("metadata cannot be patched", func(t *testing.T) {
		c.send(c.request(http.MethodPatch, "EntityDefinitions(LogicalName='account')")).
			refused(t, 405, "0x80060888", "does not support http method 'PATCH'")
	})
	t.Run("of two Prefer headers only the first counts", func(t *testing.T) {
		request := c.request(http.MethodGet, "accounts?$select=name")
		request.Header.Add("Prefer", "odata.maxpagesize=2")
		request.Header.Add("Prefer", "odata.track-changes")
		got := c.send(request)
		assert.Equal(t, "odata.maxpagesize=2", got.header.Get("Preference-Applied"))
	})
	t.Run("answers are compressed for clients that take gzip", func(t *testing.T) {
		request := c.request(http.MethodGet, "EntityDefinitions?$select=LogicalName")
		request.Header.Set("Accept-Encoding", "br, gzip")
		got := c.send(request)
		assert.Equal(t, "gzip", got.header.Get("Content-Encoding"))
		assert.Equal(t, []byte{0x1f, 0x8b}, got.body[:2])
		request.Header.Set("Accept-Encoding", "gzip;q=0")
		assert.Empty(t, c.send(request).header.Get("Content-Encoding"))
	})
	t.Run("requests are remembered in their order", func(t *testing.T) {
		c.get("WhoAmI?x=1")
		c.get("nothing")
		log := c.server.Requests()
		last := log[len(log)-2:]
		assert.Equal(t, "/api/data/v9.2/WhoAmI", last[0].Path)
		assert.Equal(t, "x=1", last[0].RawQuery)
		assert.Equal(t, http.StatusOK, last[0].Status)
		assert.Positive(t, last[0].Bytes)
		assert.Equal(t, http.StatusNotFound, last[1].Status)
	})
	t.Run("the service document lists the entity sets", func(t *testing.T) {
		sets := column(c.get("").values(t), "url")
		assert.Contains(t, sets, "contoso_children")
		assert.NotContains(t, sets, "")
	})
}

func TestProtocols(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run("HTTP/"+strconv.Itoa(version)+" is spoken", func(t *testing.T) {
			c := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
			transport, ok := trusting(t, c.server).Transport.(*http.Transport)
			require.True(t, ok)
			transport.ForceAttemptHTTP2 = false
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(version == 1)
			transport.Protocols.SetHTTP2(version == 2)
			defer transport.CloseIdleConnections()
			response, err := (&http.Client{Transport: transport}).Do(c.request(http.MethodGet, "WhoAmI"))
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
