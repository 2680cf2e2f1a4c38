package simulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestAFinanceEnvironmentIsLinked(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	got := f.Get("RetrieveFinanceAndOperationsIntegrationDetails").JSON(t)
	assert.Equal(t, f.server.URL, got["Url"])
	c := simulatortest.Serve(t, simulator.Options{}, simulator.ServerOptions{})
	c.Get("RetrieveFinanceAndOperationsIntegrationDetails").Refused(t, http.StatusBadRequest, "0x80048d0b", "not linked")
}

func TestFinanceTokensAreForOneEnvironment(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	assert.Equal(t, http.StatusOK, f.get("/data/DataManagementDefinitionGroups?$top=1").Status)
	own := f.token
	f.token = f.Token
	assert.Equal(t, http.StatusUnauthorized, f.get("/data/LegalEntities").Status, "a token of Dataverse")
	f.token = f.tokenFor(f.server.URL + "/")
	assert.Equal(t, http.StatusUnauthorized, f.get("/data/LegalEntities").Status, "an audience with a slash at its end")
	f.Token = own
	assert.Equal(t, http.StatusUnauthorized, f.Get("WhoAmI").Status, "a token of finance & operations")
}

func TestAnUnregisteredApplicationIsForbidden(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	f.environment.Unregister(simulator.DefaultApplication().ClientID)
	assert.Equal(t, http.StatusForbidden, f.get("/data/DataManagementDefinitionGroups?$top=1").Status)
	assert.Equal(t, http.StatusOK, f.get("/data/$metadata").Status)
	f.environment.Register(simulator.DefaultApplication().ClientID)
	assert.Equal(t, http.StatusOK, f.get("/data/DataManagementDefinitionGroups?$top=1").Status)
}

func TestSetsOfDataManagement(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	for name, c := range map[string]struct {
		path, property string
		want           []string
	}{
		"an equal name":           {"/data/DataManagementDefinitionGroups?$filter=Name%20eq%20'airbyte%20EXPORT'", "Name", []string{"Airbyte export"}},
		"an asterisk":             {"/data/DataManagementDefinitionGroups?$filter=Name%20eq%20'*port*'&$orderby=Name", "Name", []string{"Airbyte export", "Import of customers"}},
		"a member":                {"/data/DataManagementDefinitionGroups?$filter=OperationType%20eq%20Microsoft.Dynamics.DataEntities.DMFOperationType'Import'", "Name", []string{"Import of customers"}},
		"and, or and parentheses": {"/data/DataManagementEntities?$filter=(EntityName%20eq%20'Currencies'%20or%20EntityName%20eq%20'Workers')%20and%20TargetName%20ne%20'HcmWorkerEntity'", "TargetName", []string{"CurrencyEntity"}},
		"the lines of a project":  {"/data/DataManagementDefinitionGroupDetails?$filter=DefinitionGroupId%20eq%20'Workbooks'&$select=EntityName", "EntityName", []string{"Country/regions", "Customer groups"}},
		"top and skip":            {"/data/LegalEntities?$skip=1&$top=1", "LegalEntityId", []string{"DEMF"}},
		"the metadata of one":     {"/metadata/DataEntities?$filter=Name%20eq%20'CurrencyEntity'", "PublicEntityName", []string{"Currency"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, f.names(c.path, c.property)) })
	}
	for name, c := range map[string]struct {
		path   string
		status int
		part   string
	}{
		"a function":         {"/data/DataManagementDefinitionGroups?$filter=startswith(Name,%20'A')", 400, "unknown function with name 'startswith'"},
		"an unknown column":  {"/data/DataManagementDefinitionGroups?$filter=Nam%20eq%20'A'", 400, "Could not find a property named 'Nam'"},
		"an unknown select":  {"/data/LegalEntities?$select=Nam", 400, "Could not find a property named 'Nam'"},
		"a number as text":   {"/data/DataManagementDefinitionGroupDetails?$filter=ExecutionUnit%20eq%20'1'", 400, "incompatible types"},
		"an unknown option":  {"/data/LegalEntities?$expandAll=true", 400, "$expandAll"},
		"an unknown set":     {"/data/Nothing", 404, "Nothing"},
		"a missing key":      {"/data/DataManagementDefinitionGroups('Nothing')", 404, "Nothing"},
		"an order of a name": {"/data/DataManagementDefinitionGroups?$filter=OperationType%20gt%20Microsoft.Dynamics.DataEntities.DMFOperationType'Import'", 400, "operator 'gt'"},
	} {
		t.Run(name+" is refused", func(t *testing.T) { f.refused(f.get(c.path), c.status, c.part) })
	}
	t.Run("pages follow links by position", func(t *testing.T) {
		f.environment.ChangeBehaviors(func(b *finops.Behaviors) { b.PageSize = 2 })
		var names []string
		for address := "/data/DataManagementEntities?$select=EntityName"; address != ""; {
			page := f.get(address)
			for _, row := range page.Values(t) {
				name, _ := row["EntityName"].(string)
				names = append(names, name)
			}
			address, _ = page.JSON(t)["@odata.nextLink"].(string)
		}
		assert.Equal(t, []string{"Currencies", "Customer groups", "Workers", "Fixed assets V2", "Country/regions", "Payroll position details"}, names)
	})
}

