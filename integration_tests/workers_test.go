package integration_tests_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/users"
)

// workers are several processes that divide the tables of an environment by their numbers of rows, each under an application
// user of its own. The service is called directly, on synctest's clock.
type workers struct {
	number  int
	rows    int // of each table
	limits  simulator.Limits
	seconds int // after which they are stopped; 0: they read everything
}

// run returns how many rows each worker has read of each stream.
func (w workers) run(t *testing.T) []map[string]int {
	t.Helper()
	var read []map[string]int
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3 * 365 * 24 * time.Hour) // synctest's clock begins in 2000
		applications := []simulator.Application{simulator.DefaultApplication()}
		for n := range w.number - 1 {
			applications = append(applications, further(n+1))
		}
		environment, err := simulator.New(simulator.Options{Seed: 1, DefaultRows: w.rows})
		require.NoError(t, err)
		service := direct{environment.HandlerWith(simulator.ServerOptions{
			Applications: applications, Limits: w.limits, DOPHint: 12, Latency: 250 * time.Millisecond, TokenLife: 24 * time.Hour,
		})}
		client := dataverse.New(virtualRoot, signInDirectly(t, service, applications[0]), service, dataverse.Options{})
		selected := someTables(t, client, 24)
		var names []string
		counts := map[string]int64{}
		for _, s := range selected {
			names, counts[s.Configured.Name] = append(names, s.Configured.Name), int64(w.rows)
		}
		ctx := t.Context()
		if w.seconds > 0 {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, time.Duration(w.seconds)*time.Second)
			defer stop()
		}
		read = make([]map[string]int, w.number)
		var wait sync.WaitGroup
		for n, part := range catalog.Split(counts, names, w.number) {
			mine := slices.DeleteFunc(slices.Clone(selected), func(s replicate.Stream) bool { return !slices.Contains(part, s.Configured.Name) })
			own := dataverse.New(virtualRoot, signInDirectly(t, service, applications[n]), service, dataverse.Options{})
			wait.Go(func() { read[n] = work(ctx, t, own, mine) })
		}
		wait.Wait()
	})
	return read
}

// work reads streams as one process does, and returns how many rows it has read of each.
func work(ctx context.Context, t *testing.T, client *dataverse.Client, streams []replicate.Stream) map[string]int {
	t.Helper()
	pool := signedIn(ctx, t, users.User{Name: "the user", Client: client})
	out, in := io.Pipe()
	counted := make(chan map[string]int, 1)
	go func() { counted <- countRecords(out) }()
	job := readBy(t, pool, in, len(streams))
	_, err := job.Run(ctx, streams)
	assert.NoError(t, err)
	assert.NoError(t, in.Close())
	return <-counted
}

// countRecords returns how many records a process writes of each stream.
func countRecords(out io.Reader) map[string]int {
	const before = `{"type":"RECORD","record":{"stream":"`
	all, _ := io.ReadAll(out)
	counts := map[string]int{}
	for line := range bytes.Lines(all) {
		if rest, is := bytes.CutPrefix(line, []byte(before)); is {
			name, _, _ := bytes.Cut(rest, []byte(`"`))
			counts[string(name)]++
		}
	}
	return counts
}

func TestWorkersReadEveryTableOnce(t *testing.T) {
	const rows = 95
	read := map[string]int{}
	for _, worker := range (workers{number: 4, rows: rows, limits: simulator.Limits{Requests: 60, Window: 10 * time.Second}}).run(t) {
		assert.NotEmpty(t, worker)
		for stream, n := range worker {
			assert.NotContains(t, read, stream, "in two parts")
			read[stream] = n
		}
	}
	assert.Len(t, read, 24)
	for stream, n := range read {
		if stream != "organization" { // which has one row
			assert.Equal(t, rows, n, stream)
		}
	}
}

func TestFourWorkersReadThreeTimesAsMuchWhereLimitsBind(t *testing.T) {
	t.Parallel()
	total := func(number int, limits simulator.Limits) (sum int) {
		for _, worker := range (workers{number: number, rows: 1_000_000, limits: limits, seconds: 60}).run(t) {
			for _, n := range worker {
				sum += n
			}
		}
		return sum
	}
	for name, limits := range map[string]simulator.Limits{
		"number of requests":      {Requests: 60, Window: 10 * time.Second},
		"combined execution time": {Execution: 20 * time.Second, Window: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			one, four := total(1, limits), total(4, limits)
			require.Positive(t, one)
			t.Logf("%d rows of one worker, %d of four", one, four)
			assert.GreaterOrEqual(t, four, 3*one)
		})
	}
}
