package replicate_test

import (
	"net/http"
	"slices"
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

func TestAFullRefreshThatBecomesIncrementalHasUnknownDeletions(t *testing.T) {
	const began = `,"began":"2026-03-31T00:00:00Z"`
	const complete = `,"__ab_full_refresh_sync_complete":true`
	maxCursor := `"max_cursor":"` + april + `",`
	for name, c := range map[string]struct{ state, since string }{
		"complete":                           {fullState(maxCursor + ofOrganization() + began + complete), "2026-03-31T00:00:00Z"},
		"interrupted":                        {fullState(maxCursor + ofOrganization() + began), "1970-01-01T00:00:00Z"},
		"interrupted, with rows sent before": {fullState(maxCursor + `"restarts":1,` + ofOrganization() + began), "1970-01-01T00:00:00Z"},
		"of a version that did not note it":  {fullState(maxCursor + ofOrganization() + complete), "1970-01-01T00:00:00Z"},
		"complete, without a cursor":         {fullState(ofOrganization() + began + complete), "2026-03-31T00:00:00Z"},
		"interrupted, without a cursor":      {fullState(`` + ofOrganization() + began), "1970-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			got := run(t, s, nil, incremental(c.state))
			assert.Equal(t, scansOf(), s.links())
			assert.Contains(t, got.log, "was set to full refresh before")
			assert.Contains(t, got.log, "Rows deleted before that remain in the destination until you run")
			assert.NotContains(t, got.lastState(), "began")
			assert.Contains(t, got.lastState(), `"deletions_unknown_since":"`+c.since+`"`)
		})
	}
}