func TestFinanceMetadata(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	entity := f.get("/metadata/PublicEntities('FixedAssetV2')").JSON(t)
	assert.Equal(t, "FixedAssetsV2", entity["EntitySetName"])
	var described []string
	for _, p := range simulatortest.Objects(t, entity["Properties"]) {
		text, _ := json.Marshal([]any{p["Name"], p["TypeName"], p["DataType"], p["IsKey"]})
		described = append(described, string(text))
	}
	assert.Equal(t, `["dataAreaId","Edm.String","String",true]`, described[0])
	assert.Contains(t, described, `["MajorType","Microsoft.Dynamics.DataEntities.AssetMajorType","Enum",false]`)
	assert.Contains(t, described, `["AcquisitionDate","Edm.DateTimeOffset","Date",false]`)
	f.environment.ChangeBehaviors(func(b *finops.Behaviors) { b.SameDateTypes = true })
	assert.Contains(t, string(f.get("/metadata/PublicEntities('FixedAssetV2')").Body), `"DataType":"DateTime"`)
	assert.NotContains(t, string(f.get("/metadata/PublicEntities('FixedAssetV2')").Body), `"DataType":"Date",`)
	f.refused(f.get("/metadata/PublicEntities('Nothing')"), http.StatusNotFound, "Nothing")
	members := f.get("/metadata/PublicEnumerations('NoYes')").JSON(t)["Members"]
	assert.Equal(t, "No", simulatortest.Objects(t, members)[0]["Name"])
	assert.NotContains(t, string(f.get("/metadata/PublicEntities('CustomerGroup')").Body), "DefaultDimensionRecId", "files have it, the public entity does not")
	assert.Contains(t, string(f.get("/metadata/DataEntities").Body), `"DataServiceEnabled":false`)
}

func TestARunAndItsPackage(t *testing.T) {
	o := finops.Sample()
	o.RunTime = time.Minute
	f := serveFinance(t, o)
	f.start("Airbyte export", "USMF", "ab-1")
	assert.Equal(t, "NotRun", f.value("GetExecutionSummaryStatus", "ab-1"))
	f.clock.Add(30 * time.Second)
	assert.Equal(t, "Executing", f.value("GetExecutionSummaryStatus", "ab-1"))
	assert.Empty(t, f.value("GetExportedPackageUrl", "ab-1"))
	f.refused(f.post("ExportToPackage", export("Airbyte export", "DEMF", "ab-2")), http.StatusBadRequest, "Export to package failed for definition group: Airbyte export, execution id: ab-2, reExecute: false, legal entity: DEMF")
	f.start("Workbooks", "USMF", "other project")
	f.clock.Add(time.Minute)
	assert.Equal(t, "Succeeded", f.value("GetExecutionSummaryStatus", "ab-1"))

	files := f.files("ab-1")
	assert.Len(t, files, 6)
	manifest := fromUTF16(t, files["Manifest.xml"])
	assert.True(t, strings.HasPrefix(manifest, "<DataManagementPackageManifest xmlns="), "no declaration")
	assert.Contains(t, manifest, "<InputFilePath>Customer groups.xml</InputFilePath>")
	assert.Contains(t, fromUTF16(t, files["PackageHeader.xml"]), "<PackageType>DefinitionGroup</PackageType>")
	assert.Equal(t, 25, strings.Count(files["Customer groups.xml"], "<CUSTCUSTOMERGROUPENTITY>"))
	assert.Contains(t, files["Customer groups.xml"], `<?xml version="1.0" encoding="utf-8"?><Document><CUSTCUSTOMERGROUPENTITY><CUSTOMERGROUPID>000001</CUSTOMERGROUPID>`)
	assert.Equal(t, 30, strings.Count(files["Fixed assets V2.xml"], `<ASSETFIXEDASSETV2ENTITY FIXEDASSETNUMBER="`))
	workers := fromUTF16(t, files["Workers.csv"])
	assert.True(t, strings.HasPrefix(workers, "PERSONNELNUMBER,NAME,BIRTHDATE,ADDRESSVALIDFROM,GENDER,WORKERRECORDID\r\n"))
	assert.NotContains(t, files["Fixed assets V2.xml"], `"0.`, "no zero before the point")

	log := f.get("/data/DataManagementExecutionJobDetails?$filter=JobId%20eq%20'ab-1'&cross-company=true").Values(t)
	require.Len(t, log, 4)
	assert.Equal(t, "Finished", log[1]["TargetStatus"])
	assert.Equal(t, json.Number("25"), log[1]["TargetRecordsCreatedCount"])
	assert.NotContains(t, log[1], "legalEntityId", "the job log does not have the company")
}

