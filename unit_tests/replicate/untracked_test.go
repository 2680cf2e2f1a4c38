package replicate_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

const versionedRows dataverse.Link = "accounts?$select=accountid,name,versionnumber"

// withoutVersion is the link that asks for a row without a version.
const withoutVersion dataverse.Link = "accounts?$select=accountid&$filter=versionnumber%20eq%20null"

// untracked is an account stream without change tracking, as discovery offers it.
func untracked(state string, columns ...dataverse.Column) replicate.Stream {
	table := account()
	table.Tracked = false
	table.Columns = append(table.Columns, columns...)
	s := streamOf(table, airbyte.SyncModeIncremental, state)
	s.Configured.SupportedSyncModes = []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental}
	delete(s.Configured.Columns, catalog.DeletedAt)
	return s
}

func byVersion(state string) replicate.Stream {
	return untracked(state, dataverse.Column{Property: "versionnumber", Type: dataverse.BigInt})
}

// after is the link to the rows with a greater version, at most bound unless that is 0.
func after(version, bound int) dataverse.Link {
	filter := fmt.Sprintf("&$filter=versionnumber%%20gt%%20%d", version)
	if bound > 0 {
		filter += fmt.Sprintf("%%20and%%20versionnumber%%20le%%20%d", bound)
	}
	return versionedRows + dataverse.Link(filter) + "&$orderby=versionnumber"
}

// newestIs is the link that asks for the version of a row.
func newestIs(key string) dataverse.Link {
	return dataverse.Link("accounts?$select=accountid,versionnumber&$filter=accountid%20eq%20" + key)
}

// at is a row with a version.
func at(id string, version int) string {
	return fmt.Sprintf(`{"accountid":"%s","name":"%[1]s","versionnumber":%d}`, id, version)
}

func versionState(rest string) string {
	return `{"version":2,"phase":"by_version","columns":["accountid","name","versionnumber"],` + rest + `}`
}

// scripted makes a service of responses to links with a filter, and of others.
func scripted(filtered, others map[dataverse.Link]response) *service {
	s := script(others)
	s.filtered = map[dataverse.Link][]response{}
	for link, r := range filtered {
		s.filtered[link] = []response{r}
	}
	return s
}

// noted are the links of all requests, in order.
func (s *service) notedLinks() []dataverse.Link {
	var links []dataverse.Link
	for _, q := range s.noted {
		links = append(links, q.Link)
	}
	return links
}

// team is a table whose delta token bounds scans.
func team(name string) dataverse.Table {
	return dataverse.Table{LogicalName: name, EntitySet: name + "s", PrimaryID: name + "id", Tracked: true}
}

func teamKeys(name string) dataverse.Link { return dataverse.Link(name + "s?$select=" + name + "id") }

func withOrigins(names ...string) func(*replicate.Job) {
	return func(j *replicate.Job) {
		for _, name := range names {
			j.Origins = append(j.Origins, team(name))
		}
	}
}

// issuedAt is the response of a small table with a delta token of a version.
func issuedAt(version int) response { return response{delta: changesSince(version)} }

// changed is an account's record without a deletion.
func changed(id, cursor string) string {
	return `account RECORD {"accountid":"` + id + `","name":"` + id + `","_ab_cdc_updated_at":"` + cursor + `"}`
}

func TestAnUntrackedTableIsReadUpToAVersionBound(t *testing.T) {
	s := scripted(map[dataverse.Link]response{
		after(0, 900): {rows: []string{at("a2", 3), at("a1", 7)}, next: versionedRows + "&$skiptoken=1"},
		after(7, 900): {rows: []string{at("a3", 800)}},
	}, map[dataverse.Link]response{teamKeys("team"): issuedAt(900)})
	got := run(t, s, withOrigins("team"), byVersion(""))
	began := `,"began":"2026-04-01T12:00:00Z"`
	newest := `,"newest_seen":{"key":"a1","version":"7"},`
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		`account STATE 0.0 ` + versionState(`"max_cursor":"`+noon+`",`+ofOrganization()+began),
		changed("a2", noon), changed("a1", noon),
		`account STATE 2.0 ` + versionState(`"max_cursor":"`+noon+`"`+newest+ofOrganization()+`,"after_version":"7","version_bound":"900"`+began),
		`account STATE 0.0 ` + versionState(`"max_cursor":"`+afterNoon+`"`+newest+ofOrganization()+`,"after_version":"7","version_bound":"900"`+began),
		changed("a3", afterNoon),
		`account STATE 1.0 ` + versionState(`"max_cursor":"`+afterNoon+`","newest_row":{"key":"a3","version":"800"},`+ofOrganization()+
			`,"after_version":"800","version_bound":"900"`),
		"account COMPLETE",
	}, got.messages)
	assert.Equal(t, []dataverse.Link{teamKeys("team"), withoutVersion, after(0, 900), after(7, 900)}, s.notedLinks(), "the bound is taken first, and no paging cookie is followed")
	assert.True(t, s.noted[0].TrackChanges)
	assert.False(t, s.noted[2].TrackChanges)
	assert.Equal(t, 1, strings.Count(got.log, "found by versionnumber. Rows deleted in Dataverse are not found."))
}

