package integration_tests_test

import (
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// connection is a stream in a destination that the platform syncs.
type connection struct {
	*lab
	clock    *laterClock
	d        *destination.Destination
	catalog  destination.Catalog
	platform *destination.Platform
	stream   string
}

// laterClock is the service's clock, which a test sets forward and back.
type laterClock struct{ offset atomic.Int64 }

func (c *laterClock) now() time.Time           { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *laterClock) advance(by time.Duration) { c.offset.Add(int64(by)) }

// connect serves an environment and configures one of its tables.
func connect(t *testing.T, o simulator.Options, stream string) *connection {
	t.Helper()
	clock := &laterClock{}
	o.Clock = clock.now
	l, d := newLab(t, o), destination.New()
	return &connection{lab: l, clock: clock, d: d, catalog: l.configured(stream), platform: destination.NewPlatform(d), stream: stream}
}

// job is a sync in a new job, which has to succeed. Jobs are a minute apart, since only the state
// distinguishes cursors of the same second.
func (c *connection) job() *destination.Report {
	c.t.Helper()
	c.clock.advance(time.Minute)
	c.platform.BeginJob(c.catalog)
	report := c.sync(c.d, c.catalog, c.platform.Variables()...)
	c.platform.End(true)
	return report
}

// lose reads, and lets the platform lose all states but the first ones. Their records are committed.
func (c *connection) lose(keep int) {
	c.t.Helper()
	result := c.runWith(c.platform.Variables(), c.readArgs(c.d, c.catalog)...)
	s, err := c.d.Begin(c.catalog)
	require.NoError(c.t, err)
	s.KeepStates(keep)
	requireNoViolations(c.t, s.Apply(result.Lines, result.ExitCode, result.Rest))
	c.platform.End(false)
}

// differences returns how the destination differs from the environment, and how many rows it has that were deleted.
func (c *connection) differences() (list []string, deleted int) {
	rows := c.d.Rows(c.stream)
	wanted := func(yield func(string, map[string]json.RawMessage) bool) {
		for id, row := range c.environment.Rows(c.stream) {
			delete(rows, id)
			if !yield(id, row) {
				return
			}
		}
		deleted = len(rows)
		for id, row := range rows { // as they are
			if !yield(id, row) {
				return
			}
		}
	}
	return c.d.Differences(c.stream, iter.Seq2[string, map[string]json.RawMessage](wanted)), deleted
}

// about returns the messages of a level that hold a text, in whatever case.
func about(report *destination.Report, level, text string) []string {
	var found []string
	for _, l := range report.Logs {
		if l.Level == level && strings.Contains(strings.ToLower(l.Message), text) {
			found = append(found, l.Message)
		}
	}
	return found
}

const (
	ifKept  = "if the destination kept"
	remove  = "refresh and remove records"
	unknown = "deletions_unknown_since"
)

// requireCondition requires a warning of deletions that holds only if the destination kept its rows, and no other.
func requireCondition(t *testing.T, report *destination.Report) {
	t.Helper()
	found := about(report, "WARN", ifKept)
	require.NotEmpty(t, found)
	assert.Contains(t, strings.ToLower(found[0]), remove)
	assert.Empty(t, about(report, "WARN", unknown))
}

func TestRowsReadWithoutAStateSupersedeThoseOfChanges(t *testing.T) {
	t.Parallel()
	for name, drop := range map[string]func(*testing.T, *connection){
		"a null state for a backfill": func(t *testing.T, c *connection) { require.NoError(t, c.platform.Backfill(c.stream)) },
		"a refresh that retains records": func(_ *testing.T, c *connection) {
			c.platform.Refresh(c.stream, destination.RetainRecords)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, simulator.Options{Seed: 12, Rows: map[string]int{"task": 300}}, "task")
			all := maps.Clone(c.catalog.Stream("task").Stream.JSONSchema.Properties)
			c.catalog.Stream("task").Deselect("description")
			c.job()
			work := newWorkload(t, c.environment, 12)
			work.change("task", 40)
			c.job()
			c.equal(c.d, "task")

			ids := work.shuffled("task")
			for _, id := range ids[:20] {
				require.NoError(t, c.environment.Delete("task", id))
			}
			c.catalog.Stream("task").Stream.JSONSchema.Properties = all
			drop(t, c)
			requireCondition(t, c.job())
			list, deleted := c.differences()
			assert.Empty(t, list, "each row has its present version, with the new column")
			assert.Equal(t, 20, deleted)

			work.change("task", 5)
			later := c.job()
			assert.Empty(t, about(later, "WARN", ifKept))
			assert.NotEmpty(t, about(later, "INFO", ifKept), "until a refresh removes the rows")

			c.platform.Refresh("task", destination.RemoveRecords)
			for _, report := range []*destination.Report{c.job(), c.job()} {
				for _, level := range []string{"WARN", "INFO"} {
					assert.Empty(t, about(report, level, ifKept))
				}
				c.equal(c.d, "task")
			}
		})
	}
}

