package replicate_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// removed is the refusal of a page whose $select names a column that is gone.
func removed() error {
	return fmt.Errorf("read a page of account: %w", &dataverse.APIError{
		Status: http.StatusBadRequest, Code: dataverse.CodeURINotParsed,
		Message: "Could not find a property named 'name' on type 'Microsoft.Dynamics.CRM.account'.",
	})
}

// What is left of the account stream's links without the column.
const left dataverse.Link = "accounts?$select=accountid"

func leftSince(version int) dataverse.Link {
	return dataverse.NewDeltaLink("accounts", []string{"accountid"}, token(version))
}

func without(id, cursor string) string {
	return `account RECORD {"accountid":"` + id + `","_ab_cdc_updated_at":"` + cursor + `","_ab_cdc_deleted_at":null}`
}

func TestAColumnThatIsRemovedDuringAReadIsLeftOut(t *testing.T) {
	one := []string{row("a1", "2026-03-01T00:00:00Z")}
	cases := map[string]struct {
		stream    replicate.Stream
		responses map[dataverse.Link]response
		links     []dataverse.Link
		records   []string
	}{
		"in a full refresh": {
			fullRefresh(""),
			map[dataverse.Link]response{first: {rows: one, next: second}, second: {err: removed()}, left: {rows: one}},
			[]dataverse.Link{first, second, left}, []string{record("a1", noon), without("a1", afterNoon)},
		},
		"at the first page of a tracked table": {
			incremental(""),
			map[dataverse.Link]response{first: {err: removed()}, left: {rows: one, delta: leftSince(100)}},
			[]dataverse.Link{first, left}, []string{without("a1", noon)},
		},
		"in the snapshot of a tracked table": {
			incremental(snapshotState(second, `"max_cursor":"`+march+`",`+ofOrganization())),
			map[dataverse.Link]response{second: {err: removed()}, left: {rows: one, delta: leftSince(100)}, leftSince(100): {delta: leftSince(101)}},
			[]dataverse.Link{second, left, leftSince(100)}, []string{without("a1", noon)},
		},
		"at changes": {
			incremental(changesState(100, march)),
			map[dataverse.Link]response{changesSince(100): {err: removed()}, leftSince(100): {rows: one, delta: leftSince(101)}},
			[]dataverse.Link{changesSince(100), leftSince(100)}, []string{without("a1", noon)},
		},
		"in the middle of changes": {
			incremental(middleState(changesSince(100), march)),
			map[dataverse.Link]response{changesTwo: {err: removed()}, leftSince(100): {rows: one, delta: leftSince(101)}},
			[]dataverse.Link{changesTwo, leftSince(100)}, []string{without("a1", noon)},
		},
	}
	for name, c := range cases {
		for definition, table := range map[string]*dataverse.Table{
			"and the definition knows it":             new(account().Without("name")),
			"and the definition still has the column": account(),
		} {
			t.Run(name+", "+definition, func(t *testing.T) {
				s := script(c.responses)
				s.table = table
				got := run(t, s, nil, c.stream)
				assert.Equal(t, c.links, s.links())
				assert.Equal(t, c.records, got.records())
				assert.Equal(t, "account COMPLETE", got.last())
				assert.Equal(t, 1, s.definitions)
				assert.Contains(t, got.log, "column=name")
				assert.NotContains(t, got.lastState(), "deletions_unknown_since")
			})
		}
	}
}

func TestChangesThatNeedARemovedColumnLeadToAResync(t *testing.T) {
	s := script(map[dataverse.Link]response{
		leftSince(100): {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		left:           {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: leftSince(200)},
	})
	s.responses[changesSince(100)] = []response{{err: removed()}, {err: removed()}}
	got := run(t, s, nil, incremental(changesState(100, march)))
	assert.Equal(t, []dataverse.Link{changesSince(100), leftSince(100), changesSince(100), left}, s.links())
	assert.Equal(t, []string{without("a1", noon)}, got.records())
	assert.Contains(t, got.lastState(), "deletions_unknown_since")
}

func TestATableThatIsRemovedDuringAReadIsReported(t *testing.T) {
	for name, refused := range map[string]error{"at its rows": noSegment(), "at a column": removed()} {
		t.Run(name, func(t *testing.T) {
			s := script(map[dataverse.Link]response{first: {err: refused}})
			s.table = nil
			got := run(t, s, nil, incremental(""))
			assert.Equal(t, []string{
				"account STARTED", "account ERROR the environment has no table account that the Web API can read", "account INCOMPLETE",
			}, got.messages)
		})
	}
}

func TestAStreamOfWhichNothingIsLeftIsAnError(t *testing.T) {
	stream := incremental("")
	delete(stream.Configured.Columns, "accountid")
	s := script(map[dataverse.Link]response{first: {err: removed()}})
	got := run(t, s, nil, stream)
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Len(t, s.asked, 1)
}
