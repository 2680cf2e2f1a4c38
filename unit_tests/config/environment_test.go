package config_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
)

func TestTheEnvironmentIsFoundInAnyPastedAddress(t *testing.T) {
	const contoso = "https://contoso.crm4.dynamics.com"
	tests := []struct{ name, url, want string }{
		{"the root", "https://contoso.crm4.dynamics.com", contoso},
		{"a trailing slash", "https://contoso.crm4.dynamics.com/", contoso},
		{"spaces around it", " https://contoso.crm4.dynamics.com\n", contoso},
		{"no scheme", "contoso.crm4.dynamics.com", contoso},
		{"no scheme but slashes", "//contoso.crm4.dynamics.com", contoso},
		{"no scheme but a path", "contoso.crm4.dynamics.com/main.aspx", contoso},
		{"the Web API", "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?$top=1", contoso},
		{"an app", "https://contoso.crm4.dynamics.com/main.aspx?appid=1#pagetype=entitylist", contoso},
		{"upper case", "HTTPS://Contoso.CRM4.Dynamics.com", contoso},
		{"the default port", "https://contoso.crm4.dynamics.com:443/", contoso},
		{"a dot at the host's end", "https://contoso.crm4.dynamics.com./", contoso},
		{"the host of the API alone", "https://contoso.api.crm4.dynamics.com", "https://contoso.api.crm4.dynamics.com"},
		{"a government cloud", "contoso.crm.microsoftdynamics.us", "https://contoso.crm.microsoftdynamics.us"},
		{"an address and a port", "https://127.0.0.1:8443/", "https://127.0.0.1:8443"},
		{"an IPv6 address", "https://[::1]/api", "https://[::1]"},
		{"an IPv6 address and a port", "https://[::1]:8443/api", "https://[::1]:8443"},
		{"this machine", "https://localhost", "https://localhost"},
		{"a container's name", "simulator:8443", "https://simulator:8443"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := load(t, settings(map[string]any{"url": test.url}))
			require.NoError(t, err)
			assert.Equal(t, test.want, c.Environment)
		})
	}
}

func TestAnAddressOfNoEnvironmentIsAProblem(t *testing.T) {
	tests := []struct{ name, url, says string }{
		{"nothing", "", "url is empty."},
		{"http", "http://contoso.crm.dynamics.com", "url begins with http://, but only https:// is allowed."},
		{"another scheme", "ftp://contoso.crm.dynamics.com", "url begins with ftp://"},
		{"a sentence", "my environment", "url is not a web address."},
		{"a scheme alone", "https://", "url is not a web address."},
		{"an empty label", "https://contoso..dynamics.com", "url is not a web address."},
		{"a placeholder", "https://<org>.crm.dynamics.com", "url is not a web address."},
		{"a port that is none", "https://contoso.crm.dynamics.com:99999", "url is not a web address."},
		{"a user name", "https://contoso.crm.dynamics.com@example.com", "url has a user name before its host"},
		{"an organization's name", "contoso", "url has the incomplete host name contoso."},
		{"the maker portal", "https://make.powerapps.com/environments/1/home", "url is the address of make.powerapps.com"},
		{"the admin center", "https://admin.powerplatform.microsoft.com/", "url is the address of admin.powerplatform"},
		{"the list of apps", "home.dynamics.com", "url is the address of home.dynamics.com"},
		{"a sign-in page", "https://login.microsoftonline.com/common", "url is the address of login.microsoftonline.com"},
		{"the discovery service", "https://globaldisco.crm.dynamics.com", "url is the address of globaldisco.crm.dynamics.com"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := problems(t, settings(map[string]any{"url": test.url}))
			require.Len(t, found, 1)
			assert.Contains(t, found[0], test.says)
			assert.Contains(t, found[0], "copy its Environment URL", "the problem says where to find the right one")
		})
	}
}

func FuzzEnvironment(f *testing.F) {
	for _, seed := range []string{
		"https://contoso.crm.dynamics.com", "contoso.crm4.dynamics.com/main.aspx?appid=1", "https://[::1%25eth0]:8443",
		"http://x", "//host:1", "https://a@b.c", "simulator:8443", "https://1.2.3.4/api/data/v9.2/", "https://host.:443",
	} {
		f.Add(seed)
	}
	specification := specification(f)
	path := filepath.Join(f.TempDir(), "config.json")
	f.Fuzz(func(t *testing.T, pasted string) {
		data, err := json.Marshal(settings(map[string]any{"url": pasted}))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		c, err := config.Load(path, specification, noVariables)
		if err != nil {
			return
		}
		root, err := url.Parse(c.Environment)
		require.NoError(t, err)
		assert.Equal(t, "https://"+root.Host, c.Environment, "nothing but a scheme, a host and a port remains")
		assert.NotEmpty(t, root.Hostname())

		again, err := json.Marshal(settings(map[string]any{"url": c.Environment}))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, again, 0o600))
		same, err := config.Load(path, specification, noVariables)
		require.NoError(t, err, "a root is a root")
		assert.Equal(t, c.Environment, same.Environment)
	})
}
