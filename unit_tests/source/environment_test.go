package source_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	tenantID = "5c0a1f2e-7d34-4b8e-9a10-3f6e2d1c0b9a"
	clientID = "9b7e6d5c-4a3f-4e2d-8c1b-0a9f8e7d6c5b"
	secret   = "Q~8kTz/+ \"v\\9éx=Wq&Long"
)

// environment is a small Dataverse environment and the Microsoft Entra it trusts, over TLS at one address.
type environment struct {
	*httptest.Server
	caFile string

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc // by path; the others have the standard ones
	agents   map[string]bool
}

func newEnvironment(t *testing.T) *environment {
	t.Helper()
	e := &environment{handlers: map[string]http.HandlerFunc{}, agents: map[string]bool{}}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(e.serve))
	e.Config.ErrorLog = log.New(io.Discard, "", 0)
	e.EnableHTTP2 = true
	e.StartTLS()
	t.Cleanup(e.Close)
	e.caFile = filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw})
	require.NoError(t, os.WriteFile(e.caFile, certificate, 0o600))
	return e
}

// Paths of the environment.
const (
	openID      = "/" + tenantID + "/v2.0/.well-known/openid-configuration"
	token       = "/" + tenantID + "/oauth2/v2.0/token"
	api         = "/api/data/v9.2/"
	whoAmI      = api + "WhoAmI"
	definitions = api + "EntityDefinitions"
	metadata    = api + "RetrieveMetadataChanges(Query=@p1)"
)

func (e *environment) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	response := e.handlers[r.URL.Path]
	if strings.HasPrefix(r.URL.Path, api) {
		e.agents[r.UserAgent()] = true
	}
	e.mu.Unlock()
	if response == nil {
		response = standard()[r.URL.Path]
	}
	if response == nil {
		response = refuse(http.StatusNotFound, `{"error":{"code":"0x80060888","message":"Resource not found for the segment."}}`)
	}
	response(w, r)
}

// standard is an environment of two tables, of which account is tracked.
func standard() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		openID: good(`{"issuer":"HOST/` + tenantID + `/v2.0","authorization_endpoint":"HOST/a","token_endpoint":"HOST` + token + `"}`),
		token:  good(`{"token_type":"Bearer","expires_in":3599,"access_token":"the-access-token"}`),
		whoAmI: good(`{"UserId":"u","BusinessUnitId":"b","OrganizationId":"o"}`),
		definitions: good(`{"value":[{"LogicalName":"account","EntitySetName":"accounts"},{"LogicalName":"tag","EntitySetName":"tagset"},` +
			`{"LogicalName":"hidden","EntitySetName":null}]}`),
		metadata: good(`{"EntityMetadata":[` + table("account", "accounts", true) + `,` + table("tag", "tagset", false) + `]}`),
		api + "accounts": good(`{"@odata.context":"HOST` + api + `$metadata#accounts(accountid,name)","value":[{"accountid":"a1","name":"Contoso"}],` +
			`"@odata.deltaLink":"HOST` + api + `accounts?$select=accountid,name&$deltatoken=919058%2108%2f22"}`),
		api + "tagset": good(`{"value":[{"tagid":"t1","name":"red"},{"tagid":"t2","name":"` + clientID + `"}]}`),
	}
}

func table(name, set string, tracked bool) string {
	column := func(name, typ string) string {
		return `{"LogicalName":"` + name + `","AttributeTypeName":{"Value":"` + typ + `"},"IsValidODataAttribute":true,"IsValidForRead":true}`
	}
	return fmt.Sprintf(`{"LogicalName":%q,"EntitySetName":%q,"PrimaryIdAttribute":%q,"ChangeTrackingEnabled":%v,"Attributes":[%s,%s]}`,
		name, set, name+"id", tracked, column(name+"id", "UniqueidentifierType"), column("name", "StringType"))
}

// respond sets the response of a path.
func (e *environment) respond(path string, handler http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handlers[path] = handler
}

// good responds with JSON, in which HOST is replaced by the environment's own origin.
func good(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "HOST", "https://"+r.Host))
	}
}

// refuse responds with a status and JSON, and asks for a pause that is short enough for a test.
func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; odata.metadata=full")
		w.Header().Set("Retry-After", "0.001")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// refuseSignIn responds as Entra rejects a sign-in. The description repeats all secrets.
func refuseSignIn(status, code int, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"error": name, "error_codes": []int{code}, "correlation_id": "c1",
			"error_description": fmt.Sprintf("AADSTS%d: Application '%s' in '%s' with %s.", code, clientID, tenantID, secret),
		})
	}
}

// settings is the configuration that fits the environment, with changes. Streams of tables alone are offered.
func (e *environment) settings(changes map[string]any) map[string]any {
	settings := map[string]any{
		"url": e.URL, "authority_host": e.URL, "tenant_id": tenantID, "client_id": clientID, "client_secret_value": secret,
		"metadata_streams": false,
	}
	maps.Copy(settings, changes)
	return settings
}

// process is what a run is given besides its arguments.
type process struct {
	settings map[string]any
	catalog  any
	state    any
	env      map[string]string
	limits   source.Limits
}

// file writes a value as JSON and returns its path.
func file(t *testing.T, name string, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return path
}

// run runs a verb and returns the exit code and the output.
func (e *environment) run(t *testing.T, verb string, p process) (int, output) {
	t.Helper()
	if p.settings == nil {
		p.settings = e.settings(nil)
	}
	args := []string{verb, "--config", file(t, "config.json", p.settings)}
	if p.catalog != nil {
		args = append(args, "--catalog", file(t, "catalog.json", p.catalog))
	}
	if p.state != nil {
		args = append(args, "--state", file(t, "state.json", p.state))
	}
	if p.limits.Backoff == 0 {
		p.limits.Backoff = time.Millisecond
	}
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile}
	maps.Copy(env, p.env)
	return runLimited(t, p.limits, env, args...)
}

func runArgs(t *testing.T, env map[string]string, args ...string) (int, output) {
	t.Helper()
	return runLimited(t, source.Limits{}, env, args...)
}

func runLimited(t *testing.T, limits source.Limits, env map[string]string, args ...string) (int, output) {
	t.Helper()
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	var stdout strings.Builder
	code := source.Run(t.Context(), source.Process{
		Specification: specification, Version: "1.2.3", Args: args,
		Getenv: func(name string) string { return env[name] }, Stdout: &stdout, Limits: limits,
	})
	return code, parse(t, stdout.String())
}

func portOf(t *testing.T, e *environment) string {
	t.Helper()
	_, port, err := net.SplitHostPort(e.Listener.Addr().String())
	require.NoError(t, err)
	return port
}
