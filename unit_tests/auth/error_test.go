package auth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/auth"
)

func TestAnErrorOfEntraHasItsCode(t *testing.T) {
	for name, example := range map[string]struct {
		status    int
		name      string
		code      int
		temporary bool
	}{
		"the secret is wrong":                 {http.StatusUnauthorized, "invalid_client", 7000215, false},
		"the secret has expired":              {http.StatusUnauthorized, "invalid_client", 7000222, false},
		"the application is unknown":          {http.StatusBadRequest, "unauthorized_client", 700016, false},
		"the tenant is unknown":               {http.StatusBadRequest, "invalid_request", 90002, false},
		"the resource is unknown":             {http.StatusBadRequest, "invalid_resource", 500011, false},
		"the application is disabled":         {http.StatusBadRequest, "unauthorized_client", 7000112, false},
		"a policy blocks the sign-in":         {http.StatusBadRequest, "access_denied", 53003, false},
		"requests are limited":                {http.StatusTooManyRequests, "temporarily_unavailable", 90055, true},
		"Entra is down":                       {http.StatusServiceUnavailable, "server_error", 90033, true},
		"the issuer cannot be reached":        {http.StatusBadRequest, "invalid_request", 90061, true},
		"the issuer has no keys":              {http.StatusBadRequest, "invalid_request", 900612, true},
		"the request to the issuer failed":    {http.StatusBadRequest, "invalid_request", 50166, true},
		"the same sign-in came too often":     {http.StatusBadRequest, "invalid_request", 50196, true},
		"Entra is down and responds with 400": {http.StatusBadRequest, "temporarily_unavailable", 90033, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			e.respond(refusal(example.status, example.name, example.code))
			_, err := newSource(t, e).Token(t.Context())
			var refused *auth.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, example.status, refused.Status)
			assert.Equal(t, example.name, refused.Name)
			assert.Equal(t, []int{example.code}, refused.Codes)
			assert.Equal(t, "f1d2c3b4-0000-4000-8000-000000000001", refused.Correlation)
			assert.True(t, refused.Has(example.code))
			assert.False(t, refused.Has(1))
			assert.Equal(t, example.temporary, refused.Temporary())
			assertQuiet(t, err)
		})
	}
}

func TestTheTextOfAnErrorHasCodeNameAndCorrelation(t *testing.T) {
	e := newEntra(t)
	e.respond(refusal(http.StatusUnauthorized, "invalid_client", 7000215))
	_, err := newSource(t, e).Token(t.Context())
	require.EqualError(t, err, "Microsoft Entra rejected the sign-in with AADSTS7000215 (invalid_client), "+
		"correlation id f1d2c3b4-0000-4000-8000-000000000001")
}

func TestAnUnknownTenantIsAnErrorOfEntra(t *testing.T) {
	e := newEntra(t)
	e.discovery = refusal(http.StatusBadRequest, "invalid_tenant", 90002)
	_, err := newSource(t, e).Token(t.Context())
	var refused *auth.Error
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(90002))
	assertQuiet(t, err)
}

func TestACodeInTheDescriptionIsFound(t *testing.T) {
	for description, codes := range map[string][]int{
		"AADSTS7000215: Invalid client secret provided.": {7000215},
		"AADSTS: nothing": nil,
		"Something else":  nil,
		"":                nil,
	} {
		e := newEntra(t)
		e.respond(func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": description})
		})
		_, err := newSource(t, e).Token(t.Context())
		var refused *auth.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, codes, refused.Codes, description)
	}
}

func TestADescriptionHasNoIDs(t *testing.T) {
	for name, example := range map[string]struct{ description, expected string }{
		"nothing":                {"", ""},
		"a code and its trailer": {"AADSTS50049: Unknown or invalid instance. Trace ID: 1 Correlation ID: 2 Timestamp: 2026-11-28 10:00:00Z", "Unknown or invalid instance."},
		"lines":                  {"AADSTS70011: The scope isn't valid.\r\nTrace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333\r\nCorrelation ID: 1", "The scope isn't valid."},
		"ids of others":          {"AADSTS1: App '0000aaaa-11bb-cccc-dd22-eeeeee333333'(my app) is unknown.", "App ...(my app) is unknown."},
		"the user's own ids":     {"AADSTS1: App '" + strings.ToUpper(clientID) + "' of " + tenantID + " with " + secret + ".", "App ... of ... with ...."},
		"a user and a tenant":    {"AADSTS1: User jo.doe@contoso.com of contoso.onmicrosoft.com is blocked.", "User ... of ... is blocked."},
		"a thumbprint":           {"AADSTS1: Thumbprint of key is 'A1B2C3D4E5F6A7B8C9D0A1B2C3D4E5F6A7B8C9D0'.", "Thumbprint of key is ...."},
		"a token":                {"AADSTS1: eyJhbGciOi.eyJzdWIi.c2ln is not valid.", "... is not valid."},
		"an address":             {"AADSTS1: The resource https://contoso.crm4.dynamics.com is unknown.", "The resource https://contoso.crm4.dynamics.com is unknown."},
		"more than one reads":    {strings.Repeat("no ", 400), strings.Repeat("no ", 200) + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			e.respond(func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": example.description})
			})
			_, err := newSource(t, e).Token(t.Context())
			var refused *auth.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, example.expected, refused.Description)
		})
	}
}

