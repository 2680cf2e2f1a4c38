package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// child is a table without change tracking, and boundedBy one whose delta token bounds its scans.
const (
	child     = "contoso_child"
	boundedBy = "team"
)

// untrackedLab is a lab with a clock that stands still until the test moves it.
func untrackedLab(t *testing.T, rows int) (l *lab, now *time.Time) {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Second)
	l = newLab(t, simulator.Options{Seed: 4, Rows: map[string]int{child: rows, boundedBy: 5}, Clock: func() time.Time { return at }})
	return l, &at
}

// upserted requires that the destination has all rows of the environment as they are there. It may have others.
func (l *lab) upserted(d *destination.Destination, stream string) {
	l.t.Helper()
	missing := maps.Collect(l.environment.Rows(stream))
	for _, difference := range d.Differences(stream, maps.All(missing)) {
		assert.Contains(l.t, difference, "is not in the environment")
	}
}

func newName(name string) simulator.Row { return simulator.Row{"contoso_name": name} }

func TestAnUntrackedTableBringsWhatIsNewAndChanged(t *testing.T) {
	t.Parallel()
	l, _ := untrackedLab(t, 90)
	d, catalog := destination.New(), l.configured(child)
	stream := catalog.Stream(child)
	require.Equal(t, destination.Incremental, stream.SyncMode)
	require.NotContains(t, stream.Stream.JSONSchema.Properties, destination.DeletedAt)

	report := l.sync(d, catalog)
	assert.Equal(t, 90, report.Streams[child].Records)
	l.equal(d, child)
	assert.Len(t, logged(report, "found by versionnumber. Rows deleted in Dataverse are not found."), 1)

	assert.Zero(t, l.sync(d, catalog).Records(), "nothing has changed")

	ids := l.environment.IDs(child)
	require.NoError(t, l.environment.Update(child, ids[3], newName("changed")))
	require.NoError(t, l.environment.Delete(child, ids[4]))
	_, err := l.environment.Create(child, newName("new"))
	require.NoError(t, err)
	assert.Equal(t, 2, l.sync(d, catalog).Streams[child].Records)
	l.upserted(d, child)
	assert.Len(t, d.Differences(child, l.environment.Rows(child)), 1, "the deletion is not found")
	assert.Zero(t, d.Duplicates(child))
}

func TestARowThatIsCommittedLateIsNotPassedOver(t *testing.T) {
	t.Parallel()
	for name, bounded := range map[string]bool{"with a version bound": true, "by an overlap": false} {
		t.Run(name, func(t *testing.T) {
			l, now := untrackedLab(t, 90)
			d, catalog := destination.New(), l.configured(child)
			if !bounded {
				for _, table := range []string{boundedBy, "systemuserroles", "businessunit", "transactioncurrency"} {
					l.environment.SetReadDepth(table, schema.Local)
				}
			}
			l.sync(d, catalog)

			late := l.environment.Begin()
			_, err := late.Create(child, newName("late"))
			require.NoError(t, err)
			_, err = l.environment.Create(child, newName("early"))
			require.NoError(t, err)
			*now = now.Add(time.Minute)
			report := l.sync(d, catalog)
			l.equalExceptBeyond(d, bounded)
			assert.Equal(t, !bounded, len(logged(report, "Each sync sends some rows again")) == 1)

			late.Commit()
			*now = now.Add(time.Minute)
			l.sync(d, catalog)
			l.equal(d, child)

			*now = now.Add(time.Hour)
			l.sync(d, catalog)
			*now = now.Add(time.Hour)
			assert.Zero(t, l.sync(d, catalog).Records(), "an overlap ends")
		})
	}
}

// equalExceptBeyond requires the rows of the child table, without the newest one if a bound is below it.
func (l *lab) equalExceptBeyond(d *destination.Destination, bounded bool) {
	l.t.Helper()
	want := 0
	if bounded {
		want = 1
	}
	assert.Len(l.t, d.Differences(child, l.environment.Rows(child)), want)
}

