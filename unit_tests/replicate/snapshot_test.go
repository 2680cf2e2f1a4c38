package replicate_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const noon = "2026-04-01T12:00:00.000000Z" // the cursor of serviceTime

// smallTable is a table that fits on one page.
func smallTable() map[dataverse.Link]response {
	return map[dataverse.Link]response{
		first: {rows: []string{row("a1", "2026-03-01T00:00:00Z"), row("a2", "2026-04-01T00:00:00Z")}, delta: changesSince(100)},
	}
}

// trackedTable is a table of two pages. A scan of its keys leads to the changes since version 100, of which there
// are none.
func trackedTable() *service {
	s := script(twoPages())
	s.responses[second][0].delta = changesSince(100)
	s.responses[first] = append(s.responses[first], s.responses[first]...) // once to see that it is not the only one
	s.responses[keysLink] = []response{{rows: []string{row("a1", ""), row("a2", ""), row("a3", "")}, delta: keysSince(100)}}
	s.responses[changesSince(100)] = []response{{delta: changesSince(101)}}
	return s
}

// noKeys is a set without keys as it stands in a state.
func noKeys(t *testing.T) string {
	t.Helper()
	text, err := checkpoint.NewKeySet().MarshalText()
	require.NoError(t, err)
	return string(text)
}

// scansOf are the links that a snapshot of trackedTable follows.
func scansOf() []dataverse.Link {
	return []dataverse.Link{first, keysLink, first, second, changesSince(100)}
}

func snapshotState(link dataverse.Link, rest string) string {
	at := ""
	if link != first {
		at = `"link":"` + escaped(link) + `",`
	}
	return `{"version":2,"phase":"snapshot",` + at + `"delta_link":"` + escaped(keysSince(100)) +
		`","issued":"2026-04-01T12:00:00Z",` + rest + `}`
}

// changesState is the state between two syncs.
func changesState(version int, maxCursor string) string {
	return `{"version":2,"phase":"changes","delta_link":"` + escaped(changesSince(version)) + `","issued":"2026-04-01T12:00:00Z","max_cursor":"` +
		maxCursor + `",` + ofOrganization() + `}`
}

func TestATableOfOnePageIsReadWithItsToken(t *testing.T) {
	s := script(smallTable())
	got := run(t, s, nil, incremental(""))
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		`account STATE 0.0 {"version":2,"phase":"snapshot","delta_link":"` + escaped(changesSince(100)) +
			`","issued":"2026-04-01T12:00:00Z","max_cursor":"` + noon + `",` + ofOrganization() + `}`,
		record("a1", noon), record("a2", noon),
		"account STATE 2.0 " + changesState(100, noon),
		"account COMPLETE",
	}, got.messages)
	assert.Equal(t, []dataverse.PageRequest{{Table: "account", Link: first, Size: 5000, TrackChanges: true}}, s.asked)
}

func TestAnOnlyPageThatWasCutOffIsReadAgainAndFollowed(t *testing.T) {
	ahead := run(t, script(smallTable()), nil, incremental("")).states()[0]
	s := script(smallTable())
	s.responses[changesSince(100)] = []response{{rows: []string{gone("a2")}, delta: changesSince(101)}}
	got := run(t, s, nil, incremental(ahead))
	assert.Equal(t, []dataverse.Link{first, changesSince(100)}, s.links())
	assert.Equal(t, []string{record("a1", afterNoon), record("a2", afterNoon), tombstone("a2", "2026-04-01T12:00:00.000002Z")}, got.records(), "all supersede what may have arrived")
}

func TestASnapshotOfSeveralPagesTakesItsTokenFirst(t *testing.T) {
	s := trackedTable()
	got := run(t, s, inJob("77"), incremental(""))
	require.NoError(t, got.err)
	assert.Zero(t, got.failed)
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		"account STATE 0.0 " + snapshotState(first, `"known_keys":"`+noKeys(t)+`",`+ofOrganization()),
		"account STATE 0.0 " + snapshotState(first, `"max_cursor":"`+noon+`",`+ofOrganization()),
		record("a1", noon), record("a2", noon),
		"account STATE 2.0 " + snapshotState(second, `"max_cursor":"`+noon+`",`+ofOrganization()),
		"account STATE 0.0 " + snapshotState(second, `"max_cursor":"`+afterNoon+`",`+ofOrganization()),
		record("a3", afterNoon),
		`account STATE 1.0 {"version":2,"phase":"changes","delta_link":"` + escaped(keysSince(100)) +
			`","issued":"2026-04-01T12:00:00Z","columns":["accountid","name"],"max_cursor":"` + afterNoon + `",` + ofOrganization() + `}`,
		"account STATE 0.0 " + changesState(101, afterNoon),
		"account COMPLETE",
	}, got.messages)
	assert.Equal(t, []dataverse.PageRequest{
		{Table: "account", Link: first, Size: 5000, TrackChanges: true},
		{Table: "account", Link: keysLink, Size: dataverse.MaxPageSize, TrackChanges: true},
		{Table: "account", Link: first, Size: 5000, TrackChanges: true}, {Table: "account", Link: second, Size: 5000, TrackChanges: true},
		{Table: "account", Link: changesSince(100), Size: 5000},
	}, s.asked)
	assert.Empty(t, got.log)
}

