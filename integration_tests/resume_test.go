package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

var resumedTables = []string{"contoso_everything", "systemuserroles"}

// cuts are the places at which a test kills a read: behind each STATE, and before it, when its page has been written.
func cuts(result binary.Result) []int {
	var places []int
	for i, line := range result.Lines {
		if bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) {
			places = append(places, i, i+1)
		}
	}
	return places
}

// killed is an output of which only the first lines arrived.
func killed(result binary.Result, lines int) binary.Result {
	return binary.Result{Lines: result.Lines[:lines], ExitCode: -1}
}

// middle is the first position after a STATE that continues with another page.
func middle(t *testing.T, result binary.Result) int {
	t.Helper()
	for i, line := range result.Lines {
		if bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) && bytes.Contains(line, []byte("skiptoken")) {
			return i + 1
		}
	}
	require.Fail(t, "no STATE continues with another page")
	return 0
}

func TestASnapshotResumesFromEachOfItsStates(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 4, DefaultRows: 130})
	catalog := l.configured(resumedTables...)
	whole := l.run(l.readArgs(destination.New(), catalog)...)
	places := cuts(whole)
	const states = 1 + 2*4 + 1 // behind the keys, before and behind each page of rows, behind the changes
	require.Len(t, places, 2*states*len(resumedTables))
	for _, place := range places {
		d := destination.New()
		l.apply(d, catalog, killed(whole, place))
		l.sync(d, catalog)
		l.equal(d, resumedTables...)
	}
}

func TestAReadOfChangesResumesFromEachOfItsStates(t *testing.T) {
	t.Parallel()
	chosen := seed(t)
	l := newLab(t, simulator.Options{Seed: chosen, DefaultRows: 200})
	catalog := l.configured(resumedTables...)
	base := destination.New()
	first := l.run(l.readArgs(base, catalog)...)
	l.apply(base, catalog, first)
	for _, table := range resumedTables {
		newWorkload(t, l.environment, chosen).change(table, 40)
	}
	second := l.run(l.readArgs(base, catalog)...)
	places := cuts(second)
	require.Greater(t, len(places), 4*len(resumedTables))
	for _, place := range places {
		d := destination.New()
		l.apply(d, catalog, first)
		l.apply(d, catalog, killed(second, place))
		l.sync(d, catalog)
		l.equal(d, resumedTables...)
	}
}

func TestChangesBetweenAnInterruptedReadAndTheNextAreNotLost(t *testing.T) {
	t.Parallel()
	for name, moment := range map[string]simulator.TokenAt{"tokens of the first page": simulator.FirstPage, "tokens of the last page": simulator.LastPage} {
		t.Run(name, func(t *testing.T) {
			chosen := seed(t)
			l := newLab(t, simulator.Options{Seed: chosen, DefaultRows: 130, Behaviors: simulator.Behaviors{TokenAt: moment}})
			catalog := l.configured(resumedTables...)
			d := destination.New()
			work := newWorkload(t, l.environment, chosen)
			for range 3 {
				result := l.run(l.readArgs(d, catalog)...)
				places := cuts(result)
				l.apply(d, catalog, killed(result, places[len(places)/2]))
				for _, table := range resumedTables {
					work.change(table, 12)
				}
			}
			l.sync(d, catalog)
			l.sync(d, catalog)
			l.equal(d, resumedTables...)
		})
	}
}

// refuseUntilTheBeginning rejects the pages of a table until its scan restarts.
func refuseUntilTheBeginning(set string) faults.Fault {
	var again atomic.Bool
	return faults.Fault{
		Match: faults.Func(func(r *http.Request) bool {
			ofTable := strings.HasSuffix(r.URL.Path, "/"+set)
			middle := strings.Contains(r.URL.RawQuery, "skiptoken")
			if ofTable && !middle {
				again.Store(true)
			}
			return ofTable && middle && !again.Load()
		}),
		When: faults.Timing{Count: faults.Forever},
		Then: faults.Error{Status: 400, Code: "0x8004112a", Message: "The PageNumber does not match the paging cookie."},
	}
}