func TestATableWithoutVersionsIsReadFromTimesOn(t *testing.T) {
	t.Parallel()
	l, now := untrackedLab(t, 90)
	require.NoError(t, l.environment.RemoveColumn(child, "versionnumber"))
	d, catalog := destination.New(), l.configured(child)
	l.config["odata_maxpagesize"] = 7
	report := l.sync(d, catalog)
	assert.Equal(t, 90, report.Streams[child].Records)
	assert.Len(t, logged(report, "found by modifiedon"), 1)

	*now = now.Add(time.Hour)
	for n := range 30 { // all within one second
		_, err := l.environment.Create(child, newName(fmt.Sprint("tie ", n)))
		require.NoError(t, err)
	}
	assert.Equal(t, 30, l.sync(d, catalog).Streams[child].Records, "no page ends between rows that cannot be distinguished")
	l.equal(d, child)

	_, err := l.environment.Create(child, newName("in the same second as that sync"))
	require.NoError(t, err)
	l.sync(d, catalog)
	l.equal(d, child)
	*now = now.Add(time.Hour)
	l.sync(d, catalog)
	*now = now.Add(time.Hour)
	assert.Zero(t, l.sync(d, catalog).Records())
}

func TestAnUntrackedTableOfARestoredBackupIsReReadInFull(t *testing.T) {
	t.Parallel()
	for name, overtaken := range map[string]bool{"whose version is lower": false, "whose version has overtaken the state": true} {
		t.Run(name, func(t *testing.T) {
			l, _ := untrackedLab(t, 60)
			d, catalog := destination.New(), l.configured(child)
			backup := l.environment.Backup()
			ids := l.environment.IDs(child)
			require.NoError(t, l.environment.Update(child, ids[3], newName("lost by the restore")))
			l.sync(d, catalog)
			ahead := int64(0)
			if overtaken {
				ahead = 1000
			}
			l.environment.Restore(backup, ahead)
			report := l.sync(d, catalog)
			assert.Len(t, warnings(report, "lower row version than at the last sync"), 1)
			l.equal(d, child)
		})
	}
}

func TestAReadByVersionResumesWithoutACookie(t *testing.T) {
	t.Parallel()
	l, _ := untrackedLab(t, 200)
	catalog := l.configured(child)
	report := l.sync(destination.New(), catalog)
	for _, state := range report.Streams[child].States {
		var s struct {
			Link string `json:"link"`
		}
		require.NoError(t, json.Unmarshal(state.StreamState, &s))
		assert.Empty(t, s.Link)
	}
}

func TestTrackingTurnedOnLaterIsUsedOnceTheSchemaIsRefreshed(t *testing.T) {
	t.Parallel()
	l, _ := untrackedLab(t, 60)
	d, before := destination.New(), l.configured(child)
	l.sync(d, before)
	require.NoError(t, l.environment.SetTracked(child, true))
	report := l.sync(d, before)
	assert.Len(t, warnings(report, "Change tracking of the table was off at the last sync and is on now"), 1)
	require.NoError(t, l.environment.Delete(child, l.environment.IDs(child)[0]))
	l.sync(d, l.configured(child))
	l.equal(d, child)

	require.NoError(t, l.environment.SetTracked(child, false))
	report = l.sync(d, before)
	assert.Len(t, warnings(report, "The stream was read in another way before"), 1)
	l.equal(d, child)
}

func TestTheSettingOffOffersAFullRefreshOnly(t *testing.T) {
	l, _ := untrackedLab(t, 30)
	l.config["cursor_for_untracked"] = "off"
	stream := byName(l.discover())[child]
	assert.Equal(t, []string{destination.FullRefresh}, stream.SupportedSyncModes)
	assert.NotContains(t, stream.JSONSchema.Properties, destination.UpdatedAt)
}
