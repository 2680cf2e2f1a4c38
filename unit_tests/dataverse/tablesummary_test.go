package dataverse_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestAllTablesAreSummarizedInOneRequest(t *testing.T) {
	s := newService(t, good(`{"@odata.context":"x","value":[`+
		`{"MetadataId":"m1","LogicalName":"task","EntitySetName":"tasks","PrimaryIdAttribute":"activityid","ChangeTrackingEnabled":true,`+
		`"TableType":"Activity","DataProviderId":null,"CanChangeTrackingBeEnabled":{"Value":true,"CanBeChanged":true,"ManagedPropertyLogicalName":"x"},`+
		`"DisplayName":{"LocalizedLabels":[{"Label":"Task","LanguageCode":1033}],"UserLocalizedLabel":{"Label":"Aufgabe","LanguageCode":1031}},`+
		`"Privileges":[{"CanBeBasic":true,"Name":"prvCreateActivity","PrivilegeId":"p","PrivilegeType":"Create"},`+
		`{"CanBeBasic":true,"Name":"prvReadActivity","PrivilegeId":"p","PrivilegeType":"Read"}]},`+
		`{"LogicalName":"contoso_log","EntitySetName":"contoso_logs","PrimaryIdAttribute":"contoso_logid","TableType":"Elastic",`+
		`"DataProviderId":"1d9bde74-9ebd-4da9-8ff5-aa74945b9f74","DisplayName":{"LocalizedLabels":[{"Label":"Log"}],"UserLocalizedLabel":null}},`+
		`{"LogicalName":"contoso_order","EntitySetName":null,"PrimaryIdAttribute":null,"TableType":null,"DataProviderId":"7015a531-cc0d-4537-b5f2-c882a1eb65ad",`+
		`"CanChangeTrackingBeEnabled":null,"DisplayName":{"LocalizedLabels":[],"UserLocalizedLabel":null},"Privileges":null},`+
		`{"LogicalName":"contoso_log","EntitySetName":"contoso_logs"},{"LogicalName":null}]}`))
	summaries, err := s.client().TableSummaries(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []dataverse.TableSummary{
		{Table: dataverse.Table{LogicalName: "contoso_log", EntitySet: "contoso_logs", PrimaryID: "contoso_logid", Elastic: true}, DisplayName: "Log"},
		{Table: dataverse.Table{LogicalName: "contoso_order", Virtual: true}},
		{
			Table:       dataverse.Table{LogicalName: "task", EntitySet: "tasks", PrimaryID: "activityid", Tracked: true},
			DisplayName: "Aufgabe", Trackable: true, ReadPrivilege: "prvReadActivity", ReadPrivilegeID: "p",
		},
	}, summaries)
	require.Len(t, s.requests(), 1)
	assert.Equal(t, "/api/data/v9.2/EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,TableType,"+
		"DataProviderId,DisplayName,CanChangeTrackingBeEnabled,Privileges", s.requests()[0].uri)
}

func TestMisshapenSummariesAreAnError(t *testing.T) {
	for name, body := range map[string]string{
		"no list": `{}`, "numbers": `{"value":[1]}`, "a name that is a number": `{"value":[{"LogicalName":1}]}`, "more of them": `{"value":[],"@odata.nextLink":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newService(t, good(body)).client().TableSummaries(t.Context())
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
		})
	}
}

func TestRecordedDefinitionsAreSummarized(t *testing.T) {
	folder := fixtures(t)
	var definitions []string
	for _, name := range []string{"account", "systemuserroles", "team"} {
		raw, err := os.ReadFile(filepath.Join(folder, "definitions", "entitydefinition_"+name+".json"))
		require.NoError(t, err)
		definitions = append(definitions, string(raw))
	}
	summaries, err := newService(t, good(`{"value":[`+strings.Join(definitions, ",")+`]}`)).client().TableSummaries(t.Context())
	require.NoError(t, err)
	require.Len(t, summaries, 3)
	assert.Equal(t, dataverse.TableSummary{
		Table:       dataverse.Table{LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: summaries[0].Table.Tracked},
		DisplayName: "Account", Trackable: true,
	}, summaries[0])
	assert.Empty(t, summaries[1].DisplayName)
	assert.True(t, summaries[2].Table.Tracked)
	assert.False(t, summaries[2].Trackable)
}

func TestTheDepthOfATableIsThatOfItsOwnPrivilege(t *testing.T) {
	s := newService(t, good(`{"RolePrivileges":[{"Depth":"Global","PrivilegeName":"prvReadActivity"},{"Depth":"Local","PrivilegeName":"prvreadaccount"}]}`))
	privileges, err := s.client().Privileges(t.Context(), "u")
	require.NoError(t, err)
	for privilege, want := range map[string]dataverse.Depth{
		"prvReadActivity": dataverse.Global, "prvReadAccount": dataverse.Local, "prvReadLead": dataverse.NoDepth, "": "",
	} {
		assert.Equal(t, want, privileges.ReadDepth(dataverse.TableSummary{ReadPrivilege: privilege}), privilege)
	}
	assert.Empty(t, dataverse.Privileges(nil).ReadDepth(dataverse.TableSummary{ReadPrivilege: "prvReadLead"}), "nothing is known")
}
