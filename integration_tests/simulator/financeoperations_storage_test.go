package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestStorageOfPackages(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	f.start("Airbyte export", "USMF", "ab-1")
	address := f.value("GetExportedPackageUrl", "ab-1")
	assert.True(t, strings.HasPrefix(address, f.server.Storage+"/dmf/package%20ab-1{"), "%s", address)
	whole := f.get(address)
	require.Equal(t, http.StatusOK, whole.Status)
	etag := whole.Header.Get("ETag")
	partOf := func(address, match, bytes string) simulatortest.Response {
		request := f.request(http.MethodGet, address, "")
		request.Header.Set("If-Match", match)
		request.Header.Set("Range", bytes)
		return f.Send(request)
	}
	part := partOf(address, etag, "bytes=100-")
	assert.Equal(t, http.StatusPartialContent, part.Status)
	assert.Equal(t, whole.Body[100:], part.Body)
	assert.Equal(t, http.StatusPreconditionFailed, partOf(address, `"0x1"`, "bytes=100-").Status)
	assert.Equal(t, http.StatusRequestedRangeNotSatisfiable, partOf(address, etag, "bytes=99999999-").Status)
	assert.Equal(t, http.StatusForbidden, f.get(strings.Replace(address, "sig=", "sig=x", 1)).Status)
	signed := f.request(http.MethodGet, address, "")
	signed.Header.Set("Authorization", "Bearer "+f.token)
	assert.Equal(t, http.StatusBadRequest, f.Send(signed).Status, "the token of the environment has no place here")

	f.clock.Add(2 * time.Hour)
	expired := f.get(address)
	assert.Equal(t, http.StatusForbidden, expired.Status)
	assert.Contains(t, string(expired.Body), "<Code>AuthenticationFailed</Code>")
	address = f.value("GetExportedPackageUrl", "ab-1")
	assert.Equal(t, http.StatusOK, f.get(address).Status)
	f.environment.ChangeBehaviors(func(b *finops.Behaviors) { b.HistoryLife = 30 * 24 * time.Hour })
	f.clock.Add(7 * 24 * time.Hour)
	gone := f.get(f.value("GetExportedPackageUrl", "ab-1"))
	assert.Equal(t, http.StatusNotFound, gone.Status)
	assert.Contains(t, string(gone.Body), "BlobNotFound")
	f.environment.CleanHistory()
	f.refused(f.post("GetExportedPackageUrl", map[string]any{"executionId": "ab-1"}), http.StatusBadRequest, "not found")
}

func TestWhatIsOpenAboutRuns(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	change := f.environment.ChangeBehaviors
	change(func(b *finops.Behaviors) { b.NestedValue = true })
	assert.JSONEq(t, `{"value":"ab-1"}`, nested(t, f.post("ExportToPackage", export("Workbooks", "USMF", "ab-1"))))
	change(func(b *finops.Behaviors) {
		b.NestedValue, b.RecordDelay, b.URLDelay = false, time.Minute, 2*time.Minute
	})
	f.start("Workbooks", "USMF", "ab-2")
	f.refused(f.post("GetExecutionSummaryStatus", map[string]any{"executionId": "ab-2"}), http.StatusBadRequest, "not found")
	f.clock.Add(time.Minute)
	assert.Equal(t, "Succeeded", f.value("GetExecutionSummaryStatus", "ab-2"))
	assert.Empty(t, f.value("GetExportedPackageUrl", "ab-2"))
	f.clock.Add(time.Minute)
	assert.NotEmpty(t, f.value("GetExportedPackageUrl", "ab-2"))

	for zero, want := range map[finops.ZeroRows]int{finops.HeaderOnly: 3, finops.NoFile: 2} {
		change(func(b *finops.Behaviors) { *b = finops.Behaviors{ZeroRows: zero, UsedID: finops.UsedRunsAgain} })
		f.start("Changes", "USMF", "fill")
		f.start("Changes", "USMF", "none")
		assert.Len(t, f.files("none"), want)
	}
	change(func(b *finops.Behaviors) { b.ZeroRows = finops.NoPackage })
	f.start("Changes", "USMF", "no package")
	assert.Empty(t, f.value("GetExportedPackageUrl", "no package"))
	assert.Equal(t, "Succeeded", f.value("GetExecutionSummaryStatus", "no package"))
}

// nested returns the value of a response as JSON.
func nested(t *testing.T, got simulatortest.Response) string {
	t.Helper()
	raw, err := json.Marshal(got.JSON(t)["value"])
	require.NoError(t, err)
	return string(raw)
}

func TestAnEncodingWithoutACharacterFailsTheEntity(t *testing.T) {
	o := finops.Sample()
	o.Projects = append(o.Projects, finops.Project{Name: "Ansi", Lines: []finops.Line{{Entity: "Customer groups", Format: "CSV"}, {Entity: "Currencies", Format: "CSV"}}})
	f := serveFinance(t, o)
	require.NoError(t, f.environment.Update("Customer groups", "USMF", 0, finops.Row{"Description": "Łódź"}))
	f.start("Ansi", "USMF", "ab-1")
	assert.Equal(t, "PartiallySucceeded", f.value("GetExecutionSummaryStatus", "ab-1"))
	assert.Contains(t, f.value("GetExecutionErrors", "ab-1"), "DMF1957")
}

func TestALostResponseLeavesTheRun(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	f.server.Inject(faults.Fault{Match: faults.Contains("ExportToPackage"), Then: simulator.LoseResponse()})
	raw, err := json.Marshal(export("Workbooks", "USMF", "ab-1"))
	require.NoError(t, err)
	request := f.request(http.MethodPost, "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities.ExportToPackage", string(raw))
	response, err := f.HTTP.Do(request)
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err)
	assert.Equal(t, "Succeeded", f.value("GetExecutionSummaryStatus", "ab-1"))
	f.server.Inject(faults.Fault{Match: faults.PathPrefix("/dmf/"), Then: faults.Transfer{CutAfter: 100}})
	response, err = f.HTTP.Do(f.request(http.MethodGet, f.value("GetExportedPackageUrl", "ab-1"), ""))
	require.NoError(t, err)
	_, err = io.ReadAll(response.Body)
	require.Error(t, err)
	require.NoError(t, response.Body.Close())
}
