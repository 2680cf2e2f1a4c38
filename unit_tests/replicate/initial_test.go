package replicate_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

const noon = "2026-04-01T12:00:00.000000Z" // the cursor of answered

// trackedTable is a table of two pages, the last of which leads to the changes since version 100.
func trackedTable() map[dataverse.Link]answer {
	table := wholeTable()
	table[second] = answer{rows: table[second].rows, delta: changesSince(100)}
	return table
}

func initialState(link dataverse.Link, rest string) string {
	return `{"version":1,"phase":"initial","link":"` + escaped(link) + `",` + rest + `}`
}

// deltaState is the state between two syncs.
func deltaState(version int, greatest string) string {
	return `{"version":1,"phase":"delta","link":"` + escaped(changesSince(version)) + `","issued":"2026-04-01T12:00:00Z","greatest":"` +
		greatest + `",` + ofOrganization() + `}`
}

func TestAFirstReadingEndsWithTheLinkToTheChanges(t *testing.T) {
	s := script(trackedTable())
	got := run(t, s, inJob("77"), incremental(""))
	require.NoError(t, got.err)
	assert.Zero(t, got.failed)
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		record("a1", march), record("a2", april),
		"account STATE 2.0 " + initialState(second, `"greatest":"`+april+`",`+ofOrganization()),
		record("a3", march),
		"account STATE 1.0 " + deltaState(100, april),
		"account COMPLETE",
	}, got.messages)
	assert.Equal(t, []dataverse.PageRequest{
		{Table: "account", Link: first, Size: 5000, TrackChanges: true}, {Table: "account", Link: second, Size: 5000, TrackChanges: true},
	}, s.asked)
}

func TestAKilledFirstReadingGoesOnFromItsLastState(t *testing.T) {
	whole := run(t, script(trackedTable()), nil, incremental(""))
	s := script(trackedTable())
	got := run(t, s, nil, incremental(whole.states()[0]))
	assert.Equal(t, []dataverse.Link{second}, s.links())
	assert.True(t, s.asked[0].TrackChanges)
	assert.Equal(t, []string{record("a3", march)}, got.records(), "a first reading's cursors are modifiedon, also after an interruption")
	assert.Equal(t, whole.states()[1], got.states()[0])
}

func TestAFirstReadingThatCannotGoOnBeginsAgainWithGreaterCursors(t *testing.T) {
	const seen = "2026-05-01T00:00:00.000000Z"
	const risen = "2026-05-01T00:00:00.000001Z"
	rest := `"greatest":"` + seen + `",` + ofOrganization()
	cases := map[string]struct {
		state string
		asked []dataverse.Link
		err   error // of the third page
	}{
		"other columns":           {initialState("accounts?$select=accountid&$skiptoken=1", rest), []dataverse.Link{first, second}, nil},
		"another entity set":      {initialState("old_accounts?$select=accountid,modifiedon,name", rest), []dataverse.Link{first, second}, nil},
		"another organisation":    {initialState(third, `"greatest":"`+seen+`","organization":"other"`), []dataverse.Link{first, second}, nil},
		"a refused cookie":        {initialState(third, rest), []dataverse.Link{third, first, second}, cookieRefused()},
		"an expired version":      {initialState(third, rest), []dataverse.Link{third, first, second}, expired()},
		"a link that parses not":  {initialState(third, rest), []dataverse.Link{third, first, second}, refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		"a link that is gone":     {initialState(third, rest), []dataverse.Link{third, first, second}, refusal(http.StatusGone, "")},
		"a full reading's cursor": {fullState(rest), []dataverse.Link{first, second}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := script(trackedTable())
			s.answers[third] = []answer{{err: c.err}}
			got := run(t, s, nil, incremental(c.state))
			assert.Equal(t, c.asked, s.links())
			want := []string{record("a1", risen), record("a2", risen), record("a3", "2026-05-01T00:00:00.000002Z")}
			assert.Equal(t, want, got.records())
			assert.Equal(t, []string{
				initialState(second, `"greatest":"`+risen+`","rising":true,`+ofOrganization()), deltaState(100, "2026-05-01T00:00:00.000002Z"),
			}, got.states())
		})
	}
}

func TestASecondReadingThatWasInterruptedStillRises(t *testing.T) {
	s := script(trackedTable())
	got := run(t, s, nil, incremental(initialState(second, `"greatest":"`+april+`","rising":true,`+ofOrganization())))
	assert.Equal(t, []string{record("a3", noon)}, got.records())
	assert.Equal(t, []string{deltaState(100, noon)}, got.states())
}

func TestATrackedReadingWithoutDeltaLinkIsNotComplete(t *testing.T) {
	got := run(t, script(wholeTable()), nil, incremental(""))
	assert.Equal(t, 1, got.failed)
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING", record("a1", march), record("a2", april),
		"account STATE 2.0 " + initialState(second, `"greatest":"`+april+`",`+ofOrganization()),
		"account ERROR read a page of account: the last page of the tracked table has no delta link",
		"account INCOMPLETE",
	}, got.messages, "the page that cannot be followed is not sent")
}

func TestALinkThatRepeatsIsAnError(t *testing.T) {
	for name, back := range map[string]dataverse.Link{"to the page itself": second, "to the page before": first} {
		for mode, stream := range map[string]func(string) replicate.Stream{"full": fullRefresh, "tracked": incremental} {
			t.Run(name+", "+mode, func(t *testing.T) {
				table := trackedTable()
				table[second] = answer{rows: []string{row("a3", "2026-03-01T00:00:00Z")}, next: back}
				s := script(table)
				got := run(t, s, nil, stream(""))
				assert.Equal(t, []dataverse.Link{first, second}, s.links())
				assert.Contains(t, got.messages, "account ERROR read a page of account: the service sent a next link that it had sent before")
				assert.Equal(t, "account INCOMPLETE", got.last())
				assert.Len(t, got.states(), 1)
			})
		}
	}
}

func TestASelectionWithoutTheCursorIsReadAllTheSame(t *testing.T) {
	stream := incremental("")
	stream.Configured.Columns = map[string]protocol.Property{"accountid": {}}
	s := script(map[dataverse.Link]answer{
		"accounts?$select=accountid": {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: "accounts?$select=accountid&$deltatoken=1"},
	})
	got := run(t, s, nil, stream)
	assert.Equal(t, []string{`account RECORD {"accountid":"a1"}`}, got.records())
	assert.Equal(t, []string{`{"version":1,"phase":"delta","link":"accounts?$select=accountid\u0026$deltatoken=1","issued":"2026-04-01T12:00:00Z",` +
		ofOrganization() + `}`}, got.states())
}