func TestRowsThatChangeDuringASnapshotEndUpRight(t *testing.T) {
	s := trackedTable()
	s.responses[changesSince(100)] = []response{{rows: []string{row("a1", "2026-02-01T00:00:00Z"), gone("a3"), gone("never-seen")}, delta: changesSince(101)}}
	got := run(t, s, nil, incremental(""))
	const later = "2026-04-01T12:00:00.000002Z"
	assert.Equal(t, []string{
		record("a1", noon), record("a2", noon), record("a3", afterNoon),
		record("a1", later), tombstone("a3", later), tombstone("never-seen", later),
	}, got.records(), "what happens after the keys were read comes with the changes")
}

const keysTwo = keysLink + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20/%3E"

func TestAnInterruptedTokenScanContinues(t *testing.T) {
	s := trackedTable()
	s.responses[keysLink][0].next, s.responses[keysLink][0].delta = keysTwo, ""
	s.responses[keysTwo] = []response{{delta: keysSince(100), at: serviceTime().Add(time.Hour)}}
	complete := run(t, s, nil, incremental(""))
	state := `{"version":2,"phase":"token_scan","link":"` + escaped(keysTwo) + `","issued":"2026-04-01T12:00:00Z","known_keys":"` + noKeys(t) + `",` + ofOrganization() + `}`
	assert.Equal(t, state, complete.states()[0])
	for name, c := range map[string]struct {
		refused error
		links   []dataverse.Link
	}{
		"from its last page":                        {nil, append([]dataverse.Link{keysTwo}, scansOf()[2:]...)},
		"from the first, where the page is refused": {cookieRefused(), append([]dataverse.Link{keysTwo}, scansOf()[1:]...)},
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.responses[first] = s.responses[first][:1]
			s.responses[keysTwo] = []response{{err: c.refused, delta: keysSince(100), at: serviceTime().Add(time.Hour)}}
			got := run(t, s, nil, incremental(state))
			assert.Equal(t, c.links, s.links())
			assert.Equal(t, []string{record("a1", noon), record("a2", noon), record("a3", afterNoon)}, got.records())
			assert.NotContains(t, got.lastState(), `"deletions_unknown_since"`)
			assert.Contains(t, got.lastState(), `"deletions_possibly_unknown_since":"2026-04-01T12:00:00Z"`, "rows may have been sent with a former token")
			assert.Equal(t, 1, strings.Count(got.log, "level=WARN msg=\"The last sync was interrupted while it took a delta token"))
		})
	}
}

func TestATokenScanOfAnotherEntitySetStartsOver(t *testing.T) {
	s := trackedTable()
	s.responses[first] = s.responses[first][:1]
	got := run(t, s, nil, incremental(`{"version":2,"phase":"token_scan","link":"old_accounts?$select=accountid\u0026$skiptoken=1",`+ofOrganization()+`}`))
	assert.Equal(t, scansOf()[1:], s.links())
	assert.NotContains(t, got.lastState(), `"deletions_unknown_since"`)
	assert.Contains(t, got.lastState(), `"deletions_possibly_unknown_since":"1970-01-01T00:00:00Z"`)
}

func TestAnInterruptedSnapshotContinuesFromItsLastState(t *testing.T) {
	const later = "2026-04-01T12:00:00.000002Z"
	complete := run(t, trackedTable(), nil, incremental(""))
	for i, state := range complete.states() {
		t.Run(fmt.Sprintf("state %d", i), func(t *testing.T) {
			s := trackedTable()
			s.responses[first] = s.responses[first][:1]
			if i == 5 {
				s.responses[changesSince(101)] = []response{{delta: changesSince(102)}}
			}
			got := run(t, s, nil, incremental(state))
			assert.Equal(t, [][]dataverse.Link{scansOf()[2:], scansOf()[2:], scansOf()[3:], scansOf()[3:], scansOf()[4:], {changesSince(101)}}[i], s.links())
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, [][]string{
				{record("a1", noon), record("a2", noon), record("a3", afterNoon)},
				{record("a1", afterNoon), record("a2", afterNoon), record("a3", later)},
				{record("a3", afterNoon)}, {record("a3", later)}, nil, nil,
			}[i], got.records(), "a killed process may have sent more than its state covers")
		})
	}
}