func TestARejectedPagingCookieRestartsTheScan(t *testing.T) {
	t.Parallel()
	const table = "contoso_everything"
	for name, changes := range map[string]int{"of a first read": 0, "of a read of changes": 40} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 4, DefaultRows: 200})
			d, catalog := destination.New(), l.configured(table)
			if changes > 0 {
				l.sync(d, catalog)
				newWorkload(t, l.environment, 4).change(table, changes)
			}
			result := l.run(l.readArgs(d, catalog)...)
			l.apply(d, catalog, killed(result, middle(t, result)))
			injection := l.server.Inject(refuseUntilTheBeginning("contoso_everythings"))
			report := l.sync(d, catalog)
			assert.Equal(t, 1, injection.Hits())
			assert.Empty(t, warnings(report, "changes", "cannot be retrieved"))
			l.equal(d, table)
		})
	}
}

func TestAnInterruptedFullRefreshResumes(t *testing.T) {
	t.Parallel()
	const table, rows, read = "contoso_child", 130, 74
	inJob := func(id string) []string { return []string{"WORKER_JOB_ID=" + id} }
	for name, attempt := range map[string]struct {
		first, second []string // environment variables
		records       int      // of the second
	}{
		"outside the platform":                {nil, nil, rows - read},
		"within its job":                      {inJob("7"), inJob("7"), rows - read},
		"not in another job":                  {inJob("7"), inJob("8"), rows},
		"not in a job what began outside one": {nil, inJob("8"), rows},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 4, Rows: map[string]int{table: rows}})
			l.config["cursor_for_untracked"] = "off"
			d, catalog := destination.New(), l.configured(table)
			catalog.Overwrite(1)
			result := l.runWith(attempt.first, l.readArgs(d, catalog)...)
			l.apply(d, catalog, killed(result, cuts(result)[3]))
			if attempt.records == rows {
				catalog.Overwrite(2)
			}
			report := l.sync(d, catalog, attempt.second...)
			assert.Equal(t, attempt.records, report.Records())
			l.equal(d, table)
		})
	}
}

func TestAFinishedFullRefreshIsReadAgainExceptWithinItsJob(t *testing.T) {
	t.Parallel()
	const table, rows = "contoso_child", 50
	for name, second := range map[string]struct {
		variables []string
		records   int
	}{
		"in the same job nothing is left to read": {[]string{"WORKER_JOB_ID=7"}, 0},
		"in the next job all rows are read":       {[]string{"WORKER_JOB_ID=8"}, rows},
		"outside the platform all rows are read":  {nil, rows},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 4, Rows: map[string]int{table: rows}})
			l.config["cursor_for_untracked"] = "off"
			d, catalog := destination.New(), l.configured(table)
			l.sync(d, catalog, "WORKER_JOB_ID=7")
			report := l.sync(d, catalog, second.variables...)
			assert.Equal(t, second.records, report.Records())
			assert.NotEmpty(t, report.Streams[table].States)
		})
	}
}

func TestOutsideThePlatformAFinishedFullRefreshIsReadAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 4, Rows: map[string]int{"contoso_child": 50}})
	l.config["cursor_for_untracked"] = "off"
	d, catalog := destination.New(), l.configured("contoso_child")
	for range 2 {
		assert.Equal(t, 50, l.sync(d, catalog).Records())
		l.equal(d, "contoso_child")
	}
}

func TestAStateThatCannotBeUsedIsReported(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 4, Rows: map[string]int{"task": 40, "feedback": 40}})
	d, catalog := destination.New(), l.configured("task", "feedback")
	l.sync(d, catalog)
	var state map[string]any
	require.NoError(t, json.Unmarshal(d.State("feedback"), &state))
	for name, wrong := range map[string]struct {
		spoil map[string]any
		words []string
	}{
		"a version from the future":      {map[string]any{"version": 99}, []string{"newer version"}},
		"a phase that does not exist":    {map[string]any{"phase": "asleep"}, []string{"not written by this connector"}},
		"a version that is no number":    {map[string]any{"version": "one"}, []string{"not written by this connector"}},
		"a cursor that is no time":       {map[string]any{"max_cursor": "soon"}, []string{"not written by this connector"}},
		"changes without a place to ask": {map[string]any{"delta_link": ""}, []string{"not written by this connector"}},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := map[string]any{}
			for member, value := range state {
				spoiled[member] = value
			}
			for member, value := range wrong.spoil {
				spoiled[member] = value
			}
			raw, err := json.Marshal(spoiled)
			require.NoError(t, err)
			require.NoError(t, d.SetState("feedback", raw))
			l.with(t, nil).failsAlone(d, catalog, "feedback", wrong.words...)
		})
	}
}
