package config_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/protocol"
)

func TestCredentialsAreMaskedInEveryForm(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	forms := map[string]func(value string) string{
		"plain":                      func(v string) string { return v },
		"in a query":                 url.QueryEscape,
		"in a path":                  url.PathEscape,
		"in lower-case percent form": func(v string) string { return percent(v, "%%%02x") },
		"with each byte encoded":     func(v string) string { return percent(v, "%%%02X") },
		"encoded twice":              func(v string) string { return url.QueryEscape(url.QueryEscape(v)) },
		"in JSON":                    jsonText,
		"in JSON within JSON":        func(v string) string { return jsonText(jsonText(v)) },
		"in Python's repr":           func(v string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) },
		"in base64":                  func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
		"in base64 without padding":  func(v string) string { return base64.RawStdEncoding.EncodeToString([]byte(v)) },
		"in base64 for urls":         func(v string) string { return base64.URLEncoding.EncodeToString([]byte(v)) },
		"in bare base64 for urls":    func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
	}
	values := []struct{ name, value, shown string }{
		{"tenant", tenant, "5c0a…"}, {"client", client, "9b7e…"}, {"secret", secret, "****"},
		{"upper-case tenant", strings.ToUpper(tenant), "5c0a…"},
	}
	for _, value := range values {
		for name, form := range forms {
			t.Run("the "+value.name+" "+name, func(t *testing.T) {
				assert.Equal(t, "before "+value.shown+" after", c.Redact("before "+form(value.value)+" after"))
			})
		}
	}
}

// full is a configuration with a secret of each kind, and an identity of the platform.
func full(t *testing.T) (*config.Config, map[string]string) {
	t.Helper()
	first, second := newCertificate(t), newCertificateOf(t, time.Now().Add(-time.Minute), time.Now().AddDate(0, 6, 0))
	values := map[string]string{
		"the certificate": first.encrypted(t, nil), "its password": password,
		"a client secret of a further user": "Y~8kTz.Wq-v9x_5Jd2RbLmNpQ", "a PFX": second.pfx(t, pkcs12.Passwordless, ""),
		"the header of the platform": "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a!", "the secret of the platform": "M5I-s3cret/of+the=machine",
	}
	user := func(id string, credentials object) object { return object{"client_id": id, "credentials": credentials} }
	c, err := loadWith(t, identity(
		object{"auth_type": "client_certificate", "certificate": values["the certificate"], "certificate_password": password},
		object{"additional_credentials": []object{
			user(other, object{"auth_type": "client_secret", "client_secret": values["a client secret of a further user"]}),
			user("1d3f0b1c-5a77-4c1e-9c53-6a5b4c3d2e1f", object{"auth_type": "client_certificate", "certificate": values["a PFX"]}),
		}}),
		map[string]string{"IDENTITY_HEADER": values["the header of the platform"], "MSI_SECRET": values["the secret of the platform"]})
	require.NoError(t, err)
	return c, values
}

func TestSecretsOfEachKindAreMasked(t *testing.T) {
	c, values := full(t)
	for name, value := range values {
		for form, written := range map[string]string{
			"plain":                    value,
			"in a form":                url.QueryEscape(value),
			"encoded twice":            url.QueryEscape(url.QueryEscape(value)),
			"with each byte encoded":   percent(value, "%%%02X"),
			"in JSON":                  jsonText(value),
			"in JSON within JSON":      jsonText(jsonText(value)),
			"in base64":                base64.StdEncoding.EncodeToString([]byte(value)),
			"in base64 of more":        base64.RawURLEncoding.EncodeToString([]byte("ab" + value)),
			"a JSON of it, in base64":  base64.StdEncoding.EncodeToString([]byte(`{"v":"` + jsonText(value) + `"}`)),
			"in base64 of other lines": base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(value, "\n", "\r\n"))),
		} {
			if form == "a JSON of it, in base64" && len(value) < 100 {
				continue // only long secrets are recognized by their parts
			}
			t.Run(name+" "+form, func(t *testing.T) {
				masked := c.Redact("before " + written + " after")
				assert.Contains(t, masked, "****")
				assert.True(t, strings.HasPrefix(masked, "before ") && strings.HasSuffix(masked, " after"))
				for at := 0; at+24 <= len(written); at++ {
					piece := written[at : at+24]
					if boundary := strings.Contains(piece, "-") || strings.Contains(piece, "LS0t") || strings.Contains(piece, "PRIVATE"); !boundary {
						require.NotContains(t, masked, piece)
					}
				}
			})
		}
	}
	for _, id := range []string{client, other, strings.ToUpper(other)} {
		assert.NotContains(t, c.Redact("the application "+id), id)
	}
}

