package replicate_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

const afterNoon = "2026-04-01T12:00:00.000001Z"

func TestADeletionOfARowThatTheScanAlsoSentIsLookedUp(t *testing.T) {
	cases := map[string]struct {
		one, two []string // the rows of two pages
		exists   bool
		want     []string
	}{
		"on one page, and the row exists": {
			[]string{row("a1", "2026-03-01T00:00:00Z"), gone("a1")}, nil, true, []string{record("a1", noon)},
		},
		"on one page, and the row is gone": {
			[]string{row("a1", "2026-03-01T00:00:00Z"), gone("a1")}, nil, false, []string{tombstone("a1", noon)},
		},
		"the deletion first, and the row exists": {
			[]string{gone("a1"), row("a1", "2026-03-01T00:00:00Z")}, nil, true, []string{record("a1", noon)},
		},
		"on two pages, and the row exists": {
			[]string{row("a1", "2026-03-01T00:00:00Z")}, []string{gone("a1")}, true, []string{record("a1", noon)},
		},
		"on two pages, and the row is gone": {
			[]string{row("a1", "2026-03-01T00:00:00Z")}, []string{gone("a1")}, false, []string{record("a1", noon), tombstone("a1", afterNoon)},
		},
		"on two pages, the row's key in capitals": {
			[]string{row("A1", "2026-03-01T00:00:00Z")}, []string{gone("a1")}, true, []string{strings.Replace(record("a1", noon), `"name":"a1"`, `"name":"A1"`, 1)},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := script(map[dataverse.Link]response{
				changesSince(100): {rows: c.one, next: changesTwo},
				changesTwo:        {rows: c.two, delta: changesSince(200)},
			})
			s.rows["a1"] = c.exists
			got := run(t, s, nil, incremental(changesState(100, april)))
			assert.Equal(t, c.want, got.records())
			assert.Equal(t, requests(c.exists, "a1"), s.lookedUp)
			assert.Equal(t, !c.exists, s.proved == 1, "that a row does not come must not be for want of a privilege")
		})
	}
}

func TestARowThatTheUserMayNotSeeIsNotDeleted(t *testing.T) {
	hidden := refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing)
	t.Run("when a deletion is lookedUp up", func(t *testing.T) {
		s := script(map[dataverse.Link]response{
			changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z"), gone("a1")}, delta: changesSince(200)},
		})
		s.hidden = hidden
		got := run(t, s, nil, incremental(changesState(100, april)))
		assert.Equal(t, "account INCOMPLETE", got.last())
		assert.Empty(t, got.records())
	})
	t.Run("when another row that is lookedUp up with it comes twice", func(t *testing.T) {
		s := script(map[dataverse.Link]response{
			changesSince(100): {rows: []string{
				row("a1", "2026-03-01T00:00:00Z"), row("a2", "2026-03-01T00:00:00Z"), gone("a1"), gone("a2"),
			}, delta: changesSince(200)},
		})
		s.hidden, s.twice, s.rows["a1"] = hidden, true, true
		got := run(t, s, nil, incremental(changesState(100, april)))
		assert.Equal(t, []string{"a1", "a2", "a2"}, s.lookedUp)
		assert.Equal(t, "account INCOMPLETE", got.last())
		assert.Empty(t, got.records())
	})
	t.Run("when deletions are reconciled", func(t *testing.T) {
		s := onePage(rowsOf(2, 7))
		s.hidden = hidden
		got := run(t, s, nil, incremental(afterSnapshot(t, rowsOf(0, 5))))
		assert.Equal(t, "account INCOMPLETE", got.last())
		assert.Len(t, got.records(), 5, "no deletions")
		assert.Contains(t, got.lastState(), `"phase":"reconcile_deletions"`)

		s = onePage(rowsOf(2, 7))
		s.responses[changesSince(100)] = []response{{delta: changesSince(101)}}
		got = run(t, s, nil, incremental(got.lastState()))
		const later = "2026-04-01T12:00:00.000002Z"
		assert.Equal(t, []string{tombstone(guid(0), later), tombstone(guid(1), later)}, got.records(), "once all can be seen")
	})
	t.Run("when changed rows are read by their keys", func(t *testing.T) {
		s := script(map[dataverse.Link]response{
			changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(200), context: selecting("name")},
		})
		s.hidden = hidden
		state := strings.Replace(changesState(100, april), "accountid,name", "accountid,fax", 1)
		own := dataverse.NewDeltaLink("accounts", []string{"accountid", "fax"}, changesSince(100).DeltaToken())
		s.responses[own] = []response{{rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: own}}
		got := run(t, s, nil, incremental(state))
		assert.Equal(t, requests(false, "a1"), s.found)
		assert.Equal(t, 1, s.proved)
		assert.Equal(t, "account INCOMPLETE", got.last())
		assert.Empty(t, got.records())
	})
}