func TestAnInterruptedReadByVersionContinuesAfterItsLastRow(t *testing.T) {
	states := func() []string {
		s := scripted(map[dataverse.Link]response{
			after(0, 900): {rows: []string{at("a2", 3), at("a1", 7)}, next: versionedRows + "&$skiptoken=1"},
			after(7, 900): {rows: []string{at("a3", 800)}},
		}, map[dataverse.Link]response{teamKeys("team"): issuedAt(900)})
		return run(t, s, withOrigins("team"), byVersion("")).states()
	}()
	for i, from := range []int{0, 7, 7, 800} {
		s := scripted(map[dataverse.Link]response{
			after(from, 950): {rows: []string{at("a4", 940)}}, newestIs("a3"): {rows: []string{at("a3", 800)}},
		}, map[dataverse.Link]response{teamKeys("team"): issuedAt(950)})
		got := run(t, s, withOrigins("team"), byVersion(states[i]))
		require.Equal(t, "account COMPLETE", got.last(), got.messages)
		assert.Len(t, got.records(), 1)
		assert.Contains(t, got.lastState(), `"after_version":"940"`)
	}
}

func TestWithoutABoundRecentRowsAreReadAgain(t *testing.T) {
	state := ""
	for _, sync := range []struct {
		at     time.Duration
		after  int
		row    string
		holds  string // in the state at the end
		newest int
	}{
		{0, 0, at("a1", 10), `"marks":[{"at":"2026-04-01T12:00:00Z","version":"10"}]`, 0},
		{9 * time.Minute, 0, at("a1", 20), `"marks":[{"at":"2026-04-01T12:00:00Z","version":"10"},{"at":"2026-04-01T12:09:00Z","version":"20"}]`, 10},
		{time.Hour, 0, at("a1", 30), `"after_version":"20","marks":[{"at":"2026-04-01T13:00:00Z","version":"30"}]`, 20},
		{2 * time.Hour, 20, at("a1", 30), `"after_version":"30"`, 30},
		{3 * time.Hour, 30, "", `"after_version":"30"`, 30},
	} {
		r := response{at: serviceTime().Add(sync.at)}
		if sync.row != "" {
			r.rows = []string{sync.row}
		}
		s := scripted(map[dataverse.Link]response{after(sync.after, 0): r, newestIs("a1"): {rows: []string{at("a1", sync.newest)}}}, nil)
		got := run(t, s, nil, byVersion(state))
		require.Equal(t, "account COMPLETE", got.last(), got.messages)
		state = got.lastState()
		assert.Contains(t, state, sync.holds)
		assert.Equal(t, 1, strings.Count(got.log, "sends some rows again"), "the log reports it")
	}
}

func TestTheBoundComesFromTheFirstTableThatGivesOne(t *testing.T) {
	s := scripted(map[dataverse.Link]response{after(0, 900): {rows: []string{at("a1", 5)}}}, map[dataverse.Link]response{
		teamKeys("a"): {err: refusal(http.StatusForbidden, "0x80040220")},
		teamKeys("b"): {next: "bs?$skiptoken=1"},
		teamKeys("c"): {delta: "cs?$deltatoken=opaque"},
		teamKeys("d"): issuedAt(900),
	})
	second := byVersion("")
	second.Configured.Name, second.Table = "contact", new(*second.Table)
	second.Table.LogicalName = "contact"
	s.filtered[after(0, 900)] = append(s.filtered[after(0, 900)], response{})
	got := run(t, s, withOrigins("a", "b", "c", "d", "e"), byVersion(""), second)
	require.Zero(t, got.failed, got.messages)
	asked := map[dataverse.Link]int{}
	for _, link := range s.notedLinks() {
		asked[link]++
	}
	assert.Equal(t, map[dataverse.Link]int{teamKeys("a"): 1, teamKeys("b"): 1, teamKeys("c"): 1, teamKeys("d"): 1, withoutVersion: 2, after(0, 900): 2}, asked,
		"another stream uses the same bound")
}

func TestALowerVersionLeadsToAResyncWithAWarning(t *testing.T) {
	saved := versionState(`"max_cursor":"` + noon + `","newest_row":{"key":"a1","version":"800"},` + ofOrganization() + `,"after_version":"800","version_bound":"900"`)
	for name, c := range map[string]struct {
		bound  int
		newest []string
		resync bool
	}{
		"the bound has fallen":                  {899, []string{at("a1", 800)}, true},
		"the version of a row has fallen":       {900, []string{at("a1", 799)}, true},
		"the row is the same":                   {900, []string{at("a1", 800)}, false},
		"the row has changed":                   {950, []string{at("a1", 940)}, false},
		"the row is gone, as if it was deleted": {950, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			from := map[bool]int{true: 0, false: 800}[c.resync]
			s := scripted(map[dataverse.Link]response{
				newestIs("a1"): {rows: c.newest}, after(from, c.bound): {rows: []string{at("a9", 850)}},
			}, map[dataverse.Link]response{teamKeys("team"): issuedAt(c.bound)})
			got := run(t, s, withOrigins("team"), byVersion(saved))
			require.Equal(t, "account COMPLETE", got.last(), got.messages)
			assert.Equal(t, []string{changed("a9", afterNoon)}, got.records(), "the cursor never falls")
			assert.Equal(t, c.resync, strings.Contains(got.log, "level=WARN msg=\"The environment has a lower row version"))
		})
	}
}

