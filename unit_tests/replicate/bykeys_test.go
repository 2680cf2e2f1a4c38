package replicate_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

func TestARefusedSelectionIsReadByKeys(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		narrow():          {rows: []string{row("b1", "2026-03-01T00:00:00Z"), row("left", "2026-03-01T00:00:00Z")}, delta: narrow()},
	})
	s.rows["b1"] = true
	got := run(t, s, nil, incremental(stateOf(narrow())))
	assert.Equal(t, []dataverse.Link{changesSince(100), narrow()}, s.links())
	assert.Equal(t, []string{record("b1", noon)}, got.records(), "a row that went in between has a deletion of its own")
	want := strings.Replace(stateOf(narrow()), `"max_cursor":"`+april, `"columns":["accountid","name"],"by_keys":true,"max_cursor":"`+noon, 1)
	assert.Equal(t, want, got.lastState(), "the token is still the service's own")
	assert.Contains(t, got.log, "To read them with the changes again")

	s.responses[narrow()] = []response{{delta: narrow()}}
	got = run(t, s, nil, incremental(got.lastState()))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Equal(t, []dataverse.Link{changesSince(100), narrow(), narrow()}, s.links(), "what is refused is not asked for at each sync")
	assert.Empty(t, got.log, "the selection has not changed since the last sync")

	stream := incremental(got.lastState())
	delete(stream.Configured.Columns, "name")
	stream.Configured.Columns["fax"] = protocol.Property{}
	stream.Table.Columns = append(stream.Table.Columns, dataverse.Column{Property: "fax", Type: dataverse.String})
	other := dataverse.NewDeltaLink("accounts", []string{"accountid", "fax"}, token(100))
	s.responses[other] = []response{{context: selecting("accountid,fax"), delta: other}}
	got = run(t, s, nil, stream)
	assert.Equal(t, other, s.links()[len(s.links())-1], "another selection is tried")
	assert.NotContains(t, got.lastState(), "by_keys")
}

func TestAKeyTokenWhoseSelectionIsRefusedNeedsNoRefresh(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		keysSince(100):    {rows: []string{row("b1", "2026-03-01T00:00:00Z")}, delta: keysSince(101)},
	})
	s.rows["b1"] = true
	got := run(t, s, nil, incremental(stateOf(keysSince(100))))
	assert.Equal(t, []string{record("b1", noon)}, got.records())
	assert.Contains(t, got.log, "From now on, changed rows are read by their keys")
	assert.NotContains(t, got.log, "refresh", "the next snapshot would take such a token too")
}

func TestARefusedLookupIsNoEvidenceAgainstTheToken(t *testing.T) {
	refused := refusal(http.StatusBadRequest, "0x80048d19")
	for name, s := range map[string]*service{
		"of rows that were deleted and sent": script(map[dataverse.Link]response{
			changesSince(100): {rows: []string{row("b1", "2026-03-01T00:00:00Z"), gone("b1")}, delta: changesSince(101)},
		}),
		"of rows to read by their keys": script(map[dataverse.Link]response{
			changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
			narrow():          {rows: []string{row("b1", "2026-03-01T00:00:00Z")}, delta: narrow()},
		}),
		"by a link of the selection that is taken": script(map[dataverse.Link]response{
			changesSince(100): {rows: []string{row("b1", "2026-03-01T00:00:00Z"), gone("b1")}, context: selecting("accountid,name"), delta: changesSince(101)},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			s.lookupErr = refused
			state := stateOf(narrow())
			if name == "of rows that were deleted and sent" {
				state = stateOf(changesSince(100))
			}
			asked := len(s.responses)
			got := run(t, s, nil, incremental(state))
			assert.Equal(t, []string{"account ERROR " + refused.Error(), "account INCOMPLETE"}, got.messages[len(got.messages)-2:])
			assert.Len(t, s.asked, asked, "no resync follows")
		})
	}
}

func TestManyChangedRowsAreReadByURLsThatFit(t *testing.T) {
	const many = 1000
	var changed []string
	s := script(map[dataverse.Link]response{changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)}})
	for i := range many {
		key := fmt.Sprintf("00000000-0000-0000-0000-%012d", i)
		s.rows[key] = true
		changed = append(changed, row(key, "2026-03-01T00:00:00Z"))
	}
	s.responses[narrow()] = []response{{rows: changed, delta: narrow()}}
	stream := incremental(stateOf(narrow()))
	got := run(t, s, nil, stream)
	assert.Len(t, got.records(), many)
	assert.Equal(t, many, len(s.found))
	assert.Less(t, s.longest, 31<<10)
	assert.Equal(t, "account COMPLETE", got.last())
}