func TestAnOldTokenOfAnInterruptedSnapshotIsChecked(t *testing.T) {
	const week = 7 * 24 * time.Hour
	rows := snapshotState(second, `"max_cursor":"`+april+`",`+ofOrganization())
	beforeRows := snapshotState(first, `"known_keys":"`+noKeys(t)+`",`+ofOrganization())
	probe := keysSince(100)
	for name, c := range map[string]struct {
		state   string
		age     time.Duration
		probe   response
		links   []dataverse.Link
		unknown bool
	}{
		"and is expired":                      {rows, week + time.Minute, response{err: expired()}, append([]dataverse.Link{probe}, scansOf()...), true},
		"and is expired, before any row":      {beforeRows, week + time.Minute, response{err: expired()}, append([]dataverse.Link{probe}, scansOf()...), true},
		"and is good":                         {rows, week + time.Minute, response{delta: probe}, []dataverse.Link{probe, second, changesSince(100)}, false},
		"and cannot be retrieved":             {rows, week + time.Minute, response{err: refusal(http.StatusBadRequest, "")}, []dataverse.Link{probe, second, changesSince(100)}, false},
		"but not while it has time to live":   {rows, week - time.Minute, response{}, []dataverse.Link{second, changesSince(100)}, false},
		"but not where its life is not known": {rows, 0, response{}, []dataverse.Link{second, changesSince(100)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.responses[probe] = []response{c.probe}
			got := run(t, s, func(j *replicate.Job) {
				if c.age > 0 {
					j.TokenLife = week
				}
				j.Now = func() time.Time { return serviceTime().Add(c.age) }
			}, incremental(c.state))
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, c.links, s.links())
			if s.asked[0].Link == probe {
				assert.Equal(t, 1, s.asked[0].Size, "a light request")
			}
			assert.Equal(t, c.unknown, strings.Contains(got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`))
		})
	}
}

func TestATokenScanInterruptedForLongStartsOver(t *testing.T) {
	const week = 7 * 24 * time.Hour
	keys := `{"version":2,"phase":"token_scan","link":"` + escaped(keysTwo) + `","issued":"2026-04-01T12:00:00Z",` + ofOrganization() + `}`
	for age, want := range map[time.Duration]dataverse.Link{week + time.Minute: keysLink, week - time.Minute: keysTwo} {
		s := trackedTable()
		s.responses[first] = s.responses[first][1:]
		s.responses[keysTwo] = []response{{delta: keysSince(100)}}
		got := run(t, s, func(j *replicate.Job) {
			j.FailOnExpiry, j.TokenLife = true, week
			j.Now = func() time.Time { return serviceTime().Add(age) }
		}, incremental(keys))
		assert.Equal(t, "account COMPLETE", got.last())
		assert.Equal(t, append([]dataverse.Link{want}, scansOf()[2:]...), s.links())
		assert.NotContains(t, got.lastState(), `"deletions_unknown_since"`)
	}
}

// refusedPages is a table of a number of pages. Those of some numbers are refused a number of times.
func refusedPages(count, times int, refused ...int) *service {
	page := func(n int) dataverse.Link { return first + dataverse.Link("&$skiptoken="+guid(n)) }
	s := script(nil)
	for n := range count {
		link, next := page(n), page(n+1)
		if n == 0 {
			link = first
		}
		if n == count-1 {
			next = ""
		}
		if slices.Contains(refused, n) {
			s.responses[link] = slices.Repeat([]response{{err: cookieRefused()}}, times)
		}
		s.responses[link] = append(s.responses[link], slices.Repeat([]response{{next: next}}, 20)...)
	}
	return s
}

func TestRestartsAreCountedFromZeroOnceAScanComesFurther(t *testing.T) {
	got := run(t, refusedPages(80, 1, 12, 24, 36, 48, 60, 72), nil, fullRefresh(""))
	assert.Equal(t, "account COMPLETE", got.last(), "each page is refused once")

	s := refusedPages(30, 19, 25)
	got = run(t, s, nil, fullRefresh(""))
	assert.Equal(t, "account INCOMPLETE", got.last(), "one page is always refused")
	assert.Len(t, s.asked, 4*26)
}

func TestATableThatBecomesTrackedHasUnknownDeletions(t *testing.T) {
	untracked := account()
	untracked.Tracked = false
	inFull := streamOf(untracked, airbyte.SyncModeFullRefresh, "")
	delete(inFull.Configured.Columns, catalog.UpdatedAt)
	delete(inFull.Configured.Columns, catalog.DeletedAt)
	const plain dataverse.Link = "accounts?$select=accountid,name"
	s := script(map[dataverse.Link]response{
		plain:            {rows: []string{row("a1", inMarch), row("a2", inMarch)}},
		changesSince(61): {delta: changesSince(61)},
	})
	got := run(t, s, nil, inFull)
	require.Zero(t, got.failed, got.messages)
	s.responses[first] = []response{{rows: []string{row("a1", inMarch)}, delta: changesSince(61)}}
	got = run(t, s, nil, incremental(got.lastState()))
	require.Zero(t, got.failed, got.messages)
	assert.Contains(t, got.lastState(), `"deletions_unknown_since":"`, "a2 was deleted")
}

func TestASnapshotWithoutACursorKnowsThatRowsWereSent(t *testing.T) {
	stream := incremental("")
	delete(stream.Configured.Columns, catalog.UpdatedAt)
	const plain dataverse.Link = "accounts?$select=accountid,name"
	s := script(map[dataverse.Link]response{
		plain: {rows: []string{row("00000000-0000-0000-0000-00000000000a", inMarch)}, delta: dataverse.NewDeltaLink("accounts", plain.Select(), token(61))},
	})
	got := run(t, s, nil, stream)
	require.NotEmpty(t, got.states())
	ahead := got.states()[0] // all that is known of the rows if the sync is killed before the next

	stream.State = []byte(ahead)
	s.responses[dataverse.NewDeltaLink("accounts", plain.Select(), token(61))] = []response{{err: expired()}}
	s.responses[plain] = []response{{delta: dataverse.NewDeltaLink("accounts", plain.Select(), token(90))}}
	s.responses[dataverse.NewDeltaLink("accounts", plain.Select(), token(90))] = []response{{delta: dataverse.NewDeltaLink("accounts", plain.Select(), token(90))}}
	got = run(t, s, func(j *replicate.Job) {
		j.TokenLife = time.Hour
		j.Now = func() time.Time { return serviceTime().Add(2 * time.Hour) }
	}, stream)
	assert.Contains(t, strings.Join(got.records(), ""), `"_ab_cdc_deleted_at":"2026`, "the row is gone, and was sent")
}

func TestAnOldTokenOfAnInterruptedSnapshotMayBeAnError(t *testing.T) {
	for name, probe := range map[string]response{"on evidence": {err: expired()}, "but not without": {err: refusal(http.StatusGone, "")}} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.responses[keysSince(100)] = []response{probe}
			got := run(t, s, func(j *replicate.Job) {
				j.FailOnExpiry, j.TokenLife = true, time.Hour
				j.Now = func() time.Time { return serviceTime().Add(2 * time.Hour) }
			}, incremental(snapshotState(second, `"max_cursor":"`+april+`",`+ofOrganization())))
			if name == "on evidence" {
				assert.Equal(t, []dataverse.Link{keysSince(100)}, s.links())
				assert.Contains(t, strings.Join(got.messages, " "), "the changes of account since 2026-04-01T12:00:00Z cannot be retrieved")
				return
			}
			assert.Equal(t, "account COMPLETE", got.last())
		})
	}
}