func TestAWorkbookHasTheFormThatDataManagementWrites(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	f.start("Workbooks", "USMF", "ab-1")
	files := f.files("ab-1")
	workbook := unzip(t, []byte(files["Countryregions.xlsx"]))
	sheet := workbook["xl/worksheets/sheet1.xml"]
	assert.Contains(t, sheet, `<dimension ref="A1:D21"/>`)
	assert.Contains(t, sheet, `<c r="A1" t="inlineStr"><is><t xml:space="preserve">COUNTRYREGION</t></is></c>`)
	assert.Contains(t, workbook["xl/workbook.xml"], `<sheet name="Country_regions"`)
	assert.NotContains(t, workbook, "xl/sharedStrings.xml")
	assert.NotContains(t, sheet, strings.Repeat("long text ", 26), "cells are cut at 255 characters")

	f.environment.ChangeBehaviors(func(b *finops.Behaviors) { b.SharedStrings, b.WrongDimension, b.DummyRow = true, true, true })
	f.start("Workbooks", "USMF", "ab-2")
	workbook = unzip(t, []byte(f.files("ab-2")["Countryregions.xlsx"]))
	assert.Contains(t, workbook["xl/worksheets/sheet1.xml"], `<dimension ref="A1:D1"/>`)
	assert.Contains(t, workbook["xl/worksheets/sheet1.xml"], `<c r="A1" t="s"><v>0</v></c>`)
	assert.Contains(t, workbook["xl/sharedStrings.xml"], "dummy cell")
}

func TestRefusalsOfExportToPackage(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	f.start("Workbooks", "USMF", "used")
	for name, c := range map[string]struct {
		change func(map[string]any)
		part   string
	}{
		"an unknown project":   {func(a map[string]any) { a["definitionGroupId"] = "None" }, "Data project None does not exist."},
		"an import project":    {func(a map[string]any) { a["definitionGroupId"] = "Import of customers" }, "Export to package failed"},
		"an unknown company":   {func(a map[string]any) { a["legalEntityId"] = "ZZMF" }, "legal entity: ZZMF"},
		"a used id":            {func(a map[string]any) { a["executionId"] = "used" }, "execution id: used"},
		"a missing member":     {func(a map[string]any) { delete(a, "reExecute") }, "reExecute"},
		"a text for a boolean": {func(a map[string]any) { a["reExecute"] = "false" }, "reExecute"},
		"an unknown member":    {func(a map[string]any) { a["entityList"] = "Workers" }, "not a valid parameter for the operation 'ExportToPackage'"},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := export("Workbooks", "USMF", "ab-1")
			c.change(arguments)
			f.refused(f.post("ExportToPackage", arguments), http.StatusBadRequest, c.part)
		})
	}
	f.refused(f.post("GetExecutionSummaryStatus", map[string]any{"executionId": "ab-1"}), http.StatusBadRequest, "Execution details were not found for execution id: ab-1")
	f.refused(f.get("/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities.ExportToPackage"), http.StatusMethodNotAllowed, "GET")
}

