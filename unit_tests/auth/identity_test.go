package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
)

// machine plays the endpoints of managed identities, whose addresses MSAL alone knows: it is the transport of their client.
type machine struct {
	mu       sync.Mutex
	requests []*http.Request
	respond  func(r *http.Request) (status int, body string)
}

func (m *machine) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, r)
	status, body := m.respond(r)
	if status == 0 {
		return nil, errors.New("no route to host")
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// noPlatform removes the variables by which MSAL finds the endpoints of platforms.
func noPlatform(t *testing.T) {
	t.Helper()
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"} {
		t.Setenv(name, "")
	}
}

// granted is the response of an endpoint with a token.
func granted(token string) string {
	return `{"access_token":"` + token + `","expires_in":"3599","expires_on":"4102444800","resource":"r","token_type":"Bearer"}`
}

// managed returns the source of a managed identity in an environment of its own, because MSAL caches tokens for the whole process.
func managed(t *testing.T, id string, client *http.Client) (*auth.Source, string) {
	t.Helper()
	url := "https://" + strings.ToLower(strings.NewReplacer("/", "-", "_", "-", ",", "").Replace(t.Name())) + ".crm.dynamics.com"
	c := &config.Config{Environment: url, Credentials: config.Credentials{Kind: config.KindManagedIdentity, IdentityClientID: config.Secret(id)}}
	source, err := auth.New(c, c.Credentials, auth.Clients{Identity: client})
	require.NoError(t, err)
	return source, url
}

func TestAVirtualMachineSignsInByItsMetadataService(t *testing.T) {
	noPlatform(t)
	for name, id := range map[string]string{"system-assigned": "", "user-assigned": clientID} {
		t.Run(name, func(t *testing.T) {
			m := &machine{respond: func(*http.Request) (int, string) { return 200, granted("imds-token") }}
			source, url := managed(t, id, &http.Client{Transport: m})
			for range 2 {
				token, err := source.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "imds-token", token)
			}
			require.Len(t, m.requests, 1, "MSAL caches it")
			sent := m.requests[0]
			assert.Equal(t, "169.254.169.254", sent.URL.Host)
			assert.Equal(t, "true", sent.Header.Get("Metadata"))
			assert.Equal(t, url, sent.URL.Query().Get("resource"), "with a slash at its end it would be another resource")
			assert.Equal(t, id, sent.URL.Query().Get("client_id"))
		})
	}
}

func TestAppServiceSignsInByItsEndpoint(t *testing.T) {
	noPlatform(t)
	const header = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-IDENTITY-HEADER") != header || r.URL.Query().Get("api-version") != "2019-08-01" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, granted("app-token"))
	}))
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	t.Setenv("IDENTITY_ENDPOINT", server.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", header)
	source, _ := managed(t, "", server.Client())
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "app-token", token)
}

