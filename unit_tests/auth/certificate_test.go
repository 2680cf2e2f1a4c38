package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
)

// load returns the configuration of a user with other credentials than a client secret, and the fake Entra as its sign-in host.
func load(t *testing.T, e *entra, credentials map[string]any) *config.Config {
	t.Helper()
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	data, err := json.Marshal(map[string]any{
		"url": environment, "authority_host": e.URL, "tenant_id": tenantID, "client_id": clientID, "credentials": credentials,
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	c, err := config.Load(path, specification, func(string) string { return "" })
	require.NoError(t, err)
	return c
}

// certificatePEM returns a new certificate of a name, signed by itself, with its key.
func certificatePEM(t *testing.T, name string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
}

// header returns the header of a JWT.
func header(t *testing.T, token string) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(raw, &members))
	return members
}

// subject returns the name in the certificate that an assertion carries.
func subject(t *testing.T, token string) string {
	t.Helper()
	chain, ok := header(t, token)["x5c"].([]any)
	require.True(t, ok)
	text, ok := chain[0].(string)
	require.True(t, ok)
	der, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate.Subject.CommonName
}

func TestACertificateSignsAnAssertion(t *testing.T) {
	e := newEntra(t)
	for _, chain := range []bool{true, false} {
		c := load(t, e, map[string]any{"auth_type": "client_certificate", "certificate": string(certificatePEM(t, "mine")), "send_certificate_chain": chain})
		source, err := newWith(c, e.Client())
		require.NoError(t, err)
		assert.Equal(t, config.KindClientCertificate, source.Kind())
		_, err = source.Token(t.Context())
		require.NoError(t, err)
		form := e.requests()[len(e.requests())-1]
		assert.Empty(t, form.Get("client_secret"))
		assert.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form.Get("client_assertion_type"))
		assert.Equal(t, "PS256", header(t, form.Get("client_assertion"))["alg"])
		if chain {
			assert.Equal(t, "mine", subject(t, form.Get("client_assertion")))
		} else {
			assert.NotContains(t, header(t, form.Get("client_assertion")), "x5c")
		}
	}
}

// refuseOld rejects assertions of the certificate named old.
func (e *entra) refuseOld(t *testing.T) {
	e.respond(func(w http.ResponseWriter, r *http.Request) {
		if subject(t, r.PostForm.Get("client_assertion")) == "old" {
			refusal(http.StatusUnauthorized, "invalid_client", 700027)(w, r)
			return
		}
		e.grant(w, r)
	})
}

func TestACertificateFileIsReadAgainOnceItsCertificateIsRefused(t *testing.T) {
	e := newEntra(t)
	path := filepath.Join(t.TempDir(), "certificate.pem")
	require.NoError(t, os.WriteFile(path, certificatePEM(t, "old"), 0o600))
	source, err := newWith(load(t, e, map[string]any{"auth_type": "client_certificate", "certificate_file_path": path}), e.Client())
	require.NoError(t, err)
	first, err := source.Token(t.Context())
	require.NoError(t, err)

	e.refuseOld(t)
	require.NoError(t, source.Renew(t.Context(), first, ""))
	_, err = source.Token(t.Context())
	var refused *auth.Error
	require.ErrorAs(t, err, &refused, "the file holds the same certificate")
	require.Len(t, e.requests(), 2, "which is not sent twice")

	require.NoError(t, os.WriteFile(path, []byte("half a file"), 0o600))
	_, err = source.Token(t.Context())
	require.ErrorAs(t, err, &refused, "the refusal is what matters")
	assertQuiet(t, err)

	require.NoError(t, os.WriteFile(path, certificatePEM(t, "new"), 0o600))
	_, err = source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "new", subject(t, e.requests()[len(e.requests())-1].Get("client_assertion")))
}

// jwt returns a token with claims, made to be exchanged unless they name another audience. Its signature is none.
func jwt(t *testing.T, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"aud": "api://AzureADTokenExchange"}
	maps.Copy(all, claims)
	raw, err := json.Marshal(all)
	require.NoError(t, err)
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + part(raw) + "." + part([]byte("signature"))
}

func workload(t *testing.T, e *entra, path string) *auth.Source {
	t.Helper()
	source, err := newWith(load(t, e, map[string]any{"auth_type": "workload_identity", "token_file_path": path}), e.Client())
	require.NoError(t, err)
	return source
}

