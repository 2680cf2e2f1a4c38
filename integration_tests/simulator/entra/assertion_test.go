package entra_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

type object = map[string]any

const issuerClient = "66666666-7777-4888-9999-bbbbbbbbbbbb"

// keys returns the keys of these tests: two good ones and one that is too small.
var keys = sync.OnceValue(func() (made [3]*rsa.PrivateKey) {
	for i, bits := range []int{2048, 2048, 1024} {
		made[i], _ = rsa.GenerateKey(rand.Reader, bits)
	}
	return made
})

// certified returns a certificate of a key, signed by the second key.
func certified(t *testing.T, name string, key *rsa.PrivateKey, from, to time.Time) *x509.Certificate {
	t.Helper()
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: from, NotAfter: to}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	public := &key.PublicKey
	if name == "authority" {
		template = authority
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, public, keys()[1])
	require.NoError(t, err)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return made
}

// parts are what an assertion is made of.
type parts struct {
	header, claims object
	key            *rsa.PrivateKey
}

// sign returns the assertion, signed as PS256 says.
func (p parts) sign(t *testing.T) string {
	t.Helper()
	header, err := json.Marshal(p.header)
	require.NoError(t, err)
	claims, err := json.Marshal(p.claims)
	require.NoError(t, err)
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	hashed := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPSS(rand.Reader, p.key, crypto.SHA256, hashed[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	require.NoError(t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func ask(t *testing.T, c *simulatortest.Caller, clientID, assertion string) simulatortest.Response {
	t.Helper()
	return c.AskToken(tenant, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "scope": {c.Server.URL + "/.default"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
}

func TestACertificateAssertionIsVerified(t *testing.T) {
	now := time.Now()
	from, to := now.Add(-time.Hour), now.AddDate(1, 0, 0)
	own := certified(t, "own", keys()[0], from, to)
	expired := certified(t, "expired", keys()[0], now.AddDate(-1, 0, 0), now.Add(-time.Minute))
	weak := certified(t, "weak", keys()[2], from, to)
	authority := certified(t, "authority", keys()[1], from, to)
	named := certified(t, "trusted", keys()[0], from, to)
	unknown := certified(t, "unknown", keys()[0], from, to)
	application := simulator.DefaultApplication()
	application.Certificates = []*x509.Certificate{expired, weak, own}
	naming := simulator.Application{TenantID: tenant, ClientID: issuerClient, TrustedNames: []simulator.TrustedName{{Subject: "trusted", Issuer: authority}}}
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: []simulator.Application{application, naming}})
	digest := func(certificate *x509.Certificate, encoding *base64.Encoding) string {
		sum := sha256.Sum256(certificate.Raw)
		return encoding.EncodeToString(sum[:])
	}
	good := func(certificate *x509.Certificate, id string) parts {
		return parts{
			object{"alg": "PS256", "typ": "JWT", "x5t#S256": digest(certificate, base64.StdEncoding)},
			object{"aud": c.Server.Authority + "/" + tenant + "/oauth2/v2.0/token", "iss": id, "sub": id, "jti": "1", "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()},
			keys()[0],
		}
	}
	chain := func(certificates ...*x509.Certificate) []string {
		var list []string
		for _, certificate := range certificates {
			list = append(list, base64.StdEncoding.EncodeToString(certificate.Raw))
		}
		return list
	}
	for name, example := range map[string]struct {
		certificate *x509.Certificate
		client      string
		change      func(*parts)
		want        string // "" for a token
	}{
		"a good one":                          {own, client, func(*parts) {}, ""},
		"a thumbprint in base64url":           {own, client, func(p *parts) { p.header["x5t#S256"] = digest(own, base64.RawURLEncoding) }, ""},
		"an audience of the tenant":           {own, client, func(p *parts) { p.claims["aud"] = []string{c.Server.Authority + "/" + tenant + "/v2.0"} }, ""},
		"no beginning, as of MSAL for Python": {own, client, func(p *parts) { delete(p.claims, "nbf"); p.claims["exp"] = float64(now.Unix()) + 60.5 }, ""},
		"another algorithm":                   {own, client, func(p *parts) { p.header["alg"] = "RS256" }, "AADSTS5002738"},
		"no algorithm":                        {own, client, func(p *parts) { p.header["alg"] = "" }, "AADSTS50027"},
		"a thumbprint of SHA-1":               {own, client, func(p *parts) { p.header["x5t#S256"] = "oLHC0+T1prfI2eChssPU5fant8g=" }, "AADSTS5002723"},
		"no jti":                              {own, client, func(p *parts) { delete(p.claims, "jti") }, "AADSTS50027"},
		"a certificate nobody registered":     {unknown, client, func(*parts) {}, "Reason - The key was not found."},
		"an expired certificate":              {expired, client, func(*parts) {}, "Reason - The key used is expired."},
		"another key":                         {own, client, func(p *parts) { p.key = keys()[1] }, "the signature value did not match"},
		"a weak key":                          {weak, client, func(p *parts) { p.key = keys()[2] }, "AADSTS50032"},
		"another issuer":                      {own, client, func(p *parts) { p.claims["iss"] = issuerClient }, "AADSTS700021"},
		"another subject":                     {own, client, func(p *parts) { p.claims["sub"] = issuerClient }, "AADSTS50048"},
		"another audience":                    {own, client, func(p *parts) { p.claims["aud"] = "https://login.example/token" }, "AADSTS700023"},
		"an assertion of yesterday":           {own, client, func(p *parts) { p.claims["exp"] = now.Add(-time.Hour).Unix() }, "AADSTS700024"},
		"an assertion of tomorrow":            {own, client, func(p *parts) { p.claims["nbf"] = now.Add(time.Hour).Unix() }, "AADSTS700024"},
		"an assertion without an end":         {own, client, func(p *parts) { delete(p.claims, "exp") }, "AADSTS700024"},
		"a trusted name":                      {named, issuerClient, func(p *parts) { p.header["x5c"] = chain(named, authority) }, ""},
		"a trusted name without a chain":      {named, issuerClient, func(*parts) {}, "Reason - The key was not found."},
		"a name that is not trusted":          {unknown, issuerClient, func(p *parts) { p.header["x5c"] = chain(unknown, authority) }, "AADSTS700030"},
		"a chain of another certificate":      {unknown, issuerClient, func(p *parts) { p.header["x5c"] = chain(named) }, "Reason - The key was not found."},
		"a chain that is none":                {named, issuerClient, func(p *parts) { p.header["x5c"] = []string{"AAAA"} }, "AADSTS50027"},
	} {
		t.Run(name, func(t *testing.T) {
			p := good(example.certificate, example.client)
			example.change(&p)
			got := ask(t, c, example.client, p.sign(t)).JSON(t)
			if example.want == "" {
				assert.NotEmpty(t, got["access_token"], "%v", got)
			} else {
				assert.Contains(t, got["error_description"], example.want)
			}
		})
	}
}

func TestATokenOfAWorkloadIsVerified(t *testing.T) {
	const subject, audience = "system:serviceaccount:airbyte:airbyte-admin", "api://AzureADTokenExchange"
	application := simulator.DefaultApplication()
	application.FederatedCredentials = []simulator.FederatedCredential{{Subject: subject}, {Issuer: "https://unreachable.example/", Subject: subject}}
	none := simulator.Application{TenantID: tenant, ClientID: issuerClient}
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: []simulator.Application{application, none}})
	issue := func(subject, audience string, life time.Duration) string {
		token, err := c.Server.WorkloadToken(subject, audience, life)
		require.NoError(t, err)
		return token
	}
	changed := func(change func(header, claims object)) string {
		sections := strings.Split(issue(subject, "", time.Hour), ".")
		var decoded [2]object
		for i := range decoded {
			raw, err := base64.RawURLEncoding.DecodeString(sections[i])
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(raw, &decoded[i]))
		}
		change(decoded[0], decoded[1])
		for i := range decoded {
			raw, err := json.Marshal(decoded[i])
			require.NoError(t, err)
			sections[i] = base64.RawURLEncoding.EncodeToString(raw)
		}
		return strings.Join(sections, ".")
	}
	for name, example := range map[string]struct{ client, token, want string }{
		"a good one":                       {client, issue(subject, "", time.Hour), ""},
		"an app without credentials":       {issuerClient, issue(subject, "", time.Hour), "AADSTS70025"},
		"another subject":                  {client, issue("system:serviceaccount:other:x", "", time.Hour), "AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:other:x'"},
		"a subject in capitals":            {client, issue(strings.ToUpper(subject), "", time.Hour), "AADSTS7002138"},
		"another audience":                 {client, issue(subject, "api://other", time.Hour), "AADSTS700212"},
		"another issuer":                   {client, changed(func(_, claims object) { claims["iss"] = "https://issuer.example/" }), "AADSTS700211"},
		"an issuer without its slash":      {client, changed(func(_, claims object) { claims["iss"] = c.Server.URL + "/oidc" }), "AADSTS700211"},
		"an issuer nobody reaches":         {client, changed(func(_, claims object) { claims["iss"] = "https://unreachable.example/" }), "AADSTS90061"},
		"an expired token":                 {client, issue(subject, audience, -10*time.Minute), "AADSTS700024"},
		"a token with changed claims":      {client, changed(func(_, claims object) { claims["exp"] = 4102444800 }), "AADSTS50013"},
		"a key of nobody":                  {client, changed(func(header, _ object) { header["kid"] = "x" }), "AADSTS50013"},
		"an algorithm that is no issuer's": {client, changed(func(header, _ object) { header["alg"] = "HS256" }), "AADSTS5002738"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, c, example.client, example.token).JSON(t)
			if example.want == "" {
				assert.NotEmpty(t, got["access_token"], "%v", got)
			} else {
				assert.Contains(t, got["error_description"], example.want)
			}
		})
	}
	t.Run("the issuer publishes its keys", func(t *testing.T) {
		described := c.Get("/oidc/.well-known/openid-configuration").JSON(t)
		assert.Equal(t, c.Server.URL+"/oidc/", described["issuer"])
		assert.Equal(t, c.Server.URL+"/oidc/keys", described["jwks_uri"])
		published, ok := c.Get("/oidc/keys").JSON(t)["keys"].([]any)
		require.True(t, ok)
		assert.Len(t, published, 1)
	})
}

func TestEachRefusalCanBeSwitchedOn(t *testing.T) {
	var applications []simulator.Application
	for _, code := range simulator.RefusalCodes() {
		application := simulator.DefaultApplication()
		application.ClientID, application.Refused = fmt.Sprintf("00000000-0000-4000-8000-%012d", code), code
		applications = append(applications, application)
	}
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: applications})
	for _, application := range applications {
		got := c.AskToken(tenant, url.Values{"grant_type": {"client_credentials"}, "client_id": {application.ClientID}, "client_secret": {application.Secret},
			"scope": {c.Server.URL + "/.default"}})
		assert.NotEqual(t, 200, got.Status)
		assert.Equal(t, []any{json.Number(strconv.Itoa(application.Refused))}, got.JSON(t)["error_codes"])
	}
	assert.Greater(t, len(applications), 50)
}