func TestARowThatIsCreatedAgainIsLookedUpWhenReadByKey(t *testing.T) {
	for name, exists := range map[string]bool{"and it exists": true, "and it is gone": false} {
		t.Run(name, func(t *testing.T) {
			page := narrow() + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20istracking=%22True%22%20/%3E"
			s := script(map[dataverse.Link]response{
				changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
				narrow():          {rows: []string{row("b1", "2026-03-01T00:00:00Z")}, next: page},
				page:              {rows: []string{gone("b1")}, delta: narrow()},
			})
			s.rows["b1"] = true
			s.responses[page][0].before = func() { s.rows["b1"] = exists }
			got := run(t, s, nil, incremental(stateOf(narrow())))
			want := []string{record("b1", noon)}
			if !exists {
				want = append(want, tombstone("b1", afterNoon))
			}
			assert.Equal(t, want, got.records())
		})
	}
}

func TestAnInterruptedScanByKeysContinues(t *testing.T) {
	page := narrow() + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20istracking=%22True%22%20/%3E"
	s := script(map[dataverse.Link]response{page: {rows: []string{row("b2", "2026-03-01T00:00:00Z")}, delta: narrow()}})
	s.rows["b2"] = true
	s.responses[changesSince(100)] = []response{{delta: changesSince(101)}}
	got := run(t, s, nil, incremental(changesAt(page, narrow(), april, "")))
	assert.Equal(t, []dataverse.Link{page, changesSince(100)}, s.links(), "the scan began long ago: what has changed since comes too")
	assert.Equal(t, []string{record("b2", noon)}, got.records())
}

func TestASearchWhoseURLIsTooLongNamesFewerKeys(t *testing.T) {
	var rows []string
	for i := range 5 {
		rows = append(rows, row(fmt.Sprintf("b%d", i), inMarch))
	}
	s := script(map[dataverse.Link]response{
		changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		narrow():          {rows: rows, delta: narrow()},
	})
	for i := range 5 {
		s.rows[fmt.Sprintf("b%d", i)] = true
	}
	s.room = 100
	got := run(t, s, nil, incremental(stateOf(narrow())))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Len(t, got.records(), 5)

	s.responses[narrow()], s.room = []response{{rows: rows, delta: narrow()}}, 10
	got = run(t, s, nil, incremental(got.lastState()))
	assert.Equal(t, "account INCOMPLETE", got.last(), "no url is short enough")
}

func TestASearchThatIsCutShortLosesNoRow(t *testing.T) {
	const by dataverse.Link = "$filter=accountid%20eq%20b0%20or%20accountid%20eq%20b1"
	t.Run("that was changed", func(t *testing.T) {
		s := script(map[dataverse.Link]response{
			changesSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
			narrow():          {rows: []string{row("b0", inMarch), row("b1", inMarch)}, delta: narrow()},
		})
		s.rows["b1"] = true
		s.filtered = map[dataverse.Link][]response{first + "&" + by: {found(row("b0", inMarch))}}
		got := run(t, s, nil, incremental(stateOf(narrow())))
		assert.Equal(t, "account COMPLETE", got.last())
		assert.Equal(t, []string{record("b0", noon), record("b1", afterNoon)}, got.records())
		assert.Zero(t, s.proved)
	})
	t.Run("whose deletion is doubted", func(t *testing.T) {
		s := script(map[dataverse.Link]response{
			changesSince(100): {rows: []string{row("b0", inMarch), row("b1", inMarch), gone("b0"), gone("b1")}, delta: changesSince(101)},
		})
		s.rows["b1"] = true
		s.filtered = map[dataverse.Link][]response{keysLink + "&" + by: {found(row("b0", inMarch))}}
		got := run(t, s, nil, incremental(changesState(100, march)))
		assert.Equal(t, "account COMPLETE", got.last())
		assert.Equal(t, []string{record("b0", noon), record("b1", noon)}, got.records())
	})
}
