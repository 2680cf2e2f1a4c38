package integration_tests_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// seedFlag repeats a failed run: go test -seed N.
var seedFlag = flag.Uint64("seed", 0, "of random changes; 0: another one each time")

// seed draws a seed and logs it, which go test shows if the test fails.
func seed(t *testing.T) uint64 {
	chosen := *seedFlag
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("seed %d", chosen)
	return chosen
}

// The tables of the rounds: every kind whose changes can be followed, and every kind whose cannot.
var (
	trackedTables   = []string{"account", "contoso_everything", "email", "feedback", "systemform", "systemuser", "systemuserroles", "task", "team"}
	untrackedTables = []string{"activityparty", "asyncoperation", "contoso_child", "contoso_legacyorder", "contoso_sensordata", "languagelocale", "usersettings"}
)

func TestRoundsOfChanges(t *testing.T) {
	t.Parallel()
	const tomorrow = 24 * time.Hour
	someTables := []string{"contoso_everything", "systemuserroles", "task", "contoso_sensordata"}
	for name, play := range map[string]rounds{
		"every kind of table stays equal for five rounds": {tables: slices.Concat(trackedTables, untrackedTables), rows: 150, rounds: 5},
		"tokens of a scan's first page, and deletions on every page of changes": {
			tables: someTables, rows: 120, rounds: 3, repeats: true, behaviors: simulator.Behaviors{TokenAt: simulator.FirstPage, DeletionsAtPageEnd: true},
		},
		"a row that was created again is reported once by the service, and its clock goes back": {
			tables: someTables, rows: 120, rounds: 3, behaviors: simulator.Behaviors{RecreatedOnlyUpserted: true},
			clocks: []time.Duration{2 * tomorrow, 0, tomorrow, -tomorrow},
		},
		"pages repeat rows, and the states come from PyAirbyte": {
			tables: someTables[:3], rows: 120, rounds: 3, repeats: true, behaviors: simulator.Behaviors{RepeatRows: true}, pyAirbyte: true,
		},
	} {
		t.Run(name, play.run)
	}
}

// rounds is one first sync and a number of rounds of changes, each followed by a sync.
type rounds struct {
	tables    []string
	rows      int
	rounds    int
	behaviors simulator.Behaviors
	repeats   bool            // the service's pages have some rows twice
	clocks    []time.Duration // how far the service's clock is ahead in the first sync and in each round
	pyAirbyte bool
}

func (r rounds) run(t *testing.T) {
	chosen := seed(t)
	var ahead time.Duration
	if len(r.clocks) > 0 {
		ahead = r.clocks[0]
	}
	l := newLab(t, simulator.Options{
		Seed: chosen, DefaultRows: r.rows, Behaviors: r.behaviors, Clock: func() time.Time { return time.Now().Add(ahead) },
	})
	l.config["cursor_for_untracked"] = "off" // the deletions of these tables would not be found
	work := newWorkload(t, l.environment, chosen)
	d, catalog := destination.New(), l.configured(r.tables...)
	l.sync(d, catalog)
	l.equal(d, r.tables...)
	for round := range r.rounds {
		if len(r.clocks) > 0 {
			ahead = r.clocks[round+1]
		}
		r.round(l, work, d, catalog, round+1)
	}
}

// round changes each table, syncs, and compares.
func (r rounds) round(l *lab, work *workload, d *destination.Destination, catalog destination.Catalog, number int) {
	changed := map[string]touched{}
	for _, table := range r.tables {
		changed[table] = work.change(table, 4+12*(number%2))
	}
	for _, s := range catalog.Streams {
		if s.SyncMode != destination.Incremental { // a state whose generation is removed is no state
			s.GenerationID, s.MinimumGenerationID = int64(number), int64(number)
		}
	}
	report := r.sync(l, d, catalog)
	l.equal(d, r.tables...)
	for _, s := range catalog.Streams {
		name := s.Stream.Name
		if s.SyncMode != destination.Incremental {
			assert.Equal(l.t, len(maps.Collect(l.environment.Rows(name))), report.Streams[name].Records, "records of %s", name)
			continue
		}
		if r.repeats {
			assert.GreaterOrEqual(l.t, report.Streams[name].Records, len(changed[name]), "records of %s in round %d", name, number)
			continue
		}
		assert.Equal(l.t, len(changed[name]), report.Streams[name].Records, "records of %s in round %d", name, number)
		assert.Equal(l.t, changed[name].deletions(), report.Streams[name].Deletions, "deletions of %s in round %d", name, number)
	}
}

func (r rounds) sync(l *lab, d *destination.Destination, catalog destination.Catalog) *destination.Report {
	args := l.readArgs(d, catalog)
	if r.pyAirbyte {
		states, err := d.StateFileOfPyAirbyte()
		require.NoError(l.t, err)
		l.file("state.json", states)
	}
	report, result := l.apply(d, catalog, l.run(args...))
	require.Equal(l.t, 0, result.ExitCode, "%v", report.Errors)
	return report
}

func TestASyncWithoutChangesDeliversNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 7, DefaultRows: 50})
	d, catalog := destination.New(), l.configured(trackedTables...)
	l.sync(d, catalog)
	report := l.sync(d, catalog)
	assert.Zero(t, report.Records())
	l.equal(d, trackedTables...)
}

func TestDeletionsAreSentOnlyIfTheirColumnIsConfigured(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 8, Rows: map[string]int{"task": 60}})
	d, catalog := destination.New(), l.configured("task")
	catalog.Stream("task").Deselect(destination.DeletedAt)
	l.sync(d, catalog)
	changed := newWorkload(t, l.environment, 8).change("task", 6)
	report := l.sync(d, catalog)
	assert.Equal(t, len(changed)-changed.deletions(), report.Streams["task"].Records)
	assert.Zero(t, report.Streams["task"].Deletions)
	assert.Len(t, warnings(report, destination.DeletedAt), 1)
}

func TestStatesOfOtherStreamsAreIgnored(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 9, Rows: map[string]int{"task": 60, "feedback": 60}})
	d, both := destination.New(), l.configured("task", "feedback")
	l.sync(d, both)
	before := string(d.State("feedback"))
	changed := newWorkload(t, l.environment, 9).change("task", 6)
	report := l.sync(d, l.configured("task"))
	assert.Equal(t, len(changed), report.Records())
	assert.Equal(t, before, string(d.State("feedback")))
	l.equal(d, "task", "feedback")
}
