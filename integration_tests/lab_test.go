// Package integration_tests_test runs the built connector, as a process, against the simulator.
package integration_tests_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// connector is built once for all tests.
var (
	connector *binary.Binary
	buildErr  error
)

func TestMain(m *testing.M) {
	if report := os.Getenv(peakReport); report != "" {
		reportPeak(report)
		return
	}
	if os.Getenv(shortPausesVariable) != "" {
		os.Exit(runWithShortPauses())
	}
	debug.SetGCPercent(garbagePercent)
	directory, err := os.MkdirTemp("", "connector")
	if err == nil {
		connector, err = binary.Build(context.Background(), directory)
	}
	buildErr = errors.Join(err, flag.Set("test.parallel", parallelTests))
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(directory)
		os.Exit(code)
	}))
}

// parallelTests is how many tests run at the same time unless -parallel names a number. Those that do wait for the connector's
// retries most of the time.
const parallelTests = "8"

// garbagePercent is the garbage, in percent of the live memory, that starts a collection. The environments of the tests that run
// at the same time are large and live long, so that more frequent collections cost a quarter of the tests' time.
const garbagePercent = 300

// variablesHere returns the environment variables of a connector that runs in this process. They keep it from changing the garbage
// collector.
func variablesHere(authority string) (getenv func(name string) string) {
	variables := map[string]string{"DATAVERSE_CA_FILE": authority, "GOGC": strconv.Itoa(garbagePercent), "GOMEMLIMIT": "off"}
	return func(name string) string { return variables[name] }
}

// runTimeout bounds one run of the connector.
const runTimeout = 2 * time.Minute

// lab is an environment behind a server, and a configuration that leads there.
type lab struct {
	t           *testing.T
	environment *simulator.Environment
	server      *simulator.Server
	directory   string
	config      map[string]any
	shortPauses bool // the connector has short pauses
}

func newLab(t *testing.T, o simulator.Options) *lab {
	t.Helper()
	return serve(t, o, simulator.ServerOptions{})
}

// serve opens a lab whose server has options of its own.
func serve(t *testing.T, o simulator.Options, server simulator.ServerOptions) *lab {
	t.Helper()
	require.NoError(t, buildErr)
	environment, err := simulator.New(o)
	require.NoError(t, err)
	l := &lab{t: t, environment: environment, directory: t.TempDir()}
	server.CAFile = filepath.Join(l.directory, "ca.pem")
	l.server, err = simulator.Start(t.Context(), environment, server)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.server.Close()) })
	application := simulator.DefaultApplication()
	l.config = map[string]any{
		"url": l.server.URL, "authority_host": l.server.Authority,
		"tenant_id": application.TenantID, "client_id": application.ClientID, "client_secret_value": application.Secret,
		"odata_maxpagesize": 37,
	}
	return l
}

// file writes a file for the connector: bytes as they are, anything else as JSON.
func (l *lab) file(name string, content any) string {
	l.t.Helper()
	raw, ok := content.([]byte)
	if !ok {
		var err error
		raw, err = json.Marshal(content)
		require.NoError(l.t, err)
	}
	path := filepath.Join(l.directory, name)
	require.NoError(l.t, os.WriteFile(path, raw, 0o600))
	return path
}

func (l *lab) configFile() string { return l.file("config.json", l.config) }

// variables let the connector trust the server.
func (l *lab) variables(more ...string) []string {
	all := append([]string{"DATAVERSE_CA_FILE=" + filepath.Join(l.directory, "ca.pem")}, more...)
	if l.shortPauses {
		all = append(all, shortPausesVariable+"=1")
	}
	return all
}

// run runs the connector with arguments as they are.
func (l *lab) run(args ...string) binary.Result {
	l.t.Helper()
	return l.runWith(nil, args...)
}

// runWith runs the connector with further environment variables.
func (l *lab) runWith(variables []string, args ...string) binary.Result {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), runTimeout)
	defer cancel()
	result, err := l.program().Run(ctx, args, l.variables(variables...))
	require.NoError(l.t, err)
	require.NoError(l.t, ctx.Err(), "the connector hangs")
	assert.Empty(l.t, result.Stderr, "stderr")
	return result
}

// discover returns the streams that the environment offers.
func (l *lab) discover() []destination.Stream {
	l.t.Helper()
	result := l.run("discover", "--config", l.configFile())
	require.Equal(l.t, 0, result.ExitCode, "%s", result.Lines)
	for _, m := range messages(l.t, result) {
		if m.Catalog != nil {
			streams, err := destination.ParseCatalog(m.Catalog)
			require.NoError(l.t, err)
			return streams
		}
	}
	require.Fail(l.t, "discover printed no catalog")
	return nil
}

// configured discovers and selects streams.
func (l *lab) configured(streams ...string) destination.Catalog {
	l.t.Helper()
	c, err := destination.Configure(l.discover(), streams...)
	require.NoError(l.t, err)
	return c
}

// readArgs writes the files of a read, with the states that the destination has.
func (l *lab) readArgs(d *destination.Destination, c destination.Catalog) []string {
	l.t.Helper()
	return []string{
		"read", "--config", l.configFile(), "--catalog", l.file("catalog.json", c), "--state", l.file("state.json", d.StateFile()),
	}
}

// read syncs into a destination, and holds the output against the protocol.
func (l *lab) read(d *destination.Destination, c destination.Catalog, variables ...string) (*destination.Report, binary.Result) {
	l.t.Helper()
	return l.apply(d, c, l.runWith(variables, l.readArgs(d, c)...))
}

// sync is a read that must succeed.
func (l *lab) sync(d *destination.Destination, c destination.Catalog, variables ...string) *destination.Report {
	l.t.Helper()
	report, result := l.read(d, c, variables...)
	require.Equal(l.t, 0, result.ExitCode, "%v", report.Errors)
	return report
}

// apply brings an output into a destination. An offence against the protocol fails the test, and so does a summary of other
// figures than the destination counted.
func (l *lab) apply(d *destination.Destination, c destination.Catalog, result binary.Result) (*destination.Report, binary.Result) {
	l.t.Helper()
	s, err := d.Begin(c)
	require.NoError(l.t, err)
	report := s.Apply(result.Lines, result.ExitCode, result.Rest)
	requireNoViolations(l.t, report)
	requireEqualSummary(l.t, report)
	return report, result
}

func requireNoViolations(t *testing.T, report *destination.Report) {
	t.Helper()
	const enough = 10
	if len(report.Violations) > 0 {
		require.Fail(t, fmt.Sprintf("%d offences against the protocol", len(report.Violations)), "%v",
			report.Violations[:min(enough, len(report.Violations))])
	}
}

// equal requires that the destination has a stream as the environment has it.
func (l *lab) equal(d *destination.Destination, streams ...string) {
	l.t.Helper()
	for _, stream := range streams {
		assert.Empty(l.t, d.Differences(stream, l.environment.Rows(stream)), "stream %s", stream)
		assert.Zero(l.t, d.Duplicates(stream), "duplicates in stream %s", stream)
	}
}

// messages parses an output. An offence against the protocol fails the test.
func messages(t *testing.T, result binary.Result) []destination.Message {
	t.Helper()
	require.Empty(t, result.Rest, "the output ends within a line")
	parsed := make([]destination.Message, len(result.Lines))
	for i, line := range result.Lines {
		var err error
		parsed[i], err = destination.Parse(line)
		require.NoError(t, err, "line %d: %s", i+1, line)
	}
	return parsed
}
