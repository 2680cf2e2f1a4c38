package auth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/auth"
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
