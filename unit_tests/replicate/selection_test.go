package replicate_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

const selectionChanged = "The selected columns have changed"

// narrow is a delta link of fewer columns than the stream selects now.
func narrow() dataverse.Link {
	return dataverse.NewDeltaLink("accounts", []string{"accountid", "modifiedon"}, token(100))
}

func stateOf(link dataverse.Link) string {
	return `{"version":2,"phase":"changes","delta_link":"` + escaped(link) + `","issued":"2026-04-01T12:00:00Z","max_cursor":"` + april + `",` + ofOrganization() + `}`
}

func TestADeltaLinkOfOtherColumnsIsEdited(t *testing.T) {
	cases := map[string]struct {
		saved   dataverse.Link
		context string // of the changes
		byKey   bool
	}{
		"the response names them":                   {narrow(), selecting("accountid,name"), false},
		"the response names more":                   {narrow(), selecting("name,accountid,fax"), false},
		"the response names the former ones":        {narrow(), selecting("accountid,modifiedon"), true},
		"the response names none":                   {narrow(), "https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#accounts/$delta", true},
		"all were selected, and none is named":      {"accounts?$deltatoken=" + dataverse.Link(token(100)), "x/$metadata#accounts/$delta", false},
		"all were selected, and todays are named":   {"accounts?$deltatoken=" + dataverse.Link(token(100)), selecting("accountid,name"), false},
		"more were selected, and all are named yet": {first + ",fax&$deltatoken=" + dataverse.Link(token(100)), selecting("accountid,fax,name"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := []string{row("b1", "2026-03-01T00:00:00Z"), gone("d1")}
			s := script(map[dataverse.Link]response{
				changesSince(100): {context: c.context, rows: changed, delta: changesSince(200)},
				c.saved:           {rows: changed, delta: c.saved},
			})
			s.rows["b1"] = true
			got := run(t, s, nil, incremental(stateOf(c.saved)))
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, c.saved == narrow(), strings.Contains(got.log, selectionChanged))
			if c.byKey {
				assert.Equal(t, []dataverse.Link{changesSince(100), c.saved}, s.links())
				assert.Equal(t, []string{record("b1", noon), tombstone("d1", afterNoon)}, got.records())
				assert.Equal(t, []string{"b1"}, s.found)
				return
			}
			assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
			assert.Equal(t, []string{record("b1", noon), tombstone("d1", noon)}, got.records())
			assert.Empty(t, s.found)
		})
	}
}

func TestEachPageHasToHonorTheColumns(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {context: selecting("accountid,name"), rows: []string{row("b1", "2026-03-01T00:00:00Z")}, next: changesTwo},
		changesTwo:        {context: selecting("accountid,modifiedon"), rows: []string{row("b2", "2026-03-01T00:00:00Z")}, delta: changesSince(200)},
		narrow():          {rows: []string{row("b1", "2026-03-01T00:00:00Z"), row("b2", "2026-03-01T00:00:00Z")}, delta: narrow()},
	})
	s.rows["b1"], s.rows["b2"] = true, true
	got := run(t, s, nil, incremental(stateOf(narrow())))
	assert.Equal(t, []dataverse.Link{changesSince(100), changesTwo, narrow()}, s.links())
	assert.Equal(t, []string{record("b1", noon), record("b1", afterNoon), record("b2", afterNoon)}, got.records())
}

func TestARefusedSelectionKeepsTheToken(t *testing.T) {
	refused := refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)
	s := script(map[dataverse.Link]response{
		changesSince(100): {err: refused},
		narrow():          {rows: []string{row("b1", "2026-03-01T00:00:00Z")}, delta: narrow()},
	})
	s.rows["b1"] = true
	got := run(t, s, nil, incremental(stateOf(narrow())))
	assert.Equal(t, []dataverse.Link{changesSince(100), narrow()}, s.links())
	assert.Equal(t, []string{record("b1", noon)}, got.records())

	s = trackedTable()
	s.responses[changesSince(100)] = []response{{err: refused}, {delta: changesSince(101)}}
	s.responses[narrow()] = []response{{err: refused}}
	got = run(t, s, nil, incremental(stateOf(narrow())))
	assert.Equal(t, append([]dataverse.Link{changesSince(100), narrow()}, scansOf()...), s.links(), "refused as the service sent it, it is lost")
	assert.Equal(t, "account COMPLETE", got.last())
}