func TestATokenFileIsReadAtEachSignIn(t *testing.T) {
	e := newEntra(t)
	path := filepath.Join(t.TempDir(), "token")
	source := workload(t, e, path)
	for _, name := range []string{"first", "second"} {
		sent := jwt(t, map[string]any{"iss": name, "exp": time.Now().Add(time.Hour).Unix()})
		require.NoError(t, os.WriteFile(path, []byte(" "+sent+"\n"), 0o600))
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, sent, e.requests()[len(e.requests())-1].Get("client_assertion"))
		again, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, token, again, "MSAL caches it")
		require.NoError(t, source.Renew(t.Context(), token, ""))
	}
	assert.Len(t, e.requests(), 2)
}

func TestOnlyAValidTokenLeavesTheMachine(t *testing.T) {
	part := base64.RawURLEncoding.EncodeToString
	claims := part([]byte(`{"sub":"x"}`))
	for name, example := range map[string]struct{ content, want string }{
		"nothing":                       {"", "is empty."},
		"white space":                   {" \n", "is empty."},
		"a password file":               {"root:x:0:0:root:/root:/bin/bash\n", "does not hold a token (JWT)."},
		"a private key":                 {string(certificatePEM(t, "x")), "does not hold a token (JWT)."},
		"two dots":                      {"a.b.c", "does not hold a token (JWT)."},
		"a header that is not JSON":     {part([]byte("x")) + "." + claims + ".c2ln", "does not hold a token (JWT)."},
		"a header without an algorithm": {part([]byte("{}")) + "." + claims + ".c2ln", "does not hold a token (JWT)."},
		"claims that are not JSON":      {part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte("x")) + ".c2ln", "does not hold a token (JWT)."},
		"no signature":                  {part([]byte(`{"alg":"RS256"}`)) + "." + claims + ".", "does not hold a token (JWT)."},
		"a token of five parts":         {"a.b.c.d.e", "does not hold a token (JWT)."},
		"a token that expired":          {jwt(t, map[string]any{"exp": 1700000000}), "holds a token that expired at 2023-11-14 22:13:20 UTC."},
		"a token for the API of a cluster": {jwt(t, map[string]any{"aud": []string{"https://kubernetes.default.svc"}}),
			`holds a token with the audience "https://kubernetes.default.svc", but the sign-in host, which is not one of Microsoft's, gets only tokens with ` +
				`the audience api://AzureADTokenExchange.`},
		"a token in a JSON of the runner": {`{"value":"` + jwt(t, nil) + `"}`, "does not hold a token (JWT)."},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			path := filepath.Join(t.TempDir(), "token")
			require.NoError(t, os.WriteFile(path, []byte(example.content), 0o600))
			_, err := workload(t, e, path).Token(t.Context())
			var unusable *auth.TokenFileError
			require.ErrorAs(t, err, &unusable)
			assert.Equal(t, "the token file "+path+" "+example.want, err.Error())
			assert.False(t, unusable.Temporary())
			assert.Empty(t, e.requests())
		})
	}
}

func TestMicrosoftGetsTokensOfAnyAudience(t *testing.T) {
	e := newEntra(t)
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(jwt(t, map[string]any{"aud": "custom"})), 0o600))
	c := load(t, e, map[string]any{"auth_type": "workload_identity", "token_file_path": path})
	c.AuthorityHost = auth.PublicAuthority
	source, err := newWith(c, &http.Client{Transport: diverted{e}})
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	require.NoError(t, err, "a federated credential may expect another audience")
}

func TestATokenFileThatFailsLaterMayRecover(t *testing.T) {
	e := newEntra(t)
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(jwt(t, nil)), 0o600))
	source := workload(t, e, path)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, source.Renew(t.Context(), token, ""))
	require.NoError(t, os.Remove(path))
	_, err = source.Token(t.Context())
	require.EqualError(t, err, "the token file "+path+" cannot be read: no such file or directory.")
	assert.True(t, temporary(t, err))
}

func TestARefusalOfAWorkloadIdentityHasItsClaims(t *testing.T) {
	e := newEntra(t)
	e.respond(refusal(http.StatusUnauthorized, "invalid_client", 700213))
	path := filepath.Join(t.TempDir(), "token")
	for _, audience := range []any{"api://AzureADTokenExchange", []string{"api://AzureADTokenExchange"}} {
		token := jwt(t, map[string]any{"iss": "https://issuer.example/", "sub": "system:serviceaccount:a:b", "aud": audience})
		require.NoError(t, os.WriteFile(path, []byte(token), 0o600))
		_, err := workload(t, e, path).Token(t.Context())
		var refused *auth.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, auth.Assertion{Issuer: "https://issuer.example/", Subject: "system:serviceaccount:a:b", Audience: "api://AzureADTokenExchange"}, refused.Assertion)
		assertQuiet(t, err)
	}
}