func TestAResponseThatIsNotFromEntraHasItsStatus(t *testing.T) {
	for name, example := range map[string]struct {
		status    int
		body      string
		temporary bool
	}{
		"a proxy forbids":       {http.StatusForbidden, "<title>Blocked</title>", false},
		"a gateway is down":     {http.StatusBadGateway, "<html>bad gateway</html>", true},
		"an empty body":         {http.StatusNotFound, "", false},
		"JSON of another shape": {http.StatusBadRequest, `[1,2]`, false},
		"codes of another kind": {http.StatusBadRequest, `{"error_codes":"x"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			e.respond(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(example.status)
				_, _ = w.Write([]byte(example.body))
			})
			_, err := newSource(t, e).Token(t.Context())
			var refused *auth.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, example.status, refused.Status)
			assert.Equal(t, example.temporary, refused.Temporary())
			assert.Contains(t, err.Error(), "not a response of Microsoft Entra")
		})
	}
}

// temporary reports whether another attempt may succeed, as package dataverse asks.
func temporary(t *testing.T, err error) bool {
	t.Helper()
	var failed interface{ Temporary() bool }
	require.ErrorAs(t, err, &failed)
	return failed.Temporary()
}

func TestAHostThatIsNotAnAuthorityIsFinal(t *testing.T) {
	const page = "the sign-in host responded with status 200 and a web page, which is not a response of Microsoft Entra"
	const other = "the response of the sign-in host is not one of Microsoft Entra"
	for name, example := range map[string]struct {
		text    string
		prepare func(*entra)
	}{
		"HTML instead of the OpenID configuration": {page, func(e *entra) {
			e.discovery = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>" + tenantID)) }
		}},
		"HTML instead of a token": {page, func(e *entra) {
			e.token = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>" + secret)) }
		}},
		"an issuer of another host": {other, func(e *entra) {
			e.discovery = func(w http.ResponseWriter, r *http.Request) {
				root := "https://" + r.Host + "/" + tenantID
				writeJSON(w, http.StatusOK, map[string]any{
					"issuer": "https://evil.example/" + tenantID, "authorization_endpoint": root + "/a", "token_endpoint": root + "/oauth2/v2.0/token",
				})
			}
		}},
		"a token response without a token": {other, func(e *entra) {
			e.token = func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, http.StatusOK, map[string]any{"expires_in": 1})
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			example.prepare(e)
			_, err := newSource(t, e).Token(t.Context())
			require.EqualError(t, err, example.text)
			assert.False(t, temporary(t, err))
			assertQuiet(t, err)
		})
	}
}

func TestAHostThatCannotBeReachedIsTemporary(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Close()
	source, err := newWith(settings(server.URL), server.Client())
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	require.ErrorContains(t, err, "the sign-in host sent no response: ")
	assert.True(t, temporary(t, err))
	assertQuiet(t, err)
}

func TestAResponseThatBreaksOffIsTemporary(t *testing.T) {
	e := newEntra(t)
	e.respond(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"access_token":"token-`))
	})
	_, err := newSource(t, e).Token(t.Context())
	require.ErrorContains(t, err, "the sign-in host sent no response: ")
	assert.True(t, temporary(t, err))
	assertQuiet(t, err)
}

func TestALargeBodyIsNotKept(t *testing.T) {
	for name, status := range map[string]int{"of an error": http.StatusForbidden, "of a token": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			e.respond(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"error":"`))
				_, _ = w.Write(bytes.Repeat([]byte("x"), 2<<20))
				_, _ = w.Write([]byte(`"}`))
			})
			_, err := newSource(t, e).Token(t.Context())
			require.EqualError(t, err, "the sign-in host sent a response of more than 1 MB, which is not one of Microsoft Entra")
			assert.False(t, temporary(t, err))
		})
	}
}

func TestAnUntrustedCertificateIsFinal(t *testing.T) {
	e := newEntra(t)
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	source, err := newWith(settings(e.URL), &http.Client{Transport: transport})
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	require.Error(t, err)
	var certificate *tls.CertificateVerificationError
	require.ErrorAs(t, err, &certificate)
	assert.False(t, temporary(t, err))
	assertQuiet(t, err)
}

func TestOnlyAHostThatDoesNotExistIsFinal(t *testing.T) {
	for name, failure := range map[string]net.DNSError{
		"no such host":           {Err: "no such host", Name: "entra.example", IsNotFound: true},
		"server misbehaving":     {Err: "server misbehaving", Name: "entra.example", IsTemporary: true},
		"no response of the DNS": {Err: "i/o timeout", Name: "entra.example", IsTimeout: true},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, &failure }}
			source, err := newWith(settings("https://entra.example"), &http.Client{Transport: transport})
			require.NoError(t, err)
			_, err = source.Token(t.Context())
			var host *net.DNSError
			require.ErrorAs(t, err, &host)
			assert.Equal(t, !failure.IsNotFound, temporary(t, err))
			assertQuiet(t, err)
		})
	}
}
