package simulator_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// finance is a finance & operations environment with a client that is signed in to it.
type finance struct {
	*simulatortest.Caller
	clock       *simulatortest.Clock
	environment *finops.Environment
	server      *simulator.FinanceOperations
	token       string
}

func serveFinance(t *testing.T, o finops.Options) *finance {
	t.Helper()
	f := &finance{clock: simulatortest.NewClock()}
	f.Caller = simulatortest.Serve(t, simulator.Options{Clock: f.clock.Now}, simulator.ServerOptions{TokenLife: 100 * 24 * time.Hour})
	o.Clock = f.clock.Now
	var err error
	f.environment, err = finops.New(o)
	require.NoError(t, err)
	f.server, err = f.Server.StartFinanceOperations(t.Context(), f.environment, simulator.FinanceOperationsOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.server.Close()) })
	f.token = f.tokenFor(f.server.URL)
	return f
}

// tokenFor returns a token for a resource.
func (f *finance) tokenFor(resource string) string {
	application := simulator.DefaultApplication()
	got := f.AskToken(application.TenantID, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {application.ClientID}, "client_secret": {application.Secret}, "scope": {resource + "/.default"},
	})
	token, _ := got.JSON(f.T)["access_token"].(string)
	require.NotEmpty(f.T, token, "%s", got.Body)
	return token
}

func (f *finance) request(method, address, body string) *http.Request {
	f.T.Helper()
	if strings.HasPrefix(address, "/") {
		address = f.server.URL + address
	}
	request, err := http.NewRequestWithContext(f.T.Context(), method, address, strings.NewReader(body))
	require.NoError(f.T, err)
	if strings.HasPrefix(address, f.server.URL) {
		request.Header.Set("Authorization", "Bearer "+f.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

func (f *finance) get(path string) simulatortest.Response {
	f.T.Helper()
	return f.Send(f.request(http.MethodGet, path, ""))
}

// names returns a property of each row of a set.
func (f *finance) names(path, property string) []string {
	f.T.Helper()
	names := []string{}
	for _, row := range f.get(path).Values(f.T) {
		name, _ := row[property].(string)
		names = append(names, name)
	}
	return names
}

func (f *finance) post(action string, arguments map[string]any) simulatortest.Response {
	f.T.Helper()
	raw, err := json.Marshal(arguments)
	require.NoError(f.T, err)
	return f.Send(f.request(http.MethodPost, "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."+action, string(raw)))
}

// value returns what an action returns.
func (f *finance) value(action, id string) string {
	f.T.Helper()
	got := f.post(action, map[string]any{"executionId": id})
	require.Equal(f.T, http.StatusOK, got.Status, "%s", got.Body)
	value, _ := got.JSON(f.T)["value"].(string)
	return value
}

func export(project, company, id string) map[string]any {
	return map[string]any{"definitionGroupId": project, "packageName": "package " + id, "executionId": id, "reExecute": false, "legalEntityId": company}
}

// start begins a run that is not refused.
func (f *finance) start(project, company, id string) {
	f.T.Helper()
	got := f.post("ExportToPackage", export(project, company, id))
	require.Equal(f.T, http.StatusOK, got.Status, "%s", got.Body)
	require.Equal(f.T, id, got.JSON(f.T)["value"])
}

// refused requires a refusal whose inner message has a part.
func (f *finance) refused(got simulatortest.Response, status int, part string) {
	f.T.Helper()
	require.Equal(f.T, status, got.Status, "%s", got.Body)
	var body struct {
		Error struct {
			Inner struct{ Message string } `json:"innererror"`
		}
	}
	require.NoError(f.T, json.Unmarshal(got.Body, &body))
	assert.Contains(f.T, body.Error.Inner.Message, part)
}

// files downloads the package of an execution and returns its files.
func (f *finance) files(id string) map[string]string {
	f.T.Helper()
	address := f.value("GetExportedPackageUrl", id)
	require.NotEmpty(f.T, address)
	return unzip(f.T, f.get(address).Body)
}

func unzip(t *testing.T, content []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	files := map[string]string{}
	for _, entry := range archive.File {
		r, err := entry.Open()
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		files[entry.Name] = string(raw)
	}
	return files
}

// fromUTF16 decodes UTF-16, little endian, which must have a byte order mark.
func fromUTF16(t *testing.T, text string) string {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "\xff\xfe"), "no byte order mark")
	var units []uint16
	for i := 2; i+1 < len(text); i += 2 {
		units = append(units, uint16(text[i])|uint16(text[i+1])<<8)
	}
	return string(utf16.Decode(units))
}
