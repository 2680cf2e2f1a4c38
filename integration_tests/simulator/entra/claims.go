package entra

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Challenge responds to a request without an accepted token: no body, but where to get a token. claims, JSON, are what
// the next token has to be asked for with; empty for none (Microsoft, "Claims challenges, claims requests and client
// capabilities").
func (s *Service) Challenge(w http.ResponseWriter, r *http.Request, claims string) {
	address := odata.Origin(r)
	authority := address + "/" + s.Directory.Applications[0].TenantID + "/oauth2/authorize"
	text := "Bearer authorization_uri=" + authority + ", resource_id=" + address + "/"
	if claims != "" {
		text = `Bearer realm="", authorization_uri="` + authority + `", error="insufficient_claims", claims="` +
			base64.StdEncoding.EncodeToString([]byte(claims)) + `"`
	}
	w.Header().Set("WWW-Authenticate", text)
	w.WriteHeader(http.StatusUnauthorized)
}

// Satisfied reports whether claims are demanded and the request's token was asked for with them.
func (s *Service) Satisfied(r *http.Request, demanded string) bool {
	if demanded == "" {
		return false
	}
	var whole, part any
	return json.Unmarshal([]byte(s.Directory.claims(odata.Bearer(r))), &whole) == nil &&
		json.Unmarshal([]byte(demanded), &part) == nil && holds(whole, part)
}

// holds reports whether whole has every member of part with its value. Clients add claims of their own.
func holds(whole, part any) bool {
	members, nested := part.(map[string]any)
	if !nested {
		return reflect.DeepEqual(whole, part)
	}
	object, ok := whole.(map[string]any)
	for name, value := range members {
		ok = ok && holds(object[name], value)
	}
	return ok
}

// claims returns the claims that a token was asked for with, empty for none.
func (d *Directory) claims(token string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tokens[token].claims
}
