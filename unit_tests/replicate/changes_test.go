package replicate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
)

// Pages of the changes since version 100, and the state in the middle of them.
const changesTwo = first + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20istracking=%22True%22%20/%3E"

func middleState(begin dataverse.Link, maxCursor string) string {
	return changesAt(changesTwo, begin, maxCursor, "")
}

// changesAt is a state in the middle of changes.
func changesAt(link, begin dataverse.Link, maxCursor, rest string) string {
	at := ""
	if link != begin {
		at = `"link":"` + escaped(link) + `",`
	}
	return `{"version":2,"phase":"changes",` + at + `"delta_link":"` + escaped(begin) +
		`","issued":"2026-04-01T12:00:00Z","max_cursor":"` + maxCursor + `",` + rest + ofOrganization() + `}`
}

func TestASyncWithoutChangesSavesTheNewLink(t *testing.T) {
	s := script(map[dataverse.Link]response{changesSince(100): {delta: changesSince(101)}})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING", "account STATE 0.0 " + changesState(101, april), "account COMPLETE",
	}, got.messages)
	assert.Equal(t, []dataverse.PageRequest{{Table: "account", Link: changesSince(100), Size: 5000}}, s.asked, "a delta link tracks by itself")
}

func TestTheSameDeltaLinkMayComeAgain(t *testing.T) {
	s := script(map[dataverse.Link]response{changesSince(100): {delta: changesSince(100)}})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Equal(t, []string{changesState(100, april)}, got.states())
}

func TestTheDeltaLinkIsSentAsItCame(t *testing.T) {
	link := first + "&$deltatoken=919058%2108%2f22%2f2017%2008%3a21%3a20"
	s := script(map[dataverse.Link]response{link: {delta: link}})
	state := `{"version":2,"phase":"changes","delta_link":"` + string(link) + `"}`
	assert.Equal(t, "account COMPLETE", run(t, s, nil, incremental(state)).last())
	assert.Equal(t, []dataverse.Link{link}, s.links())
}

func TestChangesAreSentWithGreaterCursorsPageByPage(t *testing.T) {
	later := serviceTime().Add(5 * time.Second)
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z"), row("a2", "2026-06-01T00:00:00Z")}, next: changesTwo},
		changesTwo:        {rows: []string{row("a3", "2026-03-01T00:00:00Z"), gone("d1")}, delta: changesSince(200), at: later},
	})
	got := run(t, s, nil, incremental(changesState(100, april)))
	const fiveSeconds = "2026-04-01T12:00:05.000000Z"
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		"account STATE 0.0 " + changesAt(changesSince(100), changesSince(100), noon, ""),
		record("a1", noon), record("a2", noon),
		"account STATE 2.0 " + middleState(changesSince(100), noon),
		"account STATE 0.0 " + middleState(changesSince(100), fiveSeconds),
		record("a3", fiveSeconds), tombstone("d1", fiveSeconds),
		"account STATE 2.0 " + changesState(200, fiveSeconds),
		"account COMPLETE",
	}, got.messages, "a state with the page's cursors precedes it; the next token may be as old as the first page, so that is when it was taken")
	assert.Empty(t, s.lookedUp, "a row that the scan has not sent needs no lookup")
}

func TestInterruptedChangesContinueFromTheirLastState(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesTwo:        {rows: []string{row("a3", "2026-03-01T00:00:00Z")}, delta: changesSince(200)},
		changesSince(200): {rows: []string{row("a4", "2026-03-01T00:00:00Z")}, delta: changesSince(201)},
	})
	got := run(t, s, nil, incremental(middleState(changesSince(100), noon)))
	const later = "2026-04-01T12:00:00.000002Z"
	assert.Equal(t, []string{record("a3", afterNoon), record("a4", later)}, got.records(), "what has changed since the scan began comes too")
	assert.Equal(t, []string{
		middleState(changesSince(100), afterNoon), changesState(200, afterNoon), changesAt(changesSince(200), changesSince(200), later, ""), changesState(201, later),
	}, got.states())
}

func TestInterruptedChangesThatAreRefusedStartOver(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesTwo:        {err: cookieRefused()},
		changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(200)},
	})
	got := run(t, s, nil, incremental(middleState(changesSince(100), noon)))
	assert.Equal(t, []dataverse.Link{changesTwo, changesSince(100)}, s.links())
	assert.Equal(t, []string{record("a1", "2026-04-01T12:00:00.000001Z")}, got.records(), "a version sent again is greater than the first")
	assert.Equal(t, []string{changesAt(changesSince(100), changesSince(100), afterNoon, `"restarts":1,`), changesState(200, afterNoon)}, got.states())
}

func TestInterruptedChangesOfOtherColumnsContinueByKeys(t *testing.T) {
	before := dataverse.NewLink("accounts", []string{"accountid", "modifiedon"})
	page := before + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20istracking=%22True%22%20/%3E"
	s := script(map[dataverse.Link]response{page: {rows: []string{row("a1", "2026-03-01T00:00:00Z"), gone("d1")}, delta: narrow()}})
	s.rows["a1"] = true
	s.responses[changesSince(100)] = []response{{delta: changesSince(101)}}
	got := run(t, s, nil, incremental(changesAt(page, narrow(), april, "")))
	assert.Equal(t, []dataverse.Link{page, changesSince(100)}, s.links())
	assert.Equal(t, []string{"a1"}, s.found)
	assert.Equal(t, []string{record("a1", noon), tombstone("d1", afterNoon)}, got.records())
	assert.Equal(t, "account COMPLETE", got.last())
}

func TestChangesWithoutADeltaLinkAreNotComplete(t *testing.T) {
	s := script(map[dataverse.Link]response{changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z")}}})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, []string{
		"account STARTED",
		"account ERROR read a page of account: the last page of the tracked table has no delta link",
		"account INCOMPLETE",
	}, got.messages)
}

func TestTheTokenOfThePythonConnectorIsTakenOver(t *testing.T) {
	for name, state := range map[string]string{
		"decoded, as it stores it": `{"$deltatoken":"100!04/01/2026 12:00:00"}`,
		"encoded":                  `{"$deltatoken":"100%2104%2f01%2f2026%2012%3a00%3a00"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{responses: map[dataverse.Link][]response{}}
			for _, link := range []dataverse.Link{changesSince(100), first + "&$deltatoken=100%2104%2F01%2F2026%2012%3A00%3A00"} {
				s.responses[link] = []response{{rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(200)}}
			}
			got := run(t, s, nil, incremental(state))
			assert.Equal(t, []string{record("a1", noon)}, got.records())
			assert.Equal(t, changesState(200, noon), got.states()[1])
			assert.NotContains(t, got.log, "level=WARN")
		})
	}
}

func TestTheNextSyncContinuesFromTheStateOfTheLast(t *testing.T) {
	s := script(smallTable())
	state := run(t, s, nil, incremental("")).lastState()
	s = script(map[dataverse.Link]response{changesSince(100): {rows: []string{gone("a1")}, delta: changesSince(101)}})
	got := run(t, s, nil, incremental(state))
	assert.Equal(t, []string{tombstone("a1", afterNoon)}, got.records())
	s = script(map[dataverse.Link]response{changesSince(101): {rows: []string{row("a1", "2026-04-01T11:00:00Z")}, delta: changesSince(102)}})
	got = run(t, s, nil, incremental(got.lastState()))
	assert.Equal(t, []string{record("a1", "2026-04-01T12:00:00.000002Z")}, got.records(), "created again within the same second")
}
