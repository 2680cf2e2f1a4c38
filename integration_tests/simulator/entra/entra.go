// Package entra serves the endpoints of Microsoft Entra ID that a client of Dataverse needs: instance discovery, OpenID
// configuration, and tokens by the client credentials grant. It also recognizes the tokens it has issued, and refuses
// the others in the words of the Web API.
package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Error is a refusal of the token endpoint (Microsoft, "Microsoft Entra authentication and authorization error codes").
type Error struct {
	Status int
	Kind   string // the OAuth error, such as invalid_client
	Code   int    // AADSTS number
	Text   string
}

// description returns the sentence of the refusal with the ids under which Entra logs it.
func (e Error) description(now time.Time) string {
	trace, correlation, stamp := e.ids(now)
	return fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.Code, e.Text, trace, correlation, stamp)
}

func (e Error) ids(now time.Time) (trace, correlation, stamp string) {
	return guid.Derived("trace", now.String(), e.Text), guid.Derived("correlation", now.String(), e.Text), now.Format("2006-01-02 15:04:05Z")
}

func (e Error) write(w http.ResponseWriter, now time.Time) {
	trace, correlation, stamp := e.ids(now)
	writeEntra(w, e.Status, refusedToken{
		Error:         e.Kind,
		Description:   e.description(now),
		Codes:         []int{e.Code},
		Timestamp:     stamp,
		TraceID:       trace,
		CorrelationID: correlation,
		URI:           "https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.Code),
	})
}

// refusedToken and grantedToken are the responses of the token endpoint, with their members in Entra's order.
type refusedToken struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`
}

type grantedToken struct {
	Type     string `json:"token_type"`
	Expires  int    `json:"expires_in"`
	Extended int    `json:"ext_expires_in"`
	Token    string `json:"access_token"`
}

func writeEntra(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// Service is the sign-in host of one environment.
type Service struct {
	Directory *Directory
	Now       func() time.Time
	Addresses []string // that name the environment in a scope; empty: the host that was called
	Provider  *Provider
	Issuer    string // of the Provider's tokens
	Machine   *Machine

	mu     sync.Mutex
	others []string // resources beside the environment
}

// AddResource makes a host another resource that tokens can be asked for, such as a finance & operations environment.
func (s *Service) AddResource(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.others = append(s.others, address)
}

// other returns the resource of a scope or the parameter resource of a managed identity if it is not the environment, and "" if it is.
func (s *Service) other(scope string) string {
	for name := range strings.FieldsSeq(scope) {
		resource := strings.TrimSuffix(name, "/.default")
		if slices.Contains(s.resources(), strings.ToLower(strings.TrimSuffix(resource, "/"))) {
			return resource
		}
	}
	return ""
}

// resources returns the resources beside the environment.
func (s *Service) resources() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.others)
}

// IssuerAt returns the issuer of the tokens that a Provider issues at a host.
func IssuerAt(origin string) string { return origin + issuerPath }

// Serve serves the endpoints of the sign-in host: instance discovery, OpenID configuration and tokens. It also serves those of
// the identity provider of workloads and of managed identities.
// It reports false for paths that are not among them.
func (s *Service) Serve(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path == "/common/discovery/instance" {
		s.serveInstanceDiscovery(w, r)
		return true
	}
	if s.Machine != nil && r.URL.Path == identityPath {
		s.Machine.serveAppService(w, r)
		return true
	}
	if s.Provider != nil && s.Provider.serve(w, r.URL.Path, s.Issuer) {
		return true
	}
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch rest {
	case "v2.0/.well-known/openid-configuration":
		s.serveOpenIDConfiguration(w, r, tenant)
	case "oauth2/v2.0/token":
		s.serveToken(w, r, tenant)
	default:
		return false
	}
	return true
}

// serveInstanceDiscovery names this host as the only one of its cloud.
func (s *Service) serveInstanceDiscovery(w http.ResponseWriter, r *http.Request) {
	endpoint, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || endpoint.Host == "" {
		s.Refuse(w, Error{http.StatusBadRequest, "invalid_request", 900144,
			"The request body must contain the following parameter: 'authorization_endpoint'."})
		return
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(endpoint.Path, "/"), "/")
	writeEntra(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": odata.Origin(r) + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}

// serveOpenIDConfiguration serves a configuration whose issuer is on the same host as the authority, as clients require.
func (s *Service) serveOpenIDConfiguration(w http.ResponseWriter, r *http.Request, tenant string) {
	if !s.Directory.hasTenant(tenant) {
		e := unknownTenant(tenant)
		e.Kind = "invalid_tenant"
		s.Refuse(w, *e)
		return
	}
	authority := odata.Origin(r) + "/" + tenant
	writeEntra(w, http.StatusOK, map[string]any{
		"token_endpoint":                        authority + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              authority + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                authority + "/v2.0",
		"authorization_endpoint":                authority + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         authority + "/oauth2/v2.0/devicecode",
		"tenant_region_scope":                   "EU",
	})
}

// Refuse sends an error of the token endpoint.
func (s *Service) Refuse(w http.ResponseWriter, e Error) { e.write(w, s.Now()) }

// serveToken serves the client-credentials grant.
func (s *Service) serveToken(w http.ResponseWriter, r *http.Request, tenant string) {
	if r.Method != http.MethodPost {
		s.Refuse(w, Error{http.StatusBadRequest, "invalid_request", 900561,
			"The endpoint only accepts POST requests. Received a " + r.Method + " request."})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.Refuse(w, Error{http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read: " + err.Error()})
		return
	}
	user, refusal := s.authenticate(r.PostForm, tenant, odata.Origin(r)+"/"+tenant, append(s.environmentURLs(r), s.resources()...))
	if refusal != nil {
		s.Refuse(w, *refusal)
		return
	}
	seconds := int(s.Directory.life / time.Second)
	token := s.Directory.issue(user, r.PostForm.Get("claims"), s.other(r.PostForm.Get("scope")), s.Now())
	writeEntra(w, http.StatusOK, grantedToken{"Bearer", seconds, seconds, token})
}

// environmentURLs returns the addresses that name this environment in a scope.
func (s *Service) environmentURLs(r *http.Request) []string {
	if len(s.Addresses) > 0 {
		return slices.Clone(s.Addresses)
	}
	return []string{odata.Origin(r)}
}