func TestAnEnvironmentRestoredDuringAnInterruptedReadIsReReadInFull(t *testing.T) {
	s := scripted(map[dataverse.Link]response{
		after(0, 900): {rows: []string{at("a1", 7), at("a2", 800)}, next: versionedRows + "&$skiptoken=1"}, after(800, 900): {err: errors.New("reset")},
	}, map[dataverse.Link]response{teamKeys("team"): issuedAt(900)})
	saved := run(t, s, withOrigins("team"), byVersion("")).lastState()
	s = scripted(map[dataverse.Link]response{
		newestIs("a2"): {}, after(0, 500): {rows: []string{at("a1", 7), at("a3", 490)}},
	}, map[dataverse.Link]response{teamKeys("team"): issuedAt(500)})
	got := run(t, s, withOrigins("team"), byVersion(saved))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Equal(t, []string{changed("a1", afterNoon), changed("a3", afterNoon)}, got.records())
	assert.Contains(t, got.log, "level=WARN msg=\"The environment has a lower row version")
}

func TestAPageThatIsNotInOrderIsNotSent(t *testing.T) {
	for name, rows := range map[string][]string{
		"a lower version after a greater one": {at("a1", 7), at("a2", 3)},
		"a version that was passed":           {at("a1", 0)},
		"a row without a version":             {row("a1", inMarch)},
	} {
		t.Run(name, func(t *testing.T) {
			s := scripted(map[dataverse.Link]response{after(0, 0): {rows: rows}}, nil)
			got := run(t, s, nil, byVersion(""))
			assert.Equal(t, 1, got.failed)
			assert.Empty(t, got.records())
			assert.Contains(t, strings.Join(got.messages, "\n"), "not in the requested order of versionnumber")
		})
	}
}

func TestAnEmptyPageWithANextLinkIsPassed(t *testing.T) {
	const next = versionedRows + "&$skiptoken=1"
	s := scripted(map[dataverse.Link]response{after(0, 0): {next: next}}, map[dataverse.Link]response{next: {rows: []string{at("a1", 7)}}})
	got := run(t, s, nil, byVersion(""))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Len(t, got.records(), 1)
}

func TestAPageByVersionMayBecomeSmaller(t *testing.T) {
	s := scripted(nil, nil)
	s.filtered[after(0, 0)] = []response{
		{err: tooExpensive()}, {rows: []string{at("a1", 7)}, next: versionedRows + "&$skiptoken=1"},
	}
	s.filtered[after(7, 0)] = []response{{rows: []string{at("a2", 8)}}}
	got := run(t, s, nil, byVersion(""))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Len(t, got.records(), 2)
	assert.Equal(t, 1000, s.noted[2].Size)
}

func TestATableWhoseTrackingIsTurnedOnIsFollowed(t *testing.T) {
	s := script(smallTable())
	s.responses[changesSince(100)] = []response{{delta: changesSince(101)}}
	got := run(t, s, nil, incremental(versionState(`"max_cursor":"`+noon+`",`+ofOrganization()+`,"after_version":"7"`)))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Contains(t, got.log, "Change tracking of the table was off at the last sync")
	assert.Contains(t, got.lastState(), `"phase":"changes"`)
}

func TestAnUntrackedStreamReportsHowItContinues(t *testing.T) {
	removed := byVersion(versionState(ofOrganization() + `,"generation":1,"after_version":"7"`))
	removed.Configured.GenerationID, removed.Configured.MinimumGenerationID = new(int64(2)), new(int64(2))
	for name, c := range map[string]struct {
		stream replicate.Stream
		from   int
		want   string
	}{
		"another organization": {byVersion(versionState(`"organization":"other","after_version":"7"`)), 0, "level=WARN msg=\"The url leads to another organization"},
		"a full refresh":       {byVersion(fullState(ofOrganization())), 0, "level=WARN msg=\"The stream was read in another way before"},
		"a removal":            {removed, 0, "level=INFO msg=\"The destination removes the rows"},
		"an interrupted scan":  {byVersion(versionState(ofOrganization() + `,"sent_version":"7","began":"2026-04-01T11:00:00Z"`)), 7, "level=INFO msg=\"The read of the table continues"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, scripted(map[dataverse.Link]response{after(c.from, 0): {rows: []string{at("a1", 8)}}}, nil), nil, c.stream)
			require.Equal(t, "account COMPLETE", got.last(), got.messages)
			assert.Contains(t, got.log, c.want)
		})
	}
}
