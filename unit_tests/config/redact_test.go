package config_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	c := &config.Config{TenantID: "contoso", ClientID: "abc", ClientSecret: "xyz"}
	assert.Equal(t, "… abc xyz", c.Redact("contoso abc xyz"),
		"of a short id nothing is shown, and three characters are too common to mask")
}

func TestASecretPrintsAsStars(t *testing.T) {
	const value = config.Secret("hunter2")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		assert.Equal(t, "****", fmt.Sprintf(verb, value), verb)
		pointed := value
		assert.Equal(t, "****", fmt.Sprintf(verb, &pointed), verb)
		for _, holder := range []any{config.Config{ClientSecret: value}, &config.Config{ClientSecret: value}, []config.Secret{value}} {
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
	encoded, err := json.Marshal(config.Config{ClientSecret: value})
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
			"all", config.Config{ClientSecret: value})
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