func TestARefusalOfAManagedIdentityHasItsText(t *testing.T) {
	noPlatform(t)
	for name, example := range map[string]struct {
		status    int
		body      string
		want      auth.Error
		temporary bool
	}{
		"App Service": {400, `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}`,
			auth.Error{Description: "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}, false},
		"metadata service": {400, `{"error":"invalid_request","error_description":"Identity not found"}`,
			auth.Error{Name: "invalid_request", Description: "Identity not found"}, false},
		"Entra behind it": {400, `{"error":"invalid_resource","error_description":"AADSTS500011: The resource ` + tenantID + ` of ` + clientID + ` was not found. Trace ID: 1"}`,
			auth.Error{Name: "invalid_resource", Codes: []int{500011}, Description: "The resource ... of ... was not found."}, false},
		"an error that is an object": {403, `{"error":{"code":"Forbidden"},"message":"no"}`, auth.Error{Description: "no"}, false},
		"a page":                     {403, `<html>unreachable</html>`, auth.Error{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{respond: func(*http.Request) (int, string) { return example.status, example.body }}
			source, _ := managed(t, clientID, &http.Client{Transport: m})
			_, err := source.Token(t.Context())
			var refused *auth.Error
			require.ErrorAs(t, err, &refused)
			example.want.Status, example.want.ManagedIdentity = example.status, true
			assert.Equal(t, example.want, *refused)
			assert.Equal(t, example.temporary, refused.Temporary())
			assert.False(t, refused.NotFromEntra())
			assert.Contains(t, err.Error(), "the endpoint of managed identities rejected the sign-in with status")
			assertQuiet(t, err)
		})
	}
}

func TestAMachineWithoutAManagedIdentityIsFinal(t *testing.T) {
	noPlatform(t)
	t.Run("nothing responds", func(t *testing.T) {
		blocked := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		source, _ := managed(t, "", &http.Client{Transport: blocked, Timeout: 50 * time.Millisecond})
		_, err := source.Token(t.Context())
		var identity *auth.IdentityError
		require.ErrorAs(t, err, &identity)
		assert.Equal(t, auth.IdentityUnreachable, identity.Reason)
		assert.False(t, identity.Temporary())
		assert.Equal(t, "the endpoint of managed identities did not respond: no response came in time", err.Error())
	})
	t.Run("no route leads there", func(t *testing.T) {
		m := &machine{respond: func(*http.Request) (int, string) { return 0, "" }}
		source, _ := managed(t, clientID, &http.Client{Transport: m, Timeout: 50 * time.Millisecond})
		_, err := source.Token(t.Context())
		var identity *auth.IdentityError
		require.ErrorAs(t, err, &identity)
		assert.Equal(t, auth.IdentityUnreachable, identity.Reason)
		assertQuiet(t, err)
	})
	t.Run("something else responds", func(t *testing.T) {
		m := &machine{respond: func(*http.Request) (int, string) { return 200, "welcome" }}
		source, _ := managed(t, "", &http.Client{Transport: m})
		_, err := source.Token(t.Context())
		var identity *auth.IdentityError
		require.ErrorAs(t, err, &identity)
		assert.Equal(t, auth.IdentityUnsuitable, identity.Reason)
	})
	t.Run("Service Fabric has no user-assigned identities", func(t *testing.T) {
		t.Setenv("IDENTITY_ENDPOINT", "https://127.0.0.1/")
		t.Setenv("IDENTITY_HEADER", "x")
		t.Setenv("IDENTITY_SERVER_THUMBPRINT", "A1B2C3D4E5F6A7B8C9D0A1B2C3D4E5F6A7B8C9D0")
		c := &config.Config{Environment: environment, Credentials: config.Credentials{Kind: config.KindManagedIdentity, IdentityClientID: clientID}}
		_, err := auth.New(c, c.Credentials, auth.Clients{Identity: &http.Client{}})
		require.ErrorContains(t, err, "Service Fabric API doesn't support specifying a user-assigned identity")
		c.Credentials.IdentityClientID = ""
		_, err = auth.New(c, c.Credentials, auth.Clients{Identity: &http.Client{Transport: &http.Transport{}}})
		require.NoError(t, err)
	})
}

func TestAContextEndsTheSignInOfAManagedIdentity(t *testing.T) {
	noPlatform(t)
	blocked := roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	source, _ := managed(t, "", &http.Client{Transport: blocked})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := source.Token(ctx)
	require.ErrorIs(t, err, ctx.Err())
}

func TestARejectedTokenOfAManagedIdentityIsNotUsedAgain(t *testing.T) {
	noPlatform(t)
	tokens := []string{"stale", "stale", "fresh"}
	m := &machine{}
	m.respond = func(*http.Request) (int, string) { return 200, granted(tokens[len(m.requests)-1]) }
	source, _ := managed(t, "", &http.Client{Transport: m})
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, source.Renew(t.Context(), token, ""))
	_, err = source.Token(t.Context())
	var identity *auth.IdentityError
	require.ErrorAs(t, err, &identity)
	assert.Equal(t, auth.IdentityTokenStale, identity.Reason)
	assert.False(t, identity.Temporary())
	token, err = source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "fresh", token)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
