package auth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
)

func TestTheAuthorityIsThatOfTheEnvironmentsCloud(t *testing.T) {
	const (
		government = "https://login.microsoftonline.us"
		china      = "https://login.partner.microsoftonline.cn"
	)
	for environment, authority := range map[string]string{
		"https://contoso.crm.dynamics.com":          auth.PublicAuthority,
		"https://contoso.api.crm.dynamics.com":      auth.PublicAuthority,
		"https://contoso.crm2.dynamics.com":         auth.PublicAuthority,
		"https://contoso.crm4.dynamics.com:443":     auth.PublicAuthority,
		"https://contoso.crm9.dynamics.com":         auth.PublicAuthority, // GCC signs in at the public cloud
		"https://contoso.crm21.dynamics.com":        auth.PublicAuthority,
		"https://contoso.crm99.dynamics.com":        auth.PublicAuthority,
		"https://contoso.crmtest.dynamics.com":      auth.PublicAuthority,
		"https://contoso.crm.microsoftdynamics.us":  government,
		"https://CONTOSO.CRM.MicrosoftDynamics.US":  government,
		"https://contoso.crm.appsplatform.us":       government,
		"https://contoso.crm.dynamics.cn":           china,
		"https://contoso.api.crm.dynamics.cn:443":   china,
		"https://dynamics.cn.example.com":           auth.PublicAuthority,
		"https://notdynamics.cn":                    auth.PublicAuthority,
		"https://crm.appsplatform.us.evil.example":  auth.PublicAuthority,
		"https://127.0.0.1:8443":                    auth.PublicAuthority,
		"contoso.crm.dynamics.cn":                   china,
		"https://a.example/?x=.crm.appsplatform.us": auth.PublicAuthority,
	} {
		assert.Equal(t, authority, auth.Authority(environment), environment)
	}
}

// diverted sends every request to the fake Entra, which sees the host that was asked for.
type diverted struct{ to *entra }

func (d diverted) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.Host = r.URL.Host
	sent.URL.Host = d.to.Listener.Addr().String()
	return d.to.Client().Transport.RoundTrip(sent)
}

func TestRequestsGoToTheHostsOfTheCloudAlone(t *testing.T) {
	for name, example := range map[string]struct{ environment, override, host string }{
		"public cloud":              {"https://contoso.crm4.dynamics.com", "", "login.microsoftonline.com"},
		"GCC High":                  {"https://contoso.crm.microsoftdynamics.us", "", "login.microsoftonline.us"},
		"China":                     {"https://contoso.crm.dynamics.cn", "", "login.partner.microsoftonline.cn"},
		"an authority_host decides": {"https://contoso.crm.dynamics.cn", "https://login.microsoftonline.us", "login.microsoftonline.us"},
		"another authority_host is not reported to Microsoft": {"https://contoso.crm4.dynamics.com", "https://entra.example:8443", "entra.example:8443"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntra(t)
			c := settings(example.override)
			c.Environment = example.environment
			source, err := newWith(c, &http.Client{Transport: diverted{e}})
			require.NoError(t, err)
			_, err = source.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, map[string]bool{example.host: true}, e.hosts())
			assert.Contains(t, e.requests()[0].Get("scope"), example.environment+"/.default")
		})
	}
}

func TestAPlatformNamesTheSignInHostOfUnknownCloudsAlone(t *testing.T) {
	const platform = "https://login.sovcloud-identity.fr"
	for name, example := range map[string]struct {
		c    config.Config
		want string
	}{
		"an unknown cloud":                    {config.Config{Environment: "https://contoso.crm.example.fr", PlatformAuthority: platform}, platform},
		"an unknown cloud without a platform": {config.Config{Environment: "https://contoso.crm.example.fr"}, auth.PublicAuthority},
		"the public cloud":                    {config.Config{Environment: "https://contoso.crm4.dynamics.com", PlatformAuthority: platform}, auth.PublicAuthority},
		"China": {config.Config{Environment: "https://contoso.crm.dynamics.cn", PlatformAuthority: platform},
			"https://login.partner.microsoftonline.cn"},
		"an authority_host": {config.Config{Environment: "https://contoso.crm.example.fr", PlatformAuthority: platform, AuthorityHost: "https://login.example"},
			"https://login.example"},
	} {
		assert.Equal(t, example.want, auth.AuthorityOf(&example.c), name)
	}
}

func TestTheAudienceOfFederationIsThatOfTheCloud(t *testing.T) {
	for authority, audience := range map[string]string{
		auth.PublicAuthority:                       "api://AzureADTokenExchange",
		"https://login.example":                    "api://AzureADTokenExchange",
		"https://login.microsoftonline.us":         "api://AzureADTokenExchangeUSGov",
		"https://login.partner.microsoftonline.cn": "api://AzureADTokenExchangeChina",
	} {
		assert.Equal(t, audience, auth.FederationAudience(authority), authority)
	}
}

// MSAL asks a host that it trusts for the hosts of its cloud, and about any other host it asks Microsoft, which fails and
// discloses the tenant's id.
func TestInstanceDiscoveryIsForMicrosoftsHostsAlone(t *testing.T) {
	for host, asks := range map[string]bool{
		"https://login.microsoftonline.com": true, "https://login.microsoft.com": true, "https://login.windows.net": true, "https://sts.windows.net": true,
		"https://login.microsoftonline.us": true, "https://login-us.microsoftonline.com": true, "https://login.usgovcloudapi.net": true,
		"https://login.partner.microsoftonline.cn": true, "https://login.chinacloudapi.cn": true, "https://login.microsoftonline.de": true,
		"https://login.sovcloud-identity.fr": true, "https://login.sovcloud-identity.de": true, "https://login.sovcloud-identity.sg": true,
		"https://login.example": false, "https://login.microsoftonline.com.example": false, "https://login.microsoftonline.com:8443": false,
	} {
		e := newEntra(t)
		source, err := newWith(settings(host), &http.Client{Transport: diverted{e}})
		require.NoError(t, err, host)
		_, err = source.Token(t.Context())
		require.NoError(t, err, host)
		assert.Equal(t, asks, e.discovered(), host)
	}
}

func TestTokensOfAnotherServiceHaveItsScope(t *testing.T) {
	e := newEntra(t)
	c := settings("")
	clients := auth.Clients{Entra: &http.Client{Transport: diverted{e}}, Identity: http.DefaultClient}
	source, err := auth.NewFor(c, c.Credentials, "https://contoso.operations.dynamics.com", clients)
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	require.NoError(t, err)
	assert.Contains(t, e.requests()[0].Get("scope"), "https://contoso.operations.dynamics.com/.default")
	assert.Equal(t, map[string]bool{"login.microsoftonline.com": true}, e.hosts(), "the environment's cloud decides where to sign in")
}
