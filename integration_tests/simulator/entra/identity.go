package entra

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// identityPath is where the simulated App Service has its endpoint of managed identities.
const identityPath = "/msi/token"

// identityHeader is the value of IDENTITY_HEADER, which keeps other processes of the machine from the endpoint.
const identityHeader = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"

// Machine is a machine in Azure with managed identities: those applications that are one.
type Machine struct{ service *Service }

// NewMachine makes a machine whose identities are in a service's directory.
func NewMachine(s *Service) *Machine { return &Machine{s} }

// Variables returns the environment variables by which a process of App Service finds its identity endpoint at a host.
func (*Machine) Variables(origin string) []string {
	return []string{"IDENTITY_ENDPOINT=" + origin + identityPath, "IDENTITY_HEADER=" + identityHeader}
}

// serveAppService serves the endpoint of App Service and Container Apps (Microsoft, "How to use managed identities for App Service
// and Azure Functions").
func (m *Machine) serveAppService(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.Header.Get("X-IDENTITY-HEADER") != identityHeader:
		writeEntra(w, http.StatusUnauthorized, appServiceRefusal{http.StatusUnauthorized, "The X-IDENTITY-HEADER is missing or not valid."})
		return
	case r.Method != http.MethodGet || query.Get("api-version") != "2019-08-01":
		writeEntra(w, http.StatusBadRequest, appServiceRefusal{http.StatusBadRequest, "The api-version is not supported."})
		return
	}
	user, ok := m.identity(query.Get("client_id"))
	if !ok {
		writeEntra(w, http.StatusBadRequest, appServiceRefusal{http.StatusBadRequest,
			"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."})
		return
	}
	if refusal := m.refusal(user, query.Get("resource"), m.service.environmentURLs(r)); refusal != nil {
		writeEntra(w, http.StatusBadRequest, appServiceRefusal{http.StatusBadRequest, refusal.description(m.service.Now())})
		return
	}
	token, expires := m.token(user, query.Get("resource"))
	writeEntra(w, http.StatusOK, map[string]string{
		"access_token": token, "expires_on": strconv.FormatInt(expires.Unix(), 10), "resource": query.Get("resource"), "token_type": "Bearer",
		"client_id": user.ClientID,
	})
}

// appServiceRefusal is an error of App Service.
type appServiceRefusal struct {
	Status  int    `json:"statusCode"`
	Message string `json:"message"`
}

// serveMetadata serves the instance metadata service of a virtual machine (Microsoft, "How to use managed identities on an Azure VM
// to acquire an access token").
func (m *Machine) serveMetadata(w http.ResponseWriter, r *http.Request, environment string) {
	query := r.URL.Query()
	refuse := func(name, text string) {
		writeEntra(w, http.StatusBadRequest, map[string]string{"error": name, "error_description": text})
	}
	user, ok := m.identity(query.Get("client_id"))
	switch {
	case r.Header.Get("Metadata") != "true" || r.Header.Get("X-Forwarded-For") != "":
		refuse("invalid_request", "Required metadata header not specified")
		return
	case r.URL.Path != "/metadata/identity/oauth2/token" || query.Get("api-version") == "":
		refuse("invalid_request", "Missing required parameter 'api-version'")
		return
	case query.Get("client_id") == "" && !ok && m.count() > 1:
		refuse("invalid_request", "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request")
		return
	case !ok:
		refuse("invalid_request", "Identity not found")
		return
	}
	if refusal := m.refusal(user, query.Get("resource"), []string{environment}); refusal != nil {
		refuse(refusal.Kind, refusal.description(m.service.Now()))
		return
	}
	token, expires := m.token(user, query.Get("resource"))
	seconds := strconv.Itoa(int(expires.Sub(m.service.Now()).Seconds()))
	writeEntra(w, http.StatusOK, map[string]string{
		"access_token": token, "client_id": user.ClientID, "expires_in": seconds, "ext_expires_in": seconds,
		"expires_on": strconv.FormatInt(expires.Unix(), 10), "not_before": strconv.FormatInt(m.service.Now().Unix(), 10),
		"resource": query.Get("resource"), "token_type": "Bearer",
	})
}

// identity returns the identity of a client id; for "" the system-assigned one, else the only one.
func (m *Machine) identity(clientID string) (application, bool) {
	var only []application
	for _, a := range m.service.Directory.identities() {
		switch {
		case clientID != "" && strings.EqualFold(a.ClientID, clientID), clientID == "" && a.Identity == SystemAssigned:
			return a, true
		case clientID == "":
			only = append(only, a)
		}
	}
	if len(only) == 1 {
		return only[0], true
	}
	return application{}, false
}

func (m *Machine) count() int { return len(m.service.Directory.identities()) }

// refusal returns why an identity gets no token for a resource, nil if it gets one. A slash at the end makes another resource.
func (m *Machine) refusal(user application, resource string, environments []string) *Error {
	if user.Refused != 0 {
		return refusalOf(user.Refused, user)
	}
	if slices.Contains(environments, resource) || slices.Contains(m.service.resources(), resource) {
		return nil
	}
	return unknownResource(resource, user.TenantID)
}

// token returns the token of an identity for a resource. Azure keeps it until shortly before it expires, whatever happened to it
// (Microsoft, "Managed identities for Azure resources frequently asked questions").
func (m *Machine) token(user application, resource string) (string, time.Time) {
	return m.service.Directory.kept(user, resource, m.service.other(resource), m.service.Now())
}

// Transport returns a transport that reaches the instance metadata service of the machine, and nothing else. environment is the
// address of the environment that its identities may ask tokens for.
func (m *Machine) Transport(environment string) http.RoundTripper {
	return metadataTransport{m, environment}
}

type metadataTransport struct {
	machine     *Machine
	environment string
}

func (t metadataTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "169.254.169.254" {
		return nil, &url.Error{Op: r.Method, URL: r.URL.Host, Err: http.ErrServerClosed}
	}
	recorder := httptest.NewRecorder()
	t.machine.serveMetadata(recorder, r.Clone(r.Context()), t.environment)
	response := recorder.Result()
	response.Request = r
	return response, nil
}