func TestALinkOfAnUnknownFormIsFollowedAsItCame(t *testing.T) {
	for name, c := range map[string]struct {
		link  dataverse.Link
		asked dataverse.Link
	}{
		"its options are encoded":       {"accounts?%24select=accountid,name&%24deltatoken=" + dataverse.Link(token(100)), ""},
		"it has no token":               {"accounts?since=yesterday", ""},
		"it has no token, but columns":  {"accounts?$select=accountid,name&since=yesterday", ""},
		"it is encoded and of too few":  {"accounts?%24select=accountid&%24deltatoken=" + dataverse.Link(token(100)), changesSince(100)},
		"it has a token and no columns": {"accounts?$deltatoken=" + dataverse.Link(token(100)), changesSince(100)},
	} {
		t.Run(name, func(t *testing.T) {
			if c.asked == "" {
				c.asked = c.link
			}
			s := script(map[dataverse.Link]response{c.asked: {context: selecting("accountid,name"), delta: changesSince(200)}})
			got := run(t, s, nil, incremental(stateOf(c.link)))
			assert.Equal(t, []dataverse.Link{c.asked}, s.links())
			assert.Equal(t, "account COMPLETE", got.last())
		})
	}
}

func TestASavedLinkThatIsNotAURLLeadsToAResync(t *testing.T) {
	for name, run := range map[string]func(t *testing.T) (*service, outcome){
		"of changes": func(t *testing.T) (*service, outcome) {
			s := trackedTable()
			return s, run(t, s, nil, incremental(stateOf("accounts?$deltatoken=1\\r\\n2")))
		},
		"of an interrupted full refresh": func(t *testing.T) (*service, outcome) {
			s := script(twoPages())
			return s, run(t, s, nil, fullRefresh(fullState(`"link":"`+escaped(first)+`\\n",`+ofOrganization())))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, got := run(t)
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, first, s.links()[0])
			assert.Len(t, got.records(), 3)
		})
	}
}

func TestTheSameColumnsInAnotherOrderAreNoChange(t *testing.T) {
	for name, link := range map[string]dataverse.Link{
		"another order":    "accounts?$select=name,accountid&$deltatoken=" + dataverse.Link(token(100)),
		"another encoding": "accounts?$select=name%2Caccountid&$deltatoken=" + dataverse.Link(token(100)),
		"another place":    "accounts?$deltatoken=" + dataverse.Link(token(100)) + "&$select=accountid,name",
	} {
		t.Run(name, func(t *testing.T) {
			s := script(map[dataverse.Link]response{link: {delta: link}})
			got := run(t, s, nil, incremental(stateOf(link)))
			assert.Equal(t, []dataverse.Link{link}, s.links(), "the link is the service's own")
			assert.Empty(t, got.log)
		})
	}
}

func TestTheColumnsOfTheServicesOwnLinkAreNotChecked(t *testing.T) {
	s := script(map[dataverse.Link]response{changesSince(100): {context: selecting("name"), delta: changesSince(200)}})
	got := run(t, s, nil, incremental(stateOf(changesSince(100))))
	assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
	assert.Equal(t, "account COMPLETE", got.last())
}

func TestARenamedEntitySetTakesItsTokenAlong(t *testing.T) {
	link := dataverse.NewDeltaLink("old_accounts", []string{"accountid", "name"}, token(100))
	s := script(map[dataverse.Link]response{
		changesSince(100): {context: selecting("accountid,name"), rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(200)},
	})
	got := run(t, s, nil, incremental(stateOf(link)))
	assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
	assert.Equal(t, "account COMPLETE", got.last())
	assert.NotContains(t, got.log, selectionChanged)
}

func TestASelectionTooLongForAURLIsHonoredByNamingNone(t *testing.T) {
	for context, byKey := range map[string]bool{"x/$metadata#accounts/$delta": false, selecting("accountid,modifiedon"): true} {
		stream := wideStream()
		changes := "accounts?$deltatoken=" + dataverse.Link(token(100))
		s := script(map[dataverse.Link]response{
			changes:  {context: context, delta: "accounts?$deltatoken=1"},
			narrow(): {delta: narrow()},
		})
		run(t, s, nil, stream)
		assert.Equal(t, byKey, len(s.asked) > 1, context)
	}
}

// wideStream selects more columns than a url holds, after it selected few.
func wideStream() replicate.Stream {
	stream := incremental(stateOf(narrow()))
	for i := range 1000 {
		name := fmt.Sprintf("contoso_columnwithalongname%08d", i)
		stream.Table.Columns = append(stream.Table.Columns, dataverse.Column{Property: name, Type: dataverse.String})
		stream.Configured.Columns[name] = protocol.Property{Type: []string{"null", "string"}}
	}
	return stream
}

func TestANewColumnIsReportedWhereAScanIsResumed(t *testing.T) {
	stream := incremental(middleState(changesSince(100), march))
	stream.Configured.Columns["modifiedon"] = protocol.Property{}
	s := script(map[dataverse.Link]response{changesTwo: {delta: changesSince(200)}})
	s.responses["accounts?$select=accountid,modifiedon,name&$deltatoken="+dataverse.Link(token(200))] = []response{{delta: changesSince(201)}}
	got := run(t, s, nil, stream)
	assert.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Equal(t, 1, strings.Count(got.log, "The selected columns have changed."))
	assert.Contains(t, got.log, "added=modifiedon")
}
