package entra_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

const (
	systemIdentity = "10000000-0000-4000-8000-00000000000a"
	userIdentity   = "10000000-0000-4000-8000-00000000000b"
	otherIdentity  = "10000000-0000-4000-8000-00000000000c"
)

// machine serves an environment with managed identities.
func machine(t *testing.T, identities ...simulator.Application) *simulatortest.Caller {
	t.Helper()
	return simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{
		Applications: append([]simulator.Application{simulator.DefaultApplication()}, identities...),
	})
}

func system() simulator.Application {
	return simulator.Application{TenantID: tenant, ClientID: systemIdentity, Identity: simulator.SystemAssigned}
}

func assigned(id string) simulator.Application {
	return simulator.Application{TenantID: tenant, ClientID: id, Identity: simulator.UserAssigned}
}

func TestTheEndpointOfAppService(t *testing.T) {
	c := machine(t, system(), assigned(userIdentity))
	variables := map[string]string{}
	for _, variable := range c.Server.IdentityVariables() {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	good := url.Values{"api-version": {"2019-08-01"}, "resource": {c.Server.URL}}
	ask := func(header string, change func(url.Values)) simulatortest.Response {
		query := url.Values{}
		for name, values := range good {
			query[name] = values
		}
		change(query)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, variables["IDENTITY_ENDPOINT"]+"?"+query.Encode(), nil)
		require.NoError(t, err)
		request.Header.Set("X-IDENTITY-HEADER", header)
		return c.Send(request)
	}
	for name, example := range map[string]struct {
		header string
		change func(url.Values)
		want   string
	}{
		"no header":                        {"", func(url.Values) {}, "X-IDENTITY-HEADER"},
		"another version":                  {variables["IDENTITY_HEADER"], func(q url.Values) { q.Set("api-version", "2018-02-01") }, "api-version"},
		"an identity it does not have":     {variables["IDENTITY_HEADER"], func(q url.Values) { q.Set("client_id", client) }, "No User Assigned or Delegated Managed Identity found"},
		"a resource with a slash":          {variables["IDENTITY_HEADER"], func(q url.Values) { q.Set("resource", c.Server.URL+"/") }, "AADSTS500011"},
		"a resource that is a whole scope": {variables["IDENTITY_HEADER"], func(q url.Values) { q.Set("resource", c.Server.URL+"/.default") }, "AADSTS500011"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			assert.Contains(t, ask(example.header, example.change).JSON(t)["message"], example.want)
		})
	}
	for id, want := range map[string]string{"": systemIdentity, userIdentity: userIdentity} {
		byID := func(q url.Values) { q.Set("client_id", id) }
		got := ask(variables["IDENTITY_HEADER"], byID).JSON(t)
		assert.Equal(t, want, got["client_id"])
		c.Token, _ = got["access_token"].(string)
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
		assert.Equal(t, got["access_token"], ask(variables["IDENTITY_HEADER"], byID).JSON(t)["access_token"], "Azure keeps it")
		c.Server.RevokeTokens()
		assert.Equal(t, got["access_token"], ask(variables["IDENTITY_HEADER"], byID).JSON(t)["access_token"], "whatever happened to it")
	}
}

func TestTheMetadataServiceOfAVirtualMachine(t *testing.T) {
	ask := func(t *testing.T, c *simulatortest.Caller, id, metadata string) simulatortest.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+
			url.Values{"api-version": {"2018-02-01"}, "resource": {c.Server.URL}, "client_id": {id}}.Encode(), nil)
		require.NoError(t, err)
		request.Header.Set("Metadata", metadata)
		response, err := c.Server.MetadataService().RoundTrip(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return simulatortest.Response{Status: response.StatusCode, Header: response.Header, Body: body}
	}
	c := machine(t, assigned(userIdentity))
	assert.Equal(t, userIdentity, ask(t, c, "", "true").JSON(t)["client_id"], "the only one needs no name")
	assert.Contains(t, ask(t, c, "", "").JSON(t)["error_description"], "metadata header")
	assert.Equal(t, "Identity not found", ask(t, c, systemIdentity, "true").JSON(t)["error_description"])
	c = machine(t, assigned(userIdentity), assigned(otherIdentity))
	assert.Contains(t, ask(t, c, "", "true").JSON(t)["error_description"], "Multiple user assigned identities exist")
	got := ask(t, c, otherIdentity, "true").JSON(t)
	assert.Equal(t, otherIdentity, got["client_id"])
	c.Token, _ = got["access_token"].(string)
	assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
	_, err := c.Server.MetadataService().RoundTrip(c.Request(http.MethodGet, "WhoAmI"))
	require.Error(t, err, "nothing else is reached")
}
