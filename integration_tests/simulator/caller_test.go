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
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// caller is a signed-in client of a running simulator.
type caller struct {
	t           *testing.T
	server      *simulator.Server
	environment *simulator.Environment
	http        *http.Client
	token       string
	links       []place // of a scan's pages, once they are learned
	row         string  // a key, the same
}

// response is a response that was read whole.
type response struct {
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

// trusting returns a client that trusts the server's authority and nothing else.
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
func (c *caller) askToken(tenant string, form url.Values) response {
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

func (c *caller) send(request *http.Request) response {
	c.t.Helper()
	got, err := c.http.Do(request)
	require.NoError(c.t, err)
	defer func() { assert.NoError(c.t, got.Body.Close()) }()
	body, err := io.ReadAll(got.Body)
	require.NoError(c.t, err)
	return response{got.StatusCode, got.Header, body}
}

func (c *caller) get(path string) response {
	c.t.Helper()
	return c.send(c.request(http.MethodGet, path))
}

func (a response) json(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&object), "%s", a.body)
	return object
}

// values returns the objects of a collection.
func (a response) values(t *testing.T) []map[string]any {
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
func (a response) refused(t *testing.T, status int, code, message string) {
	t.Helper()
	assert.Equal(t, status, a.status, "%s", a.body)
	failure, _ := a.json(t)["error"].(map[string]any)
	assert.Equal(t, code, failure["code"])
	assert.Contains(t, failure["message"], message)
}
