package source_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assertQuiet asserts that nothing but records shows a secret, in any encoding.
func assertQuiet(t *testing.T, o output) {
	t.Helper()
	var text strings.Builder
	for line := range strings.Lines(o.text) {
		if !strings.HasPrefix(line, `{"type":"RECORD"`) {
			text.WriteString(line)
		}
	}
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	hidden := []string{"the-access-token"}
	for _, value := range []string{tenantID, clientID, secret} {
		hidden = append(hidden, value, strings.ToUpper(value), url.QueryEscape(value), url.PathEscape(value),
			base64.StdEncoding.EncodeToString([]byte(value)), base64.URLEncoding.EncodeToString([]byte(value)))
	}
	hidden = append(hidden, strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", secret), `"`))
	for _, value := range hidden {
		assert.NotContains(t, text.String(), value)
	}
}

func TestNoMessageShowsSecretsThatTheServicesRepeat(t *testing.T) {
	everything := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "0.001")
		w.Header().Set("x-ms-service-request-id", clientID)
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"error_codes": []int{1}, "correlation_id": tenantID, "error_description": secret,
			"error": map[string]any{"code": "0x1", "message": strings.Join([]string{
				tenantID, clientID, secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
				base64.StdEncoding.EncodeToString([]byte(clientID + ":" + secret)), r.Header.Get("Authorization"),
			}, " ")},
		})
	}
	name := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": "no " + secret + " of " + clientID, "correlation_id": tenantID})
	}
	for place, response := range map[string]http.HandlerFunc{openID: name, token: name, whoAmI: everything, definitions: everything, metadata: everything} {
		for _, verb := range []string{"check", "discover", "read"} {
			t.Run(verb+" at "+strings.TrimPrefix(place, "/"+tenantID), func(t *testing.T) {
				e := newEnvironment(t)
				e.respond(place, response)
				p := process{env: map[string]string{"LOG_LEVEL": "debug"}}
				if verb == "read" {
					p.catalog = configured("account", "incremental", "tag", "full_refresh")
				}
				_, o := e.run(t, verb, p)
				assert.NotEmpty(t, o.messages)
				assertQuiet(t, o)
			})
		}
	}
}

func TestARowIsNotRedacted(t *testing.T) {
	code, o := newEnvironment(t).run(t, "read", process{catalog: configured("tag", "full_refresh"), env: map[string]string{"LOG_LEVEL": "debug"}})
	require.Equal(t, 0, code)
	require.Len(t, o.of("RECORD"), 2)
	assert.Equal(t, clientID, o.of("RECORD")[1].Record.Data["name"], "a row may hold the application's id")
	assertQuiet(t, o)
}
