package replicate_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// noSegment is what an entity set responses that is there no more.
func noSegment() error {
	return &dataverse.APIError{
		Status: http.StatusNotFound, Code: dataverse.CodeURINotParsed, Message: "Resource not found for the segment 'accounts'.",
	}
}

// under is a link with the entity set's new name.
func under(link dataverse.Link) dataverse.Link {
	return dataverse.Link(strings.Replace(string(link), "accounts?", "firms?", 1))
}

func TestARenamedEntitySetIsAdoptedDuringARead(t *testing.T) {
	one := []string{row("a1", "2026-03-01T00:00:00Z")}
	for name, c := range map[string]struct {
		stream    replicate.Stream
		responses map[dataverse.Link]response
		links     []dataverse.Link
	}{
		"in a full refresh": {
			fullRefresh(""),
			map[dataverse.Link]response{first: {rows: one, next: second}, second: {err: noSegment()}, under(first): {rows: one}},
			[]dataverse.Link{first, second, under(first)},
		},
		"in the snapshot of a tracked table": {
			incremental(snapshotState(second, ofOrganization())),
			map[dataverse.Link]response{second: {err: noSegment()}, under(first): {rows: one, delta: under(changesSince(1))}, under(keysSince(100)): {err: expired()}},
			nil,
		},
		"at changes": {
			incremental(changesState(100, march)),
			map[dataverse.Link]response{changesSince(100): {err: noSegment()}, under(changesSince(100)): {rows: one, delta: under(changesSince(101))}},
			[]dataverse.Link{changesSince(100), under(changesSince(100))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := script(c.responses)
			s.table.EntitySet = "firms"
			got := run(t, s, nil, c.stream)
			assert.Contains(t, got.log, "now=firms")
			if c.links == nil { // its changes are another matter
				assert.Contains(t, s.links(), under(first))
				return
			}
			assert.Equal(t, c.links, s.links())
			assert.Equal(t, "account COMPLETE", got.last())
		})
	}
}

func TestATableWithoutReadableDefinitionIsNotGone(t *testing.T) {
	s := script(map[dataverse.Link]response{first: {err: noSegment()}})
	s.lookupErr = errors.New("connection reset")
	got := run(t, s, nil, incremental(""))
	assert.Equal(t, "account ERROR "+noSegment().Error()+"\nconnection reset", got.messages[1])
}

func TestADeltaLinkOfAFormerEntitySetLeadsToAResync(t *testing.T) {
	s := trackedTable()
	got := run(t, s, nil, incremental(strings.ReplaceAll(changesState(100, april), escaped(changesSince(100)), "former?$token=100")))
	assert.Equal(t, scansOf(), s.links())
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Contains(t, got.log, "former entity set")
}