func TestADeletionBeforeItsRowNeedsNoLookup(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{gone("a1")}, next: changesTwo},
		changesTwo:        {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(200)},
	})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, []string{tombstone("a1", noon), record("a1", afterNoon)}, got.records())
	assert.Empty(t, s.lookedUp)
}

func TestARepeatedDeletionIsSentOncePerPage(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{gone("a1"), gone("a1")}, next: changesTwo},
		changesTwo:        {rows: []string{gone("a1")}, delta: changesSince(200)},
	})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, []string{tombstone("a1", noon), tombstone("a1", afterNoon)}, got.records())
}

// requests returns the keys that are asked for: rows that exist once, rows that do not a second time.
func requests(exist bool, keys ...string) []string {
	if exist {
		return keys
	}
	return append(slices.Clone(keys), keys...)
}

func TestOneEmptyResponseDeletesNoRow(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{row("a1", inMarch), gone("a1")}, delta: changesSince(200)},
	})
	s.filtered = map[dataverse.Link][]response{"accounts?$select=accountid&$filter=accountid%20eq%20a1": {{}}}
	s.rows["a1"] = true
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, []string{record("a1", noon)}, got.records())
	assert.Equal(t, []string{"a1"}, s.lookedUp, "the second request")
}

func TestAnInterruptedScanLooksUpEveryDeletedRow(t *testing.T) {
	states := map[string]struct {
		refused error
		asked   int
	}{
		"that continues":          {nil, 2},
		"that begins at its link": {cookieRefused(), 2},
	}
	for name, c := range states {
		t.Run(name, func(t *testing.T) {
			rows := []string{gone("d1"), gone("d2")}
			s := script(map[dataverse.Link]response{
				changesTwo:        {err: c.refused, rows: rows, delta: changesSince(200)},
				changesSince(100): {rows: rows, delta: changesSince(200)},
				changesSince(200): {delta: changesSince(201)},
			})
			s.rows["d2"] = true
			got := run(t, s, nil, incremental(middleState(changesSince(100), april)))
			assert.Equal(t, []string{tombstone("d1", noon)}, got.records())
			assert.Equal(t, []string{"d1", "d2", "d1"}, s.lookedUp, "what is missing beside another row is asked for again")
			assert.Len(t, s.asked, c.asked)
		})
	}
}

func TestOfManyRowsOnlySentOnesAreLookedUp(t *testing.T) {
	const many = 5000
	var upserts, deletions []string
	for i := range many {
		upserts = append(upserts, row(fmt.Sprintf("a%d", i), "2026-03-01T00:00:00Z"))
		deletions = append(deletions, gone(fmt.Sprintf("d%d", i)))
	}
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: upserts, next: changesTwo},
		changesTwo:        {rows: append(deletions, gone("a7"), gone("a4999")), delta: changesSince(200)},
	})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Len(t, got.records(), many+many+2)
	assert.Subset(t, s.lookedUp, []string{"a7", "a4999"}, "none that was sent is passed over")
	assert.Less(t, len(s.lookedUp), 20, "few others are thought to be sent")
}

func TestALookupThatFailsFailsTheStream(t *testing.T) {
	s := script(map[dataverse.Link]response{
		changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z"), gone("a1")}, delta: changesSince(200)},
	})
	s.lookupErr = errors.New("the service is away")
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, []string{"account STARTED", "account RUNNING", "account ERROR the service is away", "account INCOMPLETE"}, got.messages)
}

func TestDeletionsWithoutTheirColumnBringOneWarning(t *testing.T) {
	for _, column := range []string{catalog.DeletedAt, "accountid"} {
		t.Run("without "+column, func(t *testing.T) {
			s := script(map[dataverse.Link]response{
				changesSince(100): {rows: []string{row("a1", "2026-03-01T00:00:00Z"), gone("d1"), gone("d2")}, next: changesTwo},
				changesTwo:        {rows: []string{gone("a1"), gone("d3")}, delta: changesSince(200)},
			})
			stream := incremental(changesState(100, april))
			delete(stream.Configured.Columns, column)
			got := run(t, s, nil, stream)
			assert.Len(t, got.records(), 1)
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, 1, strings.Count(got.log, "Rows were deleted"))
			assert.Empty(t, s.lookedUp)
			assert.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`, "since the token was issued")
			assert.Contains(t, got.log, "Refresh and remove records")
		})
	}
}