func TestPlannedOutcomes(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	const project = "Airbyte export"
	run := func(o finops.Outcome, id string) {
		f.environment.Plan(project, o)
		f.start(project, "USMF", id)
	}
	run(finops.Outcome{Failing: []string{"Workers"}, Errors: []finops.Message{{RecordID: "1", Field: "NAME", Text: "a \"quoted\"\nmessage"}}}, "partial")
	assert.Equal(t, "PartiallySucceeded", f.value("GetExecutionSummaryStatus", "partial"))
	assert.NotContains(t, f.files("partial"), "Workers.csv")
	assert.Equal(t, "[{\"RecordId\":\"1\",\"Field\":\"NAME\",\"ErrorMessage\":\"a \"quoted\"\nmessage\"}]", f.value("GetExecutionErrors", "partial"))
	assert.Equal(t, []string{"Workers"}, f.names("/data/DataManagementExecutionJobDetails?$filter=JobId%20eq%20'partial'%20and%20TargetStatus%20eq%20Microsoft.Dynamics.DataEntities.DMFExecutionStatus'Error'", "EntityName"))

	run(finops.Outcome{Fails: true}, "failed")
	assert.Equal(t, "Failed", f.value("GetExecutionSummaryStatus", "failed"))
	assert.Empty(t, f.value("GetExportedPackageUrl", "failed"))
	run(finops.Outcome{Canceled: true}, "canceled")
	assert.Equal(t, "Canceled", f.value("GetExecutionSummaryStatus", "canceled"))
	run(finops.Outcome{NoURL: true}, "no url")
	assert.Equal(t, "Succeeded", f.value("GetExecutionSummaryStatus", "no url"))
	assert.Empty(t, f.value("GetExportedPackageUrl", "no url"))
	run(finops.Outcome{Lost: true}, "lost")
	f.refused(f.post("GetExecutionSummaryStatus", map[string]any{"executionId": "lost"}), http.StatusBadRequest, "not found")
	f.environment.Plan(project, finops.Outcome{Refused: "not today"})
	f.refused(f.post("ExportToPackage", export(project, "USMF", "refused")), http.StatusBadRequest, "not today")

	run(finops.Outcome{Stuck: true}, "stuck")
	f.clock.Add(100 * time.Hour)
	assert.Equal(t, "Executing", f.value("GetExecutionSummaryStatus", "stuck"))
	f.refused(f.post("ExportToPackage", export(project, "USMF", "after")), http.StatusBadRequest, "after")
	f.environment.EndRuns()
	f.start(project, "USMF", "after")

	require.True(t, f.environment.ChangeProject("Workbooks", func(p *finops.Project) { p.Lines[0].Unmapped = true }))
	f.start("Workbooks", "USMF", "unmapped")
	f.clock.Add(100 * time.Hour)
	assert.Equal(t, "Executing", f.value("GetExecutionSummaryStatus", "unmapped"))
}

func TestIncrementalLinesExportWhatHasChanged(t *testing.T) {
	f := serveFinance(t, finops.Sample())
	rows := func(id string) int {
		return strings.Count(fromUTF16(t, f.files(id)["Customer groups.csv"]), "\r\n") - 1
	}
	f.start("Changes", "USMF", "first")
	assert.Equal(t, 25, rows("first"), "the first run is in full")
	require.NoError(t, f.environment.Update("Customer groups", "USMF", 3, finops.Row{"Description": "changed"}))
	require.NoError(t, f.environment.Create("Customer groups", "USMF", nil))
	require.NoError(t, f.environment.Delete("Customer groups", "USMF", 0))
	f.start("Changes", "USMF", "second")
	assert.Equal(t, 2, rows("second"), "without the deletion")
	f.start("Changes", "DEMF", "other company")
	assert.Equal(t, 25, rows("other company"))

	require.NoError(t, f.environment.Update("Customer groups", "USMF", 3, finops.Row{"Description": "changed again"}))
	_, err := f.environment.RunInClient("Changes", "USMF")
	require.NoError(t, err)
	f.start("Changes", "USMF", "third")
	assert.Equal(t, 0, rows("third"), "a person took the change")

	for keeps, want := range map[bool]int{true: 1, false: 0} {
		f.environment.ChangeBehaviors(func(b *finops.Behaviors) { b.FailureKeeps, b.UsedID = keeps, finops.UsedRunsAgain })
		require.NoError(t, f.environment.Update("Customer groups", "USMF", 3, finops.Row{"Description": "once more"}))
		f.environment.Plan("Changes", finops.Outcome{Fails: true})
		f.start("Changes", "USMF", "failing")
		f.start("Changes", "USMF", "fourth")
		assert.Equal(t, want, rows("fourth"), "the failed run keeps the watermark: %t", keeps)
	}
}
