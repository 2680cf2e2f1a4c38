package integration_tests_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// at is the lab's environment behind another server with an address of its own.
func (l *lab) at(t *testing.T) *lab {
	t.Helper()
	other := &lab{t: t, environment: l.environment, directory: t.TempDir(), config: map[string]any{}}
	var err error
	other.server, err = simulator.Start(t.Context(), l.environment, simulator.ServerOptions{CAFile: filepath.Join(other.directory, "ca.pem")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, other.server.Close()) })
	for name, value := range l.config {
		other.config[name] = value
	}
	other.config["url"], other.config["authority_host"] = other.server.URL, other.server.Authority
	return other
}

func TestAStateIsValidAtAnotherAddressOfItsEnvironment(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 9, Rows: map[string]int{"account": 90}})
	d, catalog := destination.New(), l.configured("account")
	l.sync(d, catalog)
	changed := newWorkload(t, l.environment, 9).change("account", 10)
	moved := l.at(t)
	require.NotEqual(t, l.server.URL, moved.server.URL)
	before := len(l.server.Requests())
	report := moved.sync(d, catalog)
	assert.Equal(t, len(changed), report.Records(), "only the changes come")
	assert.Empty(t, warnings(report, "re-read in full"))
	moved.equal(d, "account")
	assert.Len(t, l.server.Requests(), before, "nothing is asked at the former address")
}

func TestAFullRefreshBelowOrganizationLevelBringsAWarning(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 9, Rows: map[string]int{"account": 30, "contact": 30}})
	catalog := l.configured("account", "contact")
	for _, s := range catalog.Streams {
		s.SyncMode, s.DestinationSyncMode = destination.FullRefresh, destination.Overwrite
	}
	l.environment.SetReadDepth("account", schema.Basic)
	report := l.sync(destination.New(), catalog)
	assert.Len(t, warnings(report, "below Organization level"), 1)
	assert.Len(t, warnings(report, "table account below Organization level (User level)"), 1)
}

func TestThePrivilegeOfActivitiesCountsForEachActivityTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 9, Rows: map[string]int{"task": 30, "contact": 30}})
	l.server.Inject(faults.Fault{Match: faults.Contains("RetrieveUserPrivileges"), When: faults.Timing{Count: faults.Forever}, Then: faults.Response{ContentType: "application/json", Body: []byte(`{"RolePrivileges":[{"Depth":"Local","PrivilegeName":"prvReadActivity"},{"Depth":"Global","PrivilegeName":"prvReadContact"}]}`)}})
	catalog := l.configured("task", "contact")
	for _, s := range catalog.Streams {
		s.SyncMode, s.DestinationSyncMode = destination.FullRefresh, destination.Overwrite
	}
	report := l.sync(destination.New(), catalog)
	assert.Len(t, warnings(report, "below Organization level"), 1)
	assert.Len(t, warnings(report, "table task below Organization level (Business Unit level)"), 1)
}
