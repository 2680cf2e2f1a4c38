package integration_tests_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestOnlySelectedColumnsAreRequested(t *testing.T) {
	t.Parallel()
	const (
		page = "odata.track-changes,odata.maxpagesize=37"
		keys = "odata.track-changes,odata.maxpagesize=5000"
	)
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"account": 80}})
	d, catalog := destination.New(), l.configured("account")
	keep := []string{"accountid", "name", "_primarycontactid_value", destination.UpdatedAt, destination.DeletedAt}
	s := catalog.Stream("account")
	for column := range s.Stream.JSONSchema.Properties {
		if !slices.Contains(keep, column) {
			s.Deselect(column)
		}
	}
	l.sync(d, catalog)
	l.equal(d, "account")
	var prefer []string
	for _, r := range l.server.Requests() {
		if !strings.HasSuffix(r.Path, "/accounts") {
			continue
		}
		query, err := url.ParseQuery(r.RawQuery)
		require.NoError(t, err)
		selected := strings.Split(query.Get("$select"), ",")
		if r.Prefer == keys {
			assert.Equal(t, []string{"accountid"}, selected)
		} else {
			assert.ElementsMatch(t, []string{"accountid", "name", "_primarycontactid_value", "versionnumber"}, selected)
		}
		prefer = append(prefer, r.Prefer)
	}
	assert.Equal(t, []string{
		keys,             // the table is known to have more than one page
		page, page, page, // its rows
		"odata.maxpagesize=37", // the changes since the token scan
	}, prefer)
}

func TestARemovedColumnIsOmitted(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"task": 40}})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	require.NoError(t, l.environment.RemoveColumn("task", "category"))
	report := l.sync(d, catalog)
	assert.Len(t, warnings(report, "category"), 1)
	assert.Equal(t, 40, report.Streams["task"].Records, "the service's tokens end with a change of the schema")
	l.equal(d, "task")
}

func TestATableWithoutChangeTrackingIsReadInFullEachTime(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"contoso_child": 50, "contoso_sensordata": 50}})
	l.config["cursor_for_untracked"] = "off" // as if the catalog was discovered before the setting existed
	d, catalog := destination.New(), l.configured("contoso_child", "contoso_sensordata")
	delete(l.config, "cursor_for_untracked")
	for _, s := range catalog.Streams { // as PyAirbyte asks of every stream
		s.SyncMode, s.DestinationSyncMode = destination.Incremental, destination.AppendDedup
	}
	for range 2 {
		report := l.sync(d, catalog)
		assert.Equal(t, 50, report.Streams["contoso_child"].Records)
		assert.Equal(t, 50, report.Streams["contoso_sensordata"].Records)
		l.equal(d, "contoso_child", "contoso_sensordata")
	}
}

// failsAlone requires that a stream failed with words of its own, and that the others were read.
func (l *lab) failsAlone(d *destination.Destination, catalog destination.Catalog, stream string, words ...string) {
	l.t.Helper()
	report, result := l.read(d, catalog)
	assert.Equal(l.t, 1, result.ExitCode)
	for _, s := range catalog.Streams {
		reported := report.Streams[s.Stream.Name]
		if s.Stream.Name != stream {
			assert.Equal(l.t, "COMPLETE", reported.Statuses[len(reported.Statuses)-1])
			assert.Empty(l.t, reported.Errors)
			continue
		}
		assert.Equal(l.t, "INCOMPLETE", reported.Statuses[len(reported.Statuses)-1])
		require.Len(l.t, reported.Errors, 1)
		assert.Equal(l.t, "config_error", reported.Errors[0].FailureType)
		assert.True(l.t, holds(reported.Errors[0].Message, words...), reported.Errors[0].Message)
	}
	last := report.Errors[len(report.Errors)-1]
	assert.Nil(l.t, last.Stream)
	assert.Contains(l.t, last.Message, "1 of")
}

func TestAFailedStreamDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	options := simulator.Options{Seed: 3, Rows: map[string]int{"task": 40, "feedback": 40, "contoso_child": 40}}
	for name, failing := range map[string]struct {
		stream  string
		prepare func(*testing.T, *lab, destination.Catalog)
		words   []string
	}{
		"a stream that does not exist": {"nobody", func(_ *testing.T, _ *lab, c destination.Catalog) {
			c.Stream("feedback").Stream.Name = "nobody"
		}, []string{"no table nobody", "deselect"}},
		"a table that was removed": {"feedback", func(t *testing.T, l *lab, _ destination.Catalog) {
			require.NoError(t, l.environment.RemoveTable("feedback"))
		}, []string{"no table feedback", "Refresh the source schema"}},
		"a table that is tracked no longer": {"feedback", func(t *testing.T, l *lab, _ destination.Catalog) {
			require.NoError(t, l.environment.SetTracked("feedback", false))
		}, []string{"Change tracking of table feedback is off", "full refresh"}},
		"a table that may not be read": {"feedback", func(_ *testing.T, l *lab, _ destination.Catalog) {
			l.environment.SetReadDepth("feedback", schema.None)
		}, []string{"prvReadFeedback", "security role"}},
		"a table that may be read in part": {"feedback", func(_ *testing.T, l *lab, _ destination.Catalog) {
			l.environment.SetReadDepth("feedback", schema.Local)
		}, []string{"prvReadFeedback", "Organization level"}},
		"a selection of columns that are gone": {"feedback", func(_ *testing.T, _ *lab, c destination.Catalog) {
			c.Stream("feedback").Stream.JSONSchema.Properties = map[string]destination.Property{"gone": {Type: []string{"null", "string"}}}
		}, []string{"No selected column", "feedback"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, options)
			d, catalog := destination.New(), l.configured("task", "feedback", "contoso_child")
			l.sync(d, catalog)
			failing.prepare(t, l, catalog)
			work := newWorkload(t, l.environment, 3)
			work.change("task", 5)
			work.change("contoso_child", 5)
			l.failsAlone(d, catalog, failing.stream, failing.words...)
			l.equal(d, "task")
			require.NotEmpty(t, d.Differences("contoso_child", l.environment.Rows("contoso_child")),
				"a read that failed must not finish an overwrite")
		})
	}
}

func TestAnEntitySetOfAnotherNameIsUsed(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"task": 40}})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	require.NoError(t, l.environment.SetEntitySet("task", "tasksrenamed"))
	changed := newWorkload(t, l.environment, 3).change("task", 5)
	report := l.sync(d, catalog)
	assert.Equal(t, len(changed), report.Records())
	l.equal(d, "task")
}

func TestADeletionFillsTheConfiguredCursor(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"task": 40}})
	d, catalog := destination.New(), l.configured("task")
	catalog.Stream("task").CursorField = []string{"modifiedon"} // as connections of the Python connector have it
	l.sync(d, catalog)
	ids := slices.Sorted(maps.Keys(maps.Collect(l.environment.Rows("task"))))
	for _, id := range ids[:5] {
		require.NoError(t, l.environment.Delete("task", id))
	}
	report := l.sync(d, catalog)
	assert.Equal(t, 5, report.Streams["task"].Deletions)
	l.equal(d, "task")
}

func TestColumnsSelectedLaterAreFilledInChangedRows(t *testing.T) {
	t.Parallel()
	for name, behaviors := range map[string]simulator.Behaviors{
		"the service takes a token with other columns": {EditedSelect: simulator.Honoured},
		"the service keeps to the token's columns":     {EditedSelect: simulator.Ignored},
		"the service refuses other columns":            {EditedSelect: simulator.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"task": 40}, Behaviors: behaviors})
			d, catalog := destination.New(), l.configured("task")
			all := catalog.Stream("task").Stream.JSONSchema.Properties
			narrow := l.configured("task")
			narrow.Stream("task").Deselect("description", "subject")
			require.Contains(t, all, "description")
			l.sync(d, narrow)
			changed := newWorkload(t, l.environment, 3).change("task", 5)
			report := l.sync(d, catalog)
			assert.Equal(t, len(changed), report.Records())
			assert.Equal(t, changed.deletions(), report.Streams["task"].Deletions)
			assert.NotEmpty(t, warnings(report, "selected columns have changed"))
			assert.Empty(t, warnings(report, "re-read in full"))
		})
	}
}
