package integration_tests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/source"
)

// The streams of a cell: two whose changes are followed, and one of a virtual table, whose pages are numbered.
const (
	struckTable  = "subject"
	anotherTable = "annotation"
	virtualTable = "contoso_legacyorder"
)

// cell is a fault in a phase, and its outcome.
type cell struct {
	matrixRow
	phase         faults.Phase
	want          string
	streams       []destination.Stream
	specification []byte
	directory     string

	environment *simulator.Environment
	server      *simulator.Server
	secrets     *secrets
	err         error // of the test itself
	took        time.Duration
	hits        int
	code        int
	lines       [][]byte // that the read with the fault wrote
	failures    []destination.Error
	differences []string // between the destination and the environment in the end
	leaked      []string // secrets in the output
}

// run reads with the fault. If that fails, it reads again without it, which must succeed from the states of the first read.
func (c *cell) run(ctx context.Context) {
	began := time.Now()
	c.err = c.attempt(ctx)
	c.took = time.Since(began)
}

func (c *cell) attempt(ctx context.Context) (err error) {
	if err := c.open(ctx); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, c.server.Close())
		c.environment, c.server = nil, nil // all cells together would fill the memory
	}()
	catalog, err := destination.Configure(c.streams, struckTable, anotherTable, virtualTable)
	if err != nil {
		return err
	}
	d := destination.New()
	if c.phase == faults.PhaseChanges {
		if err := c.succeed(ctx, d, catalog, "before the fault"); err != nil {
			return err
		}
		if err := c.change(); err != nil {
			return err
		}
	}
	injections := c.inject()
	c.lines = nil
	report, code, err := c.read(ctx, d, catalog, c.limits)
	if err != nil {
		return err
	}
	c.code, c.failures = code, report.Errors
	for i, injection := range injections {
		if i == 0 {
			c.hits = injection.Hits()
		}
		injection.Remove()
	}
	if code != 0 {
		if err := c.succeed(ctx, d, catalog, "after the fault"); err != nil {
			return err
		}
	}
	for _, s := range catalog.Streams {
		c.differences = append(c.differences, d.Differences(s.Stream.Name, c.environment.Rows(s.Stream.Name))...)
	}
	return nil
}

// open serves an environment of its own.
func (c *cell) open(ctx context.Context) (err error) {
	rows := 60
	if c.large {
		rows = 150
	}
	c.environment, err = simulator.New(simulator.Options{
		Seed: 9, Rows: map[string]int{struckTable: rows, anotherTable: rows, virtualTable: rows},
	})
	if err != nil {
		return err
	}
	c.secrets = newSecrets()
	c.server, err = simulator.Start(ctx, c.environment, simulator.ServerOptions{
		CAFile: c.path("ca.pem"), Applications: []simulator.Application{c.secrets.application},
	})
	if err != nil {
		return err
	}
	c.secrets.listen(c.server)
	return nil
}

func (c *cell) path(name string) string { return filepath.Join(c.directory, name) }

