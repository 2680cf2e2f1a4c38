package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
)

// manyTables returns the tables of an environment of so many, one of which is not in the Web API.
func manyTables(n int) []*schema.Table {
	tables := schema.Realistic()
	for i := len(tables); i < n; i++ {
		name := fmt.Sprintf("contoso_many%04d", i)
		tables = append(tables, &schema.Table{
			LogicalName: name, SchemaName: name, EntitySetName: name + "s", CollectionName: name + "s", PrimaryID: name + "id",
			Type: schema.Standard, Ownership: "OrganizationOwned", TypeCode: 20_000 + i, Custom: true, Tracked: true,
			Columns: []schema.Column{{LogicalName: name + "id", SchemaName: name + "id", Type: schema.Uniqueidentifier, PrimaryID: true}},
		})
	}
	return tables
}

// loaded returns a configuration as the connector loads it.
func loaded(t *testing.T, changes map[string]any) *config.Config {
	t.Helper()
	a := simulator.DefaultApplication()
	content := map[string]any{"url": virtualRoot, "tenant_id": a.TenantID, "client_id": a.ClientID, "client_secret_value": a.Secret}
	for name, value := range changes {
		content[name] = value
	}
	raw, err := json.Marshal(content)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	specification, err := os.ReadFile("../spec.json")
	require.NoError(t, err)
	c, err := config.Load(path, specification, func(string) string { return "" })
	require.NoError(t, err)
	return c
}

// inspection is an inspection of 1,000 tables by synctest's clock, which only the service lets pass.
type inspection struct {
	facts    inspect.Facts
	took     time.Duration
	requests int64
}

func inspectMany(t *testing.T, latency time.Duration, c *config.Config, count bool) (done inspection) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(27 * 365 * 24 * time.Hour) // synctest's clock begins in 2000
		environment, err := simulator.New(simulator.Options{Seed: 1, Tables: manyTables(1001), Rows: map[string]int{"account": 10}})
		require.NoError(t, err)
		service := direct{environment.HandlerWith(simulator.ServerOptions{Latency: latency, TokenLife: 24 * time.Hour})}
		options := dataverse.Options{Attempts: 3, AttemptTimeout: 45 * time.Second, Budget: 2 * time.Minute} // those of a check
		client := dataverse.New(virtualRoot, signInDirectly(t, service, simulator.DefaultApplication()), service, options)
		began := time.Now()
		done.facts = inspect.Inspect(t.Context(), []inspect.Account{{Client: client, Name: "the application user"}}, inspect.Options{
			Config: c, CountRows: count,
			Explain: func(f inspect.Failure) inspect.Problem { return inspect.Problem{Sentence: f.Err.Error(), Err: f.Err} },
		})
		done.took, done.requests = time.Since(began), client.Usage().Requests
	})
	t.Logf("%v and %d requests", done.took, done.requests)
	return done
}

func TestAThousandTablesAreInspectedInSeconds(t *testing.T) {
	t.Parallel()
	all := loaded(t, nil)
	for name, c := range map[string]struct {
		config   *config.Config
		count    bool
		requests int64
	}{
		"check":                          {all, false, 10},
		"doctor":                         {all, true, 14},
		"check of each table":            {loaded(t, map[string]any{"include_tables": []string{"*"}}), false, 210},
		"check of a table that is named": {loaded(t, map[string]any{"include_tables": []string{"account"}}), false, 10},
	} {
		t.Run(name, func(t *testing.T) {
			done := inspectMany(t, 150*time.Millisecond, c.config, c.count)
			assert.Less(t, done.took, 10*time.Second)
			assert.LessOrEqual(t, done.requests, c.requests)
			assert.Empty(t, done.facts.NotRequested)
			assert.Empty(t, done.facts.Unknown)
			assert.Equal(t, 1000, done.facts.Listed)
		})
	}
}

// By synctest's clock, the application user is identified after 20 s, its privileges and the list of tables arrive after 40 s,
// and the limit of 50 s ends the other requests.
func TestASlowEnvironmentIsInspectedInPart(t *testing.T) {
	t.Parallel()
	done := inspectMany(t, 20*time.Second, loaded(t, map[string]any{"include_tables": []string{"account", "contact", "contoso_everything"}}), false)
	assert.Equal(t, 50*time.Second, done.took)
	assert.False(t, done.facts.NamesOnly, "the list of tables was requested first")
	assert.Equal(t, 1000, done.facts.Listed)
	assert.NotEmpty(t, done.facts.Users[0].Privileges, "they were requested at the same time")
	assert.Len(t, done.facts.NotRequested, 6)
	assert.ElementsMatch(t, []string{"account", "contact", "contoso_everything"}, done.facts.Late)
	assert.Len(t, done.facts.Tables, 3, "the tables are listed in any case")
	var codes []inspect.Code
	for _, f := range done.facts.Findings() {
		assert.NotEqual(t, inspect.Error, f.Severity, f.Text())
		codes = append(codes, f.Code)
	}
	assert.Contains(t, codes, inspect.NotInspected)
}