func TestClearedDataBringsAConditionalWarning(t *testing.T) {
	t.Parallel()
	c := connect(t, simulator.Options{Seed: 12, Rows: map[string]int{"task": 100}}, "task")
	assert.Empty(t, about(c.job(), "WARN", ifKept), "nothing was there before the first sync")
	newWorkload(t, c.environment, 12).change("task", 10)
	c.platform.Clear("task")
	requireCondition(t, c.job())
	c.equal(c.d, "task")
}

func TestARefreshThatRemovesRowsNeedsNoWarning(t *testing.T) {
	t.Parallel()
	c := connect(t, simulator.Options{Seed: 12, Rows: map[string]int{"task": 100}}, "task")
	c.job()
	newWorkload(t, c.environment, 12).change("task", 10)
	c.platform.Refresh("task", destination.RemoveRecords)
	assert.Empty(t, about(c.job(), "WARN", "delet"))
	c.equal(c.d, "task")
}

func TestAFutureModifiedonDoesNotAffectTheCursor(t *testing.T) {
	t.Parallel()
	c := connect(t, simulator.Options{Seed: 12, Rows: map[string]int{"task": 60}}, "task")
	ids := newWorkload(t, c.environment, 12).shuffled("task")
	const year = 365 * 24 * time.Hour
	c.clock.advance(year)
	require.NoError(t, c.environment.Update("task", ids[0], simulator.Row{"subject": "imported"}))
	c.clock.advance(-year)
	c.job()
	require.NoError(t, c.environment.Update("task", ids[0], simulator.Row{"subject": "changed since"}))
	require.NoError(t, c.platform.Backfill("task"))
	c.job()
	c.equal(c.d, "task")
	latest := c.clock.now().Add(time.Minute).UTC().Format(time.RFC3339)
	for key, row := range c.d.Rows("task") {
		assert.Less(t, string(row[destination.UpdatedAt]), `"`+latest, key)
	}
}

func TestRecordsWhoseStatesWereLostMayBeOfDeletedRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows, keep, remain int // keep: states of the first attempt; remain: deleted rows that no source can know of
	}{
		"an attempt without a state":                          {rows: 100, remain: 7},
		"an attempt without a state, of a small table":        {rows: 20, remain: 7},
		"an attempt with a state from before the delta token": {rows: 100, keep: 1, remain: 7},
		"an attempt with a state from after the delta token":  {rows: 100, keep: 4, remain: 0},
	} {
		t.Run(name, func(t *testing.T) {
			connection := connect(t, simulator.Options{Seed: 12, Rows: map[string]int{"task": c.rows}}, "task")
			connection.shortenPages(37)
			connection.platform.BeginJob(connection.catalog)
			connection.lose(c.keep)
			require.Len(t, connection.d.Rows("task"), c.rows)
			for _, id := range newWorkload(t, connection.environment, 12).shuffled("task")[:7] {
				require.NoError(t, connection.environment.Delete("task", id))
			}
			connection.clock.advance(time.Minute)
			connection.platform.BeginAttempt(connection.catalog)
			report := connection.sync(connection.d, connection.catalog, connection.platform.Variables()...)
			connection.platform.End(true)
			list, remaining := connection.differences()
			assert.Empty(t, list)
			assert.Equal(t, c.remain, remaining)
			if c.remain == 0 {
				assert.Empty(t, about(report, "WARN", "if the destination "))
				return
			}
			requireWarning(t, report)
			assert.NotEmpty(t, about(connection.job(), "INFO", ifKept), "until a refresh removes the rows")
		})
	}
}

// shortenPages lets the service put no more rows than that on a page of keys, too.
func (l *lab) shortenPages(rows int) {
	most := "odata.maxpagesize=" + strconv.Itoa(rows)
	l.server.Inject(faults.Fault{
		When: faults.Timing{Count: faults.Forever},
		Then: faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
			r.Header.Set("Prefer", strings.Replace(r.Header.Get("Prefer"), "odata.maxpagesize=5000", most, 1))
			next(w, r)
		}),
	})
}

// requireWarning requires a warning that rows may remain which were deleted, with the way out.
func requireWarning(t *testing.T, report *destination.Report) {
	t.Helper()
	found := about(report, "WARN", "if the destination ")
	require.NotEmpty(t, found)
	assert.Contains(t, strings.ToLower(found[0]), remove)
}
