// Package simulatortest runs a simulator for a test: Serve starts it and returns a client that is signed in.
package simulatortest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// Caller is a signed-in client of a running simulator.
type Caller struct {
	T           *testing.T
	Server      *simulator.Server
	Environment *simulator.Environment
	HTTP        *http.Client
	Token       string
}

// Response is a response that was read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Serve starts an environment and signs in. The server is closed when the test ends.
func Serve(t *testing.T, o simulator.Options, s simulator.ServerOptions) *Caller {
	t.Helper()
	environment, err := simulator.New(o)
	require.NoError(t, err)
	server, err := simulator.Start(t.Context(), environment, s)
	require.NoError(t, err)
	c := &Caller{T: t, Server: server, Environment: environment, HTTP: Trusting(t, server)}
	t.Cleanup(func() {
		c.HTTP.CloseIdleConnections()
		assert.NoError(t, server.Close())
	})
	application := simulator.DefaultApplication()
	if len(s.Applications) > 0 {
		application = s.Applications[0]
	}
	c.Token = c.SignIn(application)
	return c
}

// Trusting returns a client that trusts the server's authority and nothing else.
func Trusting(t *testing.T, server *simulator.Server) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(server.CAPEM))
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
}

// SignIn returns an access token of an application, empty if it is refused.
func (c *Caller) SignIn(a simulator.Application) string {
	c.T.Helper()
	got := c.AskToken(a.TenantID, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.Secret},
		"scope": {c.Server.URL + "/.default"},
	})
	token, _ := got.JSON(c.T)["access_token"].(string)
	return token
}

// AskToken posts a form to the token endpoint.
func (c *Caller) AskToken(tenant string, form url.Values) Response {
	c.T.Helper()
	request, err := http.NewRequestWithContext(c.T.Context(), http.MethodPost,
		c.Server.Authority+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	require.NoError(c.T, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.Send(request)
}

// Request makes a request to the Web API. Paths that begin with a slash are relative to the host.
func (c *Caller) Request(method, path string) *http.Request {
	c.T.Helper()
	address := c.Server.URL + "/api/data/v9.2/" + path
	if strings.HasPrefix(path, "/") {
		address = c.Server.URL + path
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(c.T.Context()), method, address, nil)
	require.NoError(c.T, err)
	request.Header.Set("Authorization", "Bearer "+c.Token)
	return request
}

// Send sends a request and reads the response.
func (c *Caller) Send(request *http.Request) Response {
	c.T.Helper()
	got, err := c.HTTP.Do(request)
	require.NoError(c.T, err)
	defer func() { assert.NoError(c.T, got.Body.Close()) }()
	body, err := io.ReadAll(got.Body)
	require.NoError(c.T, err)
	return Response{got.StatusCode, got.Header, body}
}

// Get sends a GET of the Web API.
func (c *Caller) Get(path string) Response {
	c.T.Helper()
	return c.Send(c.Request(http.MethodGet, path))
}

// JSON decodes the body, a JSON object.
func (a Response) JSON(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&object), "%s", a.Body)
	return object
}

// Values returns the objects of a collection.
func (a Response) Values(t *testing.T) []map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	list, ok := a.JSON(t)["value"].([]any)
	require.True(t, ok, "%s", a.Body)
	return Objects(t, list)
}

// Objects converts a decoded list of JSON objects.
func Objects(t *testing.T, list any) []map[string]any {
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

// Column collects one member of each object.
func Column(list []map[string]any, name string) []any {
	all := make([]any, len(list))
	for i := range list {
		all[i] = list[i][name]
	}
	return all
}

// Refused checks an error's status, code and message.
func (a Response) Refused(t *testing.T, status int, code, message string) {
	t.Helper()
	assert.Equal(t, status, a.Status, "%s", a.Body)
	failure, _ := a.JSON(t)["error"].(map[string]any)
	assert.Equal(t, code, failure["code"])
	assert.Contains(t, failure["message"], message)
}

// Sized asks with a Prefer header.
func (c *Caller) Sized(path, prefer string) Response {
	c.T.Helper()
	request := c.Request(http.MethodGet, path)
	request.Header.Set("Prefer", prefer)
	return c.Send(request)
}

// Write sends a body of JSON.
func (c *Caller) Write(method, path, body string) Response {
	c.T.Helper()
	request := c.Request(method, path)
	request.Body = http.NoBody
	if body != "" {
		request = c.Request(method, path)
		request.Body = io.NopCloser(strings.NewReader(body))
		request.ContentLength = int64(len(body))
		request.Header.Set("Content-Type", "application/json")
	}
	return c.Send(request)
}

// Made returns the id in the address of what a write has made.
func (a Response) Made(t *testing.T) string {
	t.Helper()
	require.Equal(t, http.StatusNoContent, a.Status, "%s", a.Body)
	ids := regexp.MustCompile(`\(([0-9a-f-]{36})\)`).FindAllStringSubmatch(a.Header.Get("OData-EntityId"), -1)
	require.NotEmpty(t, ids)
	return ids[len(ids)-1][1]
}
