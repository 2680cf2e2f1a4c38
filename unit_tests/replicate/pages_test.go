package replicate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

func TestASnapshotWhoseLastPageHasNoDeltaLinkIsNotComplete(t *testing.T) {
	s := trackedTable()
	s.responses[second][0].delta = ""
	got := run(t, s, nil, incremental(""))
	assert.Contains(t, got.messages, "account ERROR read a page of account: the last page of the tracked table has no delta link")
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Len(t, got.records(), 2, "what came with the page is not sent")
}

func TestOnlyTheFirstPageOfChangesHasToSayThatItIsOne(t *testing.T) {
	const plain = "x/$metadata#accounts(accountid,name)"
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{row("a1", inMarch)}, next: changesTwo},
		changesTwo:        {context: plain, rows: []string{row("a2", inMarch)}, delta: changesSince(101)},
	})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Len(t, got.records(), 2)

	s = script(map[dataverse.Link]response{changesTwo: {context: plain, delta: changesSince(101)}, changesSince(101): {delta: changesSince(102)}})
	got = run(t, s, nil, incremental(middleState(changesSince(100), april)))
	assert.Equal(t, "account COMPLETE", got.last(), "nor has the one that a resumed scan begins with")
}

// endless responses each link with another one, and always with the same rows.
func endless(rows ...string) *service {
	s := script(nil)
	s.generate = func(q dataverse.PageRequest) response {
		return response{rows: rows, next: first + dataverse.Link(fmt.Sprintf("&$skiptoken=%d", len(s.asked)))}
	}
	return s
}

func TestPagesThatBringNothingNewEndInAnError(t *testing.T) {
	for name, rows := range map[string][]string{"no rows": nil, "the same rows": {row("a1", inMarch), row("a2", inMarch)}} {
		for mode, stream := range map[string]replicate.Stream{"full refresh": fullRefresh(""), "changes": incremental(changesState(100, april))} {
			t.Run(name+", "+mode, func(t *testing.T) {
				s := endless(rows...)
				got := run(t, s, nil, stream)
				assert.Contains(t, got.messages, "account ERROR read a page of account: the service kept sending next links that lead to no other rows")
				assert.LessOrEqual(t, len(s.asked), 102)
			})
		}
	}
}

func TestALookupThatBringsAnotherRowIsABrokenResponse(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{row("a1", inMarch), gone("a1")}, delta: changesSince(200)},
	})
	s.filtered = map[dataverse.Link][]response{"accounts?$select=accountid&$filter=accountid%20eq%20a1": {{rows: []string{row("a2", inMarch)}}}}
	got := run(t, s, nil, incremental(changesState(100, april)))
	require.Equal(t, "account INCOMPLETE", got.last())
	assert.Empty(t, got.records(), "the row is not deleted")
	assert.Contains(t, got.messages[len(got.messages)-2], "a row whose key is not one of those requested")
}

func TestAnEstimatePrecedesTheTokenScanAndIsCorrectedLater(t *testing.T) {
	s := trackedTable()
	s.responses[first] = s.responses[first][1:]
	stream := incremental("")
	stream.Rows = 12000
	got := run(t, s, nil, stream)
	require.Equal(t, "account COMPLETE", got.last())
	assert.Equal(t, "account STARTED", got.messages[0])
	assert.Regexp(t, `^account ESTIMATE 12000 rows, [1-9]\d{5,} bytes$`, got.messages[1], "by the types of the columns")
	record := slices.IndexFunc(got.messages, func(m string) bool { return strings.HasPrefix(m, "account RECORD ") })
	state := slices.IndexFunc(got.messages, func(m string) bool { return strings.HasPrefix(m, "account STATE ") })
	later := slices.IndexFunc(got.messages[2:], func(m string) bool { return strings.HasPrefix(m, "account ESTIMATE 12000 rows, ") }) + 2
	assert.Less(t, state, record, "the token scan")
	assert.Greater(t, later, record, got.messages)
	assert.NotEqual(t, got.messages[1], got.messages[later], "by the length of the rows")
	assert.Equal(t, 2, strings.Count(strings.Join(got.messages, "\n"), "ESTIMATE"))
	assert.Equal(t, scansOf()[1:], s.links(), "the first page of a large table is not requested")
}
