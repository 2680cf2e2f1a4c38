package integration_tests_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// drift is a change of a table's columns, of the table, or of what is selected of it.
type drift struct {
	amid   bool // it comes in the middle of the second read, and not before it
	change func(*lab, destination.Catalog) error
	words  []string // of the warning
	partly bool     // rows that do not change have not the columns of others
	resync bool     // the change invalidates the delta token of the table
	fails  []string // words of the error of its stream; nil: it has none
}

// drifts are of the table task.
func drifts() map[string]drift {
	remove := func(l *lab, _ destination.Catalog) error { return l.environment.RemoveColumn("task", "category") }
	rename := func(l *lab, _ destination.Catalog) error { return l.environment.SetEntitySet("task", "tasksrenamed") }
	gone := func(l *lab, _ destination.Catalog) error { return l.environment.RemoveTable("task") }
	return map[string]drift{
		"a column is selected": {change: func(_ *lab, c destination.Catalog) error {
			properties := c.Stream("task").Stream.JSONSchema.Properties
			properties["description"] = properties["subject"]
			return nil
		}, words: []string{"selected columns have changed", "added=description", "until you run"}, partly: true},
		"a column is deselected": {change: func(_ *lab, c destination.Catalog) error {
			c.Stream("task").Deselect("subject")
			return nil
		}, words: []string{"selected columns have changed", "removed=subject"}, partly: true},
		"a column is removed":                            {change: remove, words: []string{"category", "refresh the source schema"}, resync: true},
		"a column is removed in the middle of the read":  {amid: true, change: remove, words: []string{"column=category", "left out from now on"}, resync: true},
		"the table is renamed":                           {change: rename},
		"the table is renamed in the middle of the read": {amid: true, change: rename, words: []string{"now=tasksrenamed"}},
		"the table is removed":                           {change: gone, fails: []string{"no table task"}},
		"the table is removed in the middle of the read": {amid: true, change: gone, fails: []string{"no table task"}},
	}
}

func TestColumnsAndTablesMayAppearDisappearOrBeRenamed(t *testing.T) {
	t.Parallel()
	for service, behaviors := range map[string]simulator.Behaviors{
		"takes":   {EditedSelect: simulator.Honoured},
		"ignores": {EditedSelect: simulator.Ignored},
		"refuses": {EditedSelect: simulator.Refused},
	} {
		for name, c := range drifts() {
			t.Run(name+", and the service "+service+" another selection", func(t *testing.T) {
				t.Parallel()
				// Delta tokens that are issued in the same second are equal, and so the sequence of requests depends on the time.
				began := time.Now()
				l := newLab(t, simulator.Options{
					Seed: 3, Rows: map[string]int{"task": 60, "feedback": 40}, Behaviors: behaviors, Clock: func() time.Time { return began },
				})
				d, catalog := destination.New(), l.configured("task", "feedback")
				catalog.Stream("task").Deselect("description")
				l.sync(d, catalog)
				changed := newWorkload(t, l.environment, 3).change("task", 30)
				c.strike(l, catalog)
				if c.fails != nil {
					l.failsAlone(d, catalog, "task", c.fails...)
					return
				}
				report := c.sync(l, d, catalog)
				if c.words != nil {
					assert.NotEmpty(t, warnings(report, c.words...))
				}
				assert.Equal(t, c.resync, len(warnings(report, "re-read in full")) > 0)
				if !c.resync {
					assert.GreaterOrEqual(t, report.Streams["task"].Records, len(changed))
				}
				assert.ElementsMatch(t, slices.Collect(maps.Keys(maps.Collect(l.environment.Rows("task")))), slices.Collect(maps.Keys(d.Rows("task"))))
				if !c.partly {
					l.equal(d, "task", "feedback")
				}
			})
		}
	}
}

// strike makes the change: now, or before the response with the second page of changes.
func (c drift) strike(l *lab, catalog destination.Catalog) {
	l.t.Helper()
	if !c.amid {
		require.NoError(l.t, c.change(l, catalog))
		return
	}
	struck := false
	l.server.Inject(faults.Fault{
		Match: faults.Func(func(r *http.Request) bool {
			if !struck && strings.HasSuffix(r.URL.Path, "/tasks") && strings.Contains(r.URL.RawQuery, "skiptoken") {
				struck = true
				assert.NoError(l.t, c.change(l, catalog))
			}
			return false
		}),
		When: faults.Timing{Count: faults.Forever, Probability: 0},
	})
}

// sync is a read that succeeds. Of a table that loses a column in the middle, the rest of the rows lack it.
func (c drift) sync(l *lab, d *destination.Destination, catalog destination.Catalog) *destination.Report {
	l.t.Helper()
	result := l.run(l.readArgs(d, catalog)...)
	s, err := d.Begin(catalog)
	require.NoError(l.t, err)
	report := s.Apply(result.Lines, result.ExitCode, result.Rest)
	require.Zero(l.t, result.ExitCode, "%v", report.Errors)
	report.Violations = slices.DeleteFunc(report.Violations, func(v error) bool { return c.amid && strings.Contains(v.Error(), "and one before had") })
	requireNoViolations(l.t, report)
	return report
}
