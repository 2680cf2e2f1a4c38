package auth_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
)

const (
	tenantID    = "5c0a1f2e-7d34-4b8e-9a10-3f6e2d1c0b9a"
	clientID    = "9b7e6d5c-4a3f-4e2d-8c1b-0a9f8e7d6c5b"
	secret      = "Q~8kTz.Wq-v9x_5Jd2RbLmNpQ~sTuV"
	environment = "https://contoso.crm4.dynamics.com"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// entra is a small Microsoft Entra over TLS: the OpenID configuration of a tenant, and its token endpoint.
type entra struct {
	*httptest.Server

	mu        sync.Mutex
	forms     []url.Values // of the token requests
	paths     []string
	discovery http.HandlerFunc // nil: a right one
	token     http.HandlerFunc // nil: token-1, token-2, ...
}

func newEntra(t *testing.T) *entra {
	t.Helper()
	e := &entra{}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(e.serve))
	e.Config.ErrorLog = log.New(io.Discard, "", 0) // it would log failed handshakes to stderr
	e.EnableHTTP2 = true
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

func (e *entra) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.paths = append(e.paths, r.Host+r.URL.Path)
	discovery, token := e.discovery, e.token
	e.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/common/discovery/instance"):
		writeJSON(w, http.StatusOK, map[string]any{"tenant_discovery_endpoint": "https://" + r.Host + "/" + tenantID + "/v2.0/.well-known/openid-configuration"})
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		or(discovery, e.describe)(w, r)
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		_ = r.ParseForm()
		e.mu.Lock()
		e.forms = append(e.forms, r.PostForm)
		e.mu.Unlock()
		or(token, e.grant)(w, r)
	default:
		http.NotFound(w, r)
	}
}

func or(handler, standard http.HandlerFunc) http.HandlerFunc {
	if handler == nil {
		return standard
	}
	return handler
}

func (e *entra) describe(w http.ResponseWriter, r *http.Request) {
	root := "https://" + r.Host + "/" + tenantID
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": root + "/v2.0", "authorization_endpoint": root + "/oauth2/v2.0/authorize", "token_endpoint": root + "/oauth2/v2.0/token",
	})
}

func (e *entra) grant(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": fmt.Sprintf("token-%d", len(e.requests())),
	})
}

// requests are the token requests so far.
func (e *entra) requests() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]url.Values(nil), e.forms...)
}

func (e *entra) respond(token http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.token = token
}

func (e *entra) hosts() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	hosts := map[string]bool{}
	for _, path := range e.paths {
		host, _, _ := strings.Cut(path, "/")
		hosts[host] = true
	}
	return hosts
}

// discovered reports whether instance discovery was asked for.
func (e *entra) discovered() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.paths, func(path string) bool { return strings.HasSuffix(path, "/common/discovery/instance") })
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// refusal responds as Entra rejects a sign-in: the description repeats the ids and, here, the secret.
func refusal(status int, name string, code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, status, map[string]any{
			"error":             name,
			"error_description": fmt.Sprintf("AADSTS%d: Application '%s' in tenant %s with secret %s. Trace ID: 1", code, clientID, tenantID, secret),
			"error_codes":       []int{code},
			"correlation_id":    "f1d2c3b4-0000-4000-8000-000000000001",
		})
	}
}

func settings(authorityHost string) *config.Config {
	return &config.Config{
		Environment: environment, AuthorityHost: authorityHost,
		Credentials: config.Credentials{Kind: config.KindClientSecret, TenantID: tenantID, ClientID: clientID, ClientSecret: secret},
	}
}

func newSource(t *testing.T, e *entra) *auth.Source {
	t.Helper()
	source, err := newWith(settings(e.URL), e.Client())
	require.NoError(t, err)
	return source
}

// newWith returns the source of the configuration's own user, whose sign-ins a client sends.
func newWith(c *config.Config, client *http.Client) (*auth.Source, error) {
	return auth.New(c, c.Credentials, auth.Clients{Entra: client, Identity: client})
}

// assertQuiet asserts that an error shows no secret however it is printed.
func assertQuiet(t *testing.T, err error) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%q", err)} {
		for _, hidden := range []string{tenantID, clientID, secret, url.QueryEscape(secret), "token-"} {
			assert.NotContains(t, strings.ToLower(text), strings.ToLower(hidden))
		}
	}
}