// inject injects the faults in the cell's phase. Faults with a phase of their own keep it.
func (c *cell) inject() []*faults.Injection {
	var all []*faults.Injection
	for _, f := range c.faults {
		if _, own := f.Match.(faults.Phase); !own {
			ofStreams := func(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/organizations") } // the rows of no stream
			f = f.On(c.phase, faults.Func(ofStreams))
		}
		if refused, ok := f.Then.(faults.Unauthorized); ok && refused.Claims != "" {
			c.secrets.add("the claims demanded", refused.Claims)
		}
		all = append(all, c.server.Inject(f))
	}
	return all
}

// change changes, deletes and creates rows, more than one page of them.
func (c *cell) change() error {
	for _, table := range []string{struckTable, anotherTable} {
		t, _ := c.environment.Table(table)
		ids := slices.Sorted(maps.Keys(maps.Collect(c.environment.Rows(table))))
		for i, id := range ids[:2*len(ids)/3] {
			var err error
			switch i % 4 {
			case 0:
				err = c.environment.Delete(table, id)
			case 1:
				_, err = c.environment.Create(table, simulator.Row{t.PrimaryName: fmt.Sprintf("new %d", i)})
			default:
				err = c.environment.Update(table, id, simulator.Row{t.PrimaryName: fmt.Sprintf("changed %d", i)})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// succeed reads without faults, which must succeed.
func (c *cell) succeed(ctx context.Context, d *destination.Destination, catalog destination.Catalog, when string) error {
	report, code, err := c.read(ctx, d, catalog, source.Limits{})
	if err == nil && code != 0 {
		err = fmt.Errorf("the read %s failed: %v", when, report.Errors)
	}
	return err
}

// read runs the connector at the debug level, and applies its messages to the destination.
func (c *cell) read(ctx context.Context, d *destination.Destination, catalog destination.Catalog, limits source.Limits) (*destination.Report, int, error) {
	args := []string{"read", "--debug"}
	for name, content := range map[string]any{"config": c.settings(), "catalog": catalog, "state": d.StateFile()} {
		raw, ok := content.([]byte)
		if !ok {
			var err error
			if raw, err = json.Marshal(content); err != nil {
				return nil, 0, err
			}
		}
		if err := os.WriteFile(c.path(name+".json"), raw, 0o600); err != nil {
			return nil, 0, err
		}
		args = append(args, "--"+name, c.path(name+".json"))
	}
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	run := c.inProcess
	if c.built {
		run = c.asProcess
	}
	lines, code, err := run(ctx, args, limits)
	if ctx.Err() != nil {
		err = errors.New("the read hangs")
	}
	if err != nil {
		return nil, code, err
	}
	c.leaked = append(c.leaked, c.secrets.in(lines)...)
	if c.lines == nil {
		c.lines = lines
	}
	sync, err := d.Begin(catalog)
	if err != nil {
		return nil, code, err
	}
	report := sync.Apply(lines, code, nil)
	return report, code, errors.Join(report.Violations...)
}

// inProcess runs the connector in this process, with pauses five hundred times as short as usual.
func (c *cell) inProcess(ctx context.Context, args []string, limits source.Limits) ([][]byte, int, error) {
	limits.Backoff = 2 * time.Millisecond
	var stdout bytes.Buffer
	code := source.Run(ctx, source.Process{
		Specification: c.specification, Version: "matrix", Args: args, Stdout: &stdout, Limits: limits,
		Getenv: variablesHere(c.path("ca.pem")),
	})
	return bytes.Split(bytes.TrimSuffix(stdout.Bytes(), []byte{'\n'}), []byte{'\n'}), code, nil
}

// asProcess runs the built connector, with the usual limits.
func (c *cell) asProcess(ctx context.Context, args []string, _ source.Limits) ([][]byte, int, error) {
	result, err := connector.Run(ctx, args, []string{"DATAVERSE_CA_FILE=" + c.path("ca.pem")})
	if err == nil && len(result.Rest)+len(result.Stderr) > 0 {
		err = fmt.Errorf("half a line %q, stderr %q", result.Rest, result.Stderr)
	}
	return result.Lines, result.ExitCode, err
}

func (c *cell) settings() map[string]any {
	a, size := c.secrets.application, 25
	if c.large {
		size = 60
	}
	return map[string]any{
		"url": c.server.URL, "authority_host": c.server.Authority, "odata_maxpagesize": size,
		"tenant_id": a.TenantID, "client_id": a.ClientID, "client_secret_value": a.Secret,
	}
}

// check compares the outcome with the expected one.
func (c *cell) check(t *testing.T) {
	t.Logf("took %v", c.took.Round(time.Millisecond))
	require.NoError(t, c.err)
	assert.Positive(t, c.hits, "no request met the fault")
	assert.Empty(t, c.differences, "differences between the destination and the environment")
	assert.Empty(t, c.leaked, "secrets in the output")
	if c.limit != "" {
		c.checkPause(t)
	}
	if c.want == exact {
		assert.Zero(t, c.code)
		assert.Empty(t, c.failures)
		return
	}
	assert.Equal(t, 1, c.code)
	want := outcomeNamed(c.want)
	require.NotEmpty(t, want.sentences, "there is no outcome %q", c.want)
	assert.True(t, slices.ContainsFunc(c.failures, func(e destination.Error) bool {
		return e.FailureType == want.failure &&
			slices.ContainsFunc(want.sentences, func(sentence string) bool { return strings.Contains(e.Message, sentence) })
	}), "%+v", c.failures)
}

// checkPause requires that a pause which the service asked for is visible: in the log with its limit, and in the statuses of the
// waiting streams as RATE_LIMITED, until they continue.
func (c *cell) checkPause(t *testing.T) {
	logged, paused, resumed := false, false, false
	for _, line := range c.lines {
		m, err := destination.Parse(line)
		require.NoError(t, err)
		switch {
		case m.Log != nil:
			logged = logged || m.Log.Level == "WARN" && strings.Contains(m.Log.Message, c.limit)
		case m.Trace != nil && m.Trace.StreamStatus != nil && m.Trace.StreamStatus.Status == "RUNNING":
			limited := len(m.Trace.StreamStatus.Reasons) == 1 &&
				holds(string(m.Trace.StreamStatus.Reasons[0]), `"RATE_LIMITED"`, `"quota_reset"`)
			resumed = resumed || paused && !limited
			paused = paused || limited
		}
	}
	assert.True(t, logged, "the log names the limit")
	if c.phase != faults.PhaseMetadata { // no stream has begun
		assert.True(t, paused, "RATE_LIMITED with the time until it ends")
		assert.True(t, resumed, "RUNNING after it")
	}
}