func TestAnyLineOfAPrivateKeyIsMasked(t *testing.T) {
	c, values := full(t)
	for line := range strings.Lines(values["the certificate"]) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "-----") || len(line) < 24 {
			continue
		}
		assert.Equal(t, "line ****.", c.Redact("line "+line+"."))
		assert.Equal(t, "line ****.", c.Redact("line "+line[3:30]+"."), "a part of it")
	}
}

func TestATokenIsMasked(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	token := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + ".c2ln_-"
	assert.Equal(t, "client_assertion=****&x", c.Redact("client_assertion="+token+"&x"))
	assert.Equal(t, "eyJ is no token", c.Redact("eyJ is no token"))
}

func TestNoPrintedConfigurationHasAKey(t *testing.T) {
	c, values := full(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		text := fmt.Sprintf(verb, c)
		assert.NotContains(t, text, c.Credentials.Certificate.Key().D.String())
		assert.Contains(t, text, "****")
		assert.NotContains(t, text, values["a client secret of a further user"])
		assert.NotContains(t, text, values["the certificate"][40:100])
	}
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	assert.Contains(t, string(encoded), `"Certificate":"****"`)
}

func TestASecretWithinAnEncodedHeaderIsMasked(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	for _, user := range []string{"a", "ab", "abc", "abcd"} {
		header := base64.StdEncoding.EncodeToString([]byte(user + ":" + secret + ";"))
		assert.Contains(t, c.Redact("Basic "+header), "****", "after %q", user)
	}
}

func TestEveryOccurrenceIsMasked(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	text := "AADSTS700016: application '" + client + "' was not found in '" + tenant + "': " + client
	assert.Equal(t, "AADSTS700016: application '9b7e…' was not found in '5c0a…': 9b7e…", c.Redact(text))
}

func TestOtherTextsAreNotMasked(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	for _, text := range []string{"", "read table account", "10000000-0000-0000-0000-000000000000", secret[:8], "****"} {
		assert.Equal(t, text, c.Redact(text))
	}
}

func TestShortValuesAreMaskedWithCare(t *testing.T) {
	c := &config.Config{Credentials: config.Credentials{TenantID: "contoso", ClientID: "abc", ClientSecret: "xyz"}}
	assert.Equal(t, "… abc xyz", c.Redact("contoso abc xyz"),
		"of a short id nothing is shown, and three characters are too common to mask")
}

func TestASecretPrintsAsStars(t *testing.T) {
	const value = config.Secret("hunter2")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		assert.Equal(t, "****", fmt.Sprintf(verb, value), verb)
		pointed := value
		assert.Equal(t, "****", fmt.Sprintf(verb, &pointed), verb)
		for _, holder := range []any{config.Config{Credentials: config.Credentials{ClientSecret: value}}, &config.Config{Credentials: config.Credentials{ClientSecret: value}}, []config.Secret{value}} {
			text := fmt.Sprintf(verb, holder)
			assert.Contains(t, text, "****", "%s of %T", verb, holder)
			assert.NotContains(t, text, "hunter2", "%s of %T", verb, holder)
		}
	}
	assert.Equal(t, "**** ****", fmt.Sprint(value, " ", value))
	assert.Equal(t, "hunter2", value.Reveal())
}

func TestASecretIsMarshaledAsStars(t *testing.T) {
	const value = config.Secret("hunter2")
	for want, holder := range map[string]any{
		`"****"`: value, `["****"]`: []config.Secret{value}, `{"a":"****"}`: map[string]any{"a": value},
	} {
		encoded, err := json.Marshal(holder)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(encoded))
	}
	encoded, err := json.Marshal(config.Config{Credentials: config.Credentials{ClientSecret: value}})
	require.NoError(t, err)
	assert.Contains(t, string(encoded), `"ClientSecret":"****"`)
}

func TestASecretIsLoggedAsStars(t *testing.T) {
	const value = config.Secret("hunter2")
	var text, document, airbytes strings.Builder
	for _, handler := range []slog.Handler{
		slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&document, nil),
		protocol.NewLogHandler(protocol.NewWriter(&airbytes).Tracker().Log, slog.LevelInfo),
	} {
		slog.New(handler).With("first", value).Info("m", "secret", value, "in", slog.GroupValue(slog.Any("group", value)),
			"all", config.Config{Credentials: config.Credentials{ClientSecret: value}})
	}
	assert.Contains(t, text.String(), "first=**** ")
	assert.Contains(t, text.String(), " secret=**** in.group=**** ")
	assert.Contains(t, document.String(), `"secret":"****","in":{"group":"****"}`)
	assert.Contains(t, airbytes.String(), " first=**** secret=**** in.group=**** ")
	assert.NotContains(t, text.String()+document.String()+airbytes.String(), "hunter2")
}

func percent(value, format string) string {
	var text strings.Builder
	for _, b := range []byte(value) {
		fmt.Fprintf(&text, format, b)
	}
	return text.String()
}

func jsonText(value string) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return strings.Trim(string(encoded), `"`)
}
