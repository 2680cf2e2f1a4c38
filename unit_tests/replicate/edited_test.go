package replicate_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

const selectionChanged = "the selected columns have changed since the last sync"

// narrow is a delta link of fewer columns than the stream selects now.
func narrow() dataverse.Link {
	return dataverse.NewDeltaLink("accounts", []string{"accountid", "modifiedon"}, token(100))
}

func stateOf(link dataverse.Link) string {
	return `{"version":1,"phase":"delta","link":"` + escaped(link) + `","greatest":"` + april + `",` + ofOrganization() + `}`
}

func TestADeltaLinkOfOtherColumnsIsAskedForTodays(t *testing.T) {
	cases := map[string]struct {
		saved   dataverse.Link
		context string // of the changes
		resync  bool
	}{
		"the answer names them":                     {narrow(), selecting("accountid,modifiedon,name"), false},
		"the answer names more":                     {narrow(), selecting("name,modifiedon,accountid,fax"), false},
		"the answer names the former ones":          {narrow(), selecting("accountid,modifiedon"), true},
		"the answer names none":                     {narrow(), "https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#accounts/$delta", true},
		"the answer has no context":                 {narrow(), "", true},
		"all were selected, and none is named":      {"accounts?$deltatoken=" + dataverse.Link(token(100)), "x/$metadata#accounts/$delta", false},
		"all were selected, and todays are named":   {"accounts?$deltatoken=" + dataverse.Link(token(100)), selecting("accountid,modifiedon,name"), false},
		"more were selected, and all are named yet": {first + ",fax&$deltatoken=" + dataverse.Link(token(100)), selecting("accountid,fax,modifiedon,name"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := script(trackedTable())
			s.answers[changesSince(100)] = []answer{{context: c.context, rows: []string{row("b1", "2026-03-01T00:00:00Z")}, delta: changesSince(200)}}
			got := run(t, s, nil, incremental(stateOf(c.saved)))
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Contains(t, got.log, selectionChanged)
			if c.resync {
				assert.Equal(t, []dataverse.Link{changesSince(100), first, second}, s.links())
				assert.NotContains(t, fmt.Sprint(got.records()), "b1", "rows without the selected columns are not sent")
				return
			}
			assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
			assert.Equal(t, []string{record("b1", noon)}, got.records())
		})
	}
}

func TestEachPageHasToHonourTheColumns(t *testing.T) {
	s := script(trackedTable())
	s.answers[changesSince(100)] = []answer{{context: selecting("accountid,modifiedon,name"), next: changesTwo}}
	s.answers[changesTwo] = []answer{{context: selecting("accountid,modifiedon"), delta: changesSince(200)}}
	run(t, s, nil, incremental(stateOf(narrow())))
	assert.Equal(t, []dataverse.Link{changesSince(100), changesTwo, first, second}, s.links())
}

func TestTheSameColumnsInAnotherOrderAreNoChange(t *testing.T) {
	for name, link := range map[string]dataverse.Link{
		"another order":    "accounts?$select=name,accountid,modifiedon&$deltatoken=" + dataverse.Link(token(100)),
		"another encoding": "accounts?$select=name%2Caccountid%2cmodifiedon&$deltatoken=" + dataverse.Link(token(100)),
		"another place":    "accounts?$deltatoken=" + dataverse.Link(token(100)) + "&$select=accountid,modifiedon,name",
	} {
		t.Run(name, func(t *testing.T) {
			s := script(map[dataverse.Link]answer{link: {delta: link}})
			got := run(t, s, nil, incremental(stateOf(link)))
			assert.Equal(t, []dataverse.Link{link}, s.links(), "the link is the service's own")
			assert.Empty(t, got.log)
		})
	}
}

func TestWhatTheAnswerToTheServicesOwnLinkNamesIsNotJudged(t *testing.T) {
	s := script(map[dataverse.Link]answer{changesSince(100): {context: selecting("name"), delta: changesSince(200)}})
	got := run(t, s, nil, incremental(stateOf(changesSince(100))))
	assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
	assert.Equal(t, "account COMPLETE", got.last())
}

func TestARefusedSelectionLeadsToASecondReading(t *testing.T) {
	for name, refused := range map[string]error{
		"as unparseable": refusal(http.StatusBadRequest, dataverse.CodeURINotParsed),
		"as malformed":   refusal(http.StatusBadRequest, dataverse.CodeTokenMalformed),
	} {
		t.Run(name, func(t *testing.T) {
			s := script(trackedTable())
			s.answers[changesSince(100)] = []answer{{err: refused}}
			got := run(t, s, nil, incremental(stateOf(narrow())))
			assert.Equal(t, []dataverse.Link{changesSince(100), first, second}, s.links())
			assert.Equal(t, []string{record("a1", noon), record("a2", noon), record("a3", "2026-04-01T12:00:00.000001Z")}, got.records())
		})
	}
}

func TestARenamedEntitySetTakesItsTokenAlong(t *testing.T) {
	link := dataverse.NewDeltaLink("old_accounts", []string{"accountid", "modifiedon", "name"}, token(100))
	s := script(map[dataverse.Link]answer{
		changesSince(100): {context: selecting("accountid,modifiedon,name"), rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(200)},
	})
	got := run(t, s, nil, incremental(stateOf(link)))
	assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
	assert.Equal(t, "account COMPLETE", got.last())
	assert.NotContains(t, got.log, selectionChanged)
}

func TestASelectionThatGrewBeyondAURLIsHonouredByAnswersThatNameNone(t *testing.T) {
	for context, resync := range map[string]bool{"x/$metadata#accounts/$delta": false, selecting("accountid,modifiedon"): true} {
		stream := wideStream()
		changes := "accounts?$deltatoken=" + dataverse.Link(token(100))
		s := script(map[dataverse.Link]answer{
			changes:    {context: context, delta: "accounts?$deltatoken=1"},
			"accounts": {delta: "accounts?$deltatoken=2"},
		})
		run(t, s, nil, stream)
		assert.Equal(t, resync, len(s.asked) > 1, context)
	}
}

// wideStream selects more columns than a url holds, after it selected few.
func wideStream() replicate.Stream {
	stream := incremental(stateOf(narrow()))
	for i := range 1000 {
		name := fmt.Sprintf("contoso_columnwithalongname%08d", i)
		stream.Table.Columns = append(stream.Table.Columns, dataverse.Column{LogicalName: name, Property: name, Type: dataverse.String})
		stream.Configured.Columns[name] = protocol.Property{Type: []string{"null", "string"}}
	}
	return stream
}
