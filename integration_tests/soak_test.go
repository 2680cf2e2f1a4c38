package integration_tests_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/source"
)

// In the soak, a minute of the service takes a second and a half: its limits, its latency and the connector's pauses are those
// of the service, divided by soakPace. Only Retry-After has whole seconds and cannot be divided.
const (
	soakPace   = 40
	soakTables = 16
	soakRows   = 300
)

// soak is a service: what it recommends, its limits, and whether a reader that follows the recommendation meets the limits.
type soak struct {
	hint   int
	limits simulator.Limits
	binds  bool
}

func soaks() map[string]soak {
	const window = 300 * time.Second / soakPace
	usual := simulator.Limits{Requests: 6000, Execution: 1200 * time.Second / soakPace, Concurrent: 52, Window: window}
	few := simulator.Limits{Requests: 1000, Execution: 1200 * time.Second / soakPace, Concurrent: 12, Window: window}
	return map[string]soak{
		"that recommends far less than its limits":        {4, usual, false},
		"that recommends nearly its limit of concurrency": {48, usual, true},
		"that recommends more than its limits allow":      {16, few, true},
	}
}

func TestASoakUnderLimitsAndFaultsEndsWithExactData(t *testing.T) {
	t.Parallel()
	for name, service := range soaks() {
		t.Run("of a service "+name, func(t *testing.T) {
			l := serve(t, simulator.Options{Seed: 16, Tables: soakEnvironment(), DefaultRows: soakRows}, simulator.ServerOptions{
				DOPHint: service.hint, Latency: 800 * time.Millisecond / soakPace, Limits: service.limits,
			})
			l.config["odata_maxpagesize"], l.config["cursor_for_untracked"] = 5, "off" // so that deletions arrive
			d, catalog := destination.New(), l.configured(soakStreams()...)
			soakFaults(l.server)
			before := l.server.Stats()
			l.soak(d, catalog) // the initial snapshot
			for _, stream := range soakStreams() {
				require.NoError(t, l.shake(stream))
			}
			l.soak(d, catalog) // the changes
			l.equal(d, soakStreams()...)
			after := l.server.Stats()
			requests, refused := after.Requests-before.Requests, after.Throttled-before.Throttled
			t.Logf("%d requests, %d refused by a limit, %d at once at most, responses %v", requests, refused, after.MostInFlight, after.ByStatus)
			assert.Greater(t, requests, 1500)
			// A limit is found by meeting it: every request in flight at that moment may be refused. A busy machine takes so long
			// that limits are met again and again, though by no more than a few requests at a time.
			assert.LessOrEqual(t, refused, requests/20+service.hint, "responses with status 429 of %d requests", requests)
			assert.LessOrEqual(t, after.MostInFlight, service.hint)
			if !service.binds { // a slow reader meets none of the other limits either
				assert.Zero(t, refused, "a limit is met although its service recommends less")
			}
		})
	}
}

// soakFaults strike one request in twenty, by chance.
func soakFaults(server *simulator.Server) {
	kinds := []faults.Fault{
		faults.GatewayError(http.StatusBadGateway), faults.GatewayError(http.StatusServiceUnavailable),
		faults.GatewayError(http.StatusGatewayTimeout), faults.LoginPage(), faults.BrokenJSON(), faults.BrokenGzip(), faults.Cut(300),
		faults.Dropped(), faults.SQLTimeout(), faults.TooExpensive(), {Then: faults.Error{Status: http.StatusInternalServerError, Code: "0x80044150"}},
		faults.RevokedToken(),
	}
	for i, f := range kinds {
		f.When = faults.Timing{Count: faults.Forever, Probability: 0.05 / float64(len(kinds)), Seed: uint64(i)}
		server.Inject(f.On(faults.WebAPI))
	}
}

// soak reads in this process, with pauses at the pace of the service's.
func (l *lab) soak(d *destination.Destination, catalog destination.Catalog) {
	l.t.Helper()
	specification, err := os.ReadFile("../spec.json")
	require.NoError(l.t, err)
	ctx, cancel := context.WithTimeout(l.t.Context(), runTimeout)
	defer cancel()
	var stdout bytes.Buffer
	code := source.Run(ctx, source.Process{
		Specification: specification, Version: "soak", Args: l.readArgs(d, catalog), Stdout: &stdout,
		Limits: source.Limits{Backoff: time.Second / soakPace},
		Getenv: variablesHere(l.directory + "/ca.pem"),
	})
	require.NoError(l.t, ctx.Err(), "the read hangs")
	s, err := d.Begin(catalog)
	require.NoError(l.t, err)
	report := s.Apply(bytes.Split(bytes.TrimSuffix(stdout.Bytes(), []byte{'\n'}), []byte{'\n'}), code, nil)
	requireNoViolations(l.t, report)
	require.Zero(l.t, code, "%+v", report.Errors)
}

// shake changes, deletes and creates rows of a table.
func (l *lab) shake(table string) error {
	for i, id := range slices.Sorted(maps.Keys(maps.Collect(l.environment.Rows(table)))) {
		var err error
		switch i % 6 {
		case 0:
			err = l.environment.Delete(table, id)
		case 1:
			err = l.environment.Update(table, id, simulator.Row{table + "_name": fmt.Sprint("changed ", i)})
		case 2:
			_, err = l.environment.Create(table, simulator.Row{table + "_name": fmt.Sprint("new ", i)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func soakStreams() []string {
	names := make([]string, soakTables)
	for i := range names {
		names[i] = fmt.Sprintf("soak_%c", 'a'+i)
	}
	return names
}

// soakEnvironment has small tables, three of four of which are tracked.
func soakEnvironment() []*schema.Table {
	var tables []*schema.Table
	for i, name := range soakStreams() {
		column := func(name string, typ schema.ColumnType) schema.Column {
			return schema.Column{LogicalName: name, SchemaName: name, Type: typ}
		}
		key := column(name+"id", schema.Uniqueidentifier)
		key.PrimaryID = true
		title := column(name+"_name", schema.String)
		title.MaxLength = 100
		modified := column("modifiedon", schema.DateTime)
		modified.Behavior = schema.UserLocal
		tables = append(tables, &schema.Table{
			LogicalName: name, SchemaName: name, EntitySetName: name + "s", CollectionName: name + "s", PrimaryID: key.LogicalName,
			Type: schema.Standard, Ownership: "OrganizationOwned", Custom: true, Tracked: i%4 != 0, CanBeTracked: true,
			Columns: []schema.Column{modified, title, key, column("versionnumber", schema.BigInt)},
		})
	}
	return tables
}