func TestASnapshotThatStartsOverSupersedesItself(t *testing.T) {
	const seen = "2026-05-01T00:00:00.000000Z"
	const risen = "2026-05-01T00:00:00.000001Z"
	rest := `"max_cursor":"` + seen + `",` + ofOrganization()
	cases := map[string]struct {
		state string
		asked []dataverse.Link
		err   error // of the third page
	}{
		"other columns":          {snapshotState("accounts?$select=accountid&$skiptoken=1", rest), scansOf()[2:], nil},
		"another entity set":     {snapshotState("old_accounts?$select=accountid,name", rest), scansOf()[2:], nil},
		"a refused cookie":       {snapshotState(third, rest), append([]dataverse.Link{third}, scansOf()[2:]...), cookieRefused()},
		"a link that parses not": {snapshotState(third, rest), append([]dataverse.Link{third}, scansOf()[2:]...), refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.responses[first] = s.responses[first][:1]
			s.responses[third] = []response{{err: c.err}}
			got := run(t, s, nil, incremental(c.state))
			assert.Equal(t, c.asked, s.links(), "the token from before stays good")
			assert.Equal(t, []string{record("a1", risen), record("a2", risen), record("a3", "2026-05-01T00:00:00.000002Z")}, got.records())
			assert.Contains(t, got.log, "level=WARN")
			assert.NotContains(t, got.lastState(), "deletions_unknown_since", "no deletion is missed")
		})
	}
}

func TestASnapshotWithoutAUsableTokenHasUnknownDeletions(t *testing.T) {
	const seen = "2026-05-01T00:00:00.000000Z"
	rest := `"max_cursor":"` + seen + `",` + ofOrganization() + `}`
	for name, state := range map[string]string{
		"of another organization": snapshotState(second, `"max_cursor":"`+seen+`","organization":"other"`),
		"read in full before":     `{"version":2,"phase":"full_refresh",` + rest,
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			got := run(t, s, nil, incremental(state))
			assert.Equal(t, scansOf(), s.links())
			assert.Equal(t, record("a1", "2026-05-01T00:00:00.000001Z"), got.records()[0])
			assert.Contains(t, got.lastState(), `"deletions_unknown_since":`)
			assert.Contains(t, got.log, "may remain in the destination")
		})
	}
}

func TestATokenScanWithoutADeltaLinkIsNotComplete(t *testing.T) {
	small := smallTable()
	small[first] = response{rows: small[first].rows}
	large := trackedTable()
	large.responses[keysLink][0].delta = ""
	for name, s := range map[string]*service{"of one page": script(small), "of several pages": large} {
		t.Run(name, func(t *testing.T) {
			got := run(t, s, nil, incremental(""))
			assert.Equal(t, 1, got.failed)
			assert.Contains(t, got.messages, "account ERROR read a page of account: the last page of the tracked table has no delta link")
			assert.Equal(t, "account INCOMPLETE", got.last())
			assert.Empty(t, got.records())
			assert.Empty(t, got.states())
		})
	}
}

func TestALinkThatRepeatsIsAnError(t *testing.T) {
	for name, back := range map[string]dataverse.Link{"to the page itself": second, "to the page before": first} {
		for mode, stream := range map[string]func(string) replicate.Stream{"full": fullRefresh, "tracked": incremental} {
			t.Run(name+", "+mode, func(t *testing.T) {
				s := trackedTable()
				s.responses[second] = []response{{rows: []string{row("a3", "2026-03-01T00:00:00Z")}, next: back}}
				got := run(t, s, nil, stream(""))
				assert.Equal(t, []dataverse.Link{first, second}, s.links()[len(s.asked)-2:])
				assert.Contains(t, got.messages, "account ERROR read a page of account: the service sent a next link that it had sent before")
				assert.Equal(t, "account INCOMPLETE", got.last())
				assert.Len(t, got.records(), 2)
			})
		}
	}
	t.Run("of a token scan", func(t *testing.T) {
		s := trackedTable()
		s.responses[keysLink][0].next = keysLink
		got := run(t, s, nil, incremental(""))
		assert.Contains(t, got.messages, "account ERROR read a page of account: the service sent a next link that it had sent before")
	})
	t.Run("of changes", func(t *testing.T) {
		s := script(map[dataverse.Link]response{changesSince(100): {next: changesTwo}, changesTwo: {next: changesSince(100)}})
		got := run(t, s, nil, incremental(changesState(100, april)))
		assert.Equal(t, "account ERROR read a page of account: the service sent a next link that it had sent before", got.messages[len(got.messages)-2])
	})
}

func TestASelectionWithoutTheCursorIsReadAllTheSame(t *testing.T) {
	stream := incremental("")
	stream.Configured.Columns = map[string]protocol.Property{"accountid": {}}
	s := script(map[dataverse.Link]response{
		"accounts?$select=accountid": {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: "accounts?$select=accountid&$deltatoken=1"},
	})
	got := run(t, s, nil, stream)
	assert.Equal(t, []string{`account RECORD {"accountid":"a1"}`}, got.records())
	assert.Equal(t, `{"version":2,"phase":"changes","delta_link":"accounts?$select=accountid\u0026$deltatoken=1","issued":"2026-04-01T12:00:00Z",`+
		ofOrganization()+`}`, got.lastState())
}
