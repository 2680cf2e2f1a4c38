package finops

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Access returns the client id of the application whose token a request has; false without a valid token for this environment.
type Access func(r *http.Request) (clientID string, known bool)

// API serves the environment's host. blobs is the address of the host that serves Blobs, without a slash at the end.
func (e *Environment) API(access Access, blobs string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", e.now().Format(http.TimeFormat))
		client, known := access(r)
		if !known {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		path, ok := strings.CutPrefix(r.URL.Path, e.options.Prefix)
		if !ok {
			http.NotFound(w, r)
			return
		}
		c := &call{environment: e, w: w, r: r, client: client, base: "https://" + r.Host + e.options.Prefix, blobs: blobs}
		c.serve(path)
	})
}

// call is a request of the environment's host.
type call struct {
	environment *Environment
	w           http.ResponseWriter
	r           *http.Request
	client      string // client id
	base        string // of the environment, with its prefix
	blobs       string
}

// actions is the path of the actions on projects.
const actions = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."

func (c *call) serve(path string) {
	if path == "/data/$metadata" {
		c.serveCSDL()
		return
	}
	c.environment.mu.Lock()
	forbidden := c.environment.unregistered[strings.ToLower(c.client)]
	c.environment.mu.Unlock()
	if forbidden { // $metadata remains available; what the body is, is not documented
		c.w.WriteHeader(http.StatusForbidden)
		return
	}
	action, isAction := strings.CutPrefix(path, actions)
	data, isData := strings.CutPrefix(path, "/data/")
	metadata, isMetadata := strings.CutPrefix(path, "/metadata/")
	switch {
	case isAction:
		c.serveAction(action)
	case c.r.Method != http.MethodGet && (isData || isMetadata):
		c.refuse(refuse(http.StatusMethodNotAllowed, "The requested resource does not support http method '%s'.", c.r.Method))
	case isData:
		c.serveSet(data, c.environment.sets(), "/data")
	case isMetadata:
		c.serveMetadata(metadata)
	default:
		http.NotFound(c.w, c.r)
	}
}

// refuse sends an error.
func (c *call) refuse(err *refusal) {
	type inner struct {
		Message    string `json:"message"`
		Type       string `json:"type"`
		Stacktrace string `json:"stacktrace"`
	}
	type failure struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Inner   inner  `json:"innererror"`
	}
	c.json(err.status, map[string]failure{"error": {Message: "An error has occurred.", Inner: inner{
		Message: err.message, Type: "System.InvalidOperationException",
		Stacktrace: "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Action.ActionInvokable.Invoke(ServiceOperationParametersParser, Object[])",
	}}})
}

// json sends a body of JSON.
func (c *call) json(status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	c.w.Header()["OData-Version"] = []string{"4.0"}
	c.w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(raw)
}

// serveCSDL serves $metadata, which lists the sets without their properties.
func (c *call) serveCSDL() {
	c.w.Header().Set("Content-Type", "application/xml")
	_, _ = c.w.Write([]byte(xmlHead + `<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>` +
		`<Schema Namespace="Microsoft.Dynamics.DataEntities" xmlns="http://docs.oasis-open.org/odata/ns/edm"/></edmx:DataServices></edmx:Edmx>`))
}
