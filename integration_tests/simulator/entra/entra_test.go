package entra_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

const (
	tenant = "11111111-2222-4333-8444-555555555555"
	client = "66666666-7777-4888-9999-aaaaaaaaaaaa"
)

func TestSignInWithMSAL(t *testing.T) {
	expired := simulator.Application{TenantID: tenant, ClientID: "00000000-0000-4000-8000-00000000000e", Secret: "old", SecretExpired: true}
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: []simulator.Application{simulator.DefaultApplication(), expired}})
	good := simulator.DefaultApplication()
	tests := []struct {
		name, tenant, client, secret, scope string
		want                                []string // parts of the error; none: a token
	}{
		{name: "the right secret is accepted", tenant: tenant, client: client, secret: good.Secret, scope: c.Server.URL + "/.default"},
		{name: "a url with a slash at its end is accepted", tenant: tenant, client: client, secret: good.Secret, scope: c.Server.URL + "//.default"},
		{name: "a wrong secret", tenant: tenant, client: client, secret: "wrong", scope: c.Server.URL + "/.default",
			want: []string{"AADSTS7000215", "not the client secret ID", client, "invalid_client"}},
		{name: "an expired secret", tenant: tenant, client: expired.ClientID, secret: "old", scope: c.Server.URL + "/.default",
			want: []string{"AADSTS7000222", "expired", expired.ClientID}},
		{name: "an unknown application", tenant: tenant, client: "00000000-0000-4000-8000-000000000001", secret: "x", scope: c.Server.URL + "/.default",
			want: []string{"AADSTS700016", "00000000-0000-4000-8000-000000000001", tenant}},
		{name: "an unknown tenant", tenant: "00000000-0000-4000-8000-000000000002", client: client, secret: "x", scope: c.Server.URL + "/.default",
			want: []string{"AADSTS90002", "00000000-0000-4000-8000-000000000002", "invalid_tenant"}},
		{name: "another environment", tenant: tenant, client: client, secret: good.Secret, scope: "https://other.crm.dynamics.com/.default",
			want: []string{"AADSTS500011", "https://other.crm.dynamics.com"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			credential, err := confidential.NewCredFromSecret(test.secret)
			require.NoError(t, err)
			app, err := confidential.New(c.Server.Authority+"/"+test.tenant, test.client, credential,
				confidential.WithHTTPClient(c.HTTP), confidential.WithInstanceDiscovery(false))
			require.NoError(t, err)
			result, err := app.AcquireTokenByCredential(t.Context(), []string{test.scope})
			for _, part := range test.want {
				require.ErrorContains(t, err, part)
			}
			if len(test.want) > 0 {
				return
			}
			require.NoError(t, err)
			c.Token = result.AccessToken
			assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
		})
	}
}

func TestTokenEndpoint(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {client},
		"client_secret": {simulator.DefaultApplication().Secret}, "scope": {c.Server.URL + "/.default openid offline_access profile"}}
	tests := []struct {
		name   string
		change func(url.Values)
		status int
		kind   string
		code   string
	}{
		{"a request without a scope", func(f url.Values) { f.Del("scope") }, 400, "invalid_request", "900144"},
		{"a request without a client", func(f url.Values) { f.Del("client_id") }, 400, "invalid_request", "900144"},
		{"a request without a credential", func(f url.Values) { f.Del("client_secret") }, 401, "invalid_client", "7000216"},
		{"another grant", func(f url.Values) { f.Set("grant_type", "password") }, 400, "unsupported_grant_type", "70003"},
		{"a scope that is no .default", func(f url.Values) { f.Set("scope", c.Server.URL+"/user_impersonation") }, 400, "invalid_scope", "1002012"},
		{"scopes of two resources", func(f url.Values) { f.Set("scope", c.Server.URL+"/.default https://x/.default") }, 400, "invalid_scope", "70011"},
		{"an assertion that is none", func(f url.Values) {
			f.Set("client_assertion", "a.b.c")
			f.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		}, 400, "invalid_request", "50027"},
		{"an assertion of no type", func(f url.Values) { f.Set("client_assertion", "a.b.c") }, 400, "invalid_request", "900144"},
	}
	for _, test := range tests {
		t.Run(test.name+" is refused", func(t *testing.T) {
			form := url.Values{}
			for name, values := range good {
				form[name] = values
			}
			test.change(form)
			got := c.AskToken(tenant, form)
			assert.Equal(t, test.status, got.Status)
			body := got.JSON(t)
			assert.Equal(t, test.kind, body["error"])
			assert.Contains(t, body["error_description"], "AADSTS"+test.code+": ")
			for _, member := range []string{"error_codes", "timestamp", "trace_id", "correlation_id"} {
				assert.NotEmpty(t, body[member], member)
			}
		})
	}
}

func TestSignInEndpoints(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	t.Run("the issuer is on the authority's host", func(t *testing.T) {
		got := c.Get("/" + tenant + "/v2.0/.well-known/openid-configuration").JSON(t)
		assert.Equal(t, c.Server.Authority+"/"+tenant+"/v2.0", got["issuer"])
		assert.Equal(t, c.Server.Authority+"/"+tenant+"/oauth2/v2.0/token", got["token_endpoint"])
	})
	t.Run("instance discovery names this host", func(t *testing.T) {
		got := c.Get("/common/discovery/instance?api-version=1.1&authorization_endpoint=" +
			url.QueryEscape(c.Server.Authority+"/"+tenant+"/oauth2/v2.0/authorize")).JSON(t)
		assert.Equal(t, c.Server.Authority+"/"+tenant+"/v2.0/.well-known/openid-configuration", got["tenant_discovery_endpoint"])
	})
}

func TestTokens(t *testing.T) {
	clock := simulatortest.NewClock()
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Clock: clock.Now}, simulator.ServerOptions{TokenLife: time.Minute})
	challenged := func(t *testing.T) {
		t.Helper()
		got := c.Get("WhoAmI")
		assert.Equal(t, http.StatusUnauthorized, got.Status)
		assert.Empty(t, got.Body)
		assert.Equal(t, "Bearer authorization_uri="+c.Server.URL+"/"+tenant+"/oauth2/authorize, resource_id="+c.Server.URL+"/",
			got.Header.Get("WWW-Authenticate"))
	}
	t.Run("a token serves until its life is over", func(t *testing.T) {
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
		clock.Add(time.Minute)
		challenged(t)
	})
	t.Run("a revoked token is refused", func(t *testing.T) {
		c.Token = c.SignIn(simulator.DefaultApplication())
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
		c.Server.RevokeTokens()
		challenged(t)
	})
	t.Run("a request without a token is refused with where to get one", func(t *testing.T) {
		c.Token = ""
		challenged(t)
	})
}

func TestApplicationUsers(t *testing.T) {
	tests := []struct {
		name, code, message string
		mark                func(*simulator.Application)
	}{
		{"an application without a user", "0x80072560", "The user is not a member of the organization.", func(a *simulator.Application) { a.NotMember = true }},
		{"a user without roles", "0x80042F09", "has not been assigned any roles", func(a *simulator.Application) { a.NoRoles = true }},
		{"a disabled user", "0x80040225", "is disabled", func(a *simulator.Application) { a.Disabled = true }},
	}
	for _, test := range tests {
		t.Run(test.name+" gets a token and is forbidden everything", func(t *testing.T) {
			application := simulator.DefaultApplication()
			test.mark(&application)
			c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: []simulator.Application{application}})
			assert.NotEmpty(t, c.Token)
			c.Get("WhoAmI").Refused(t, 403, test.code, test.message)
		})
	}
}
