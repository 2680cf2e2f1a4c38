package replicate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// typed is an account stream with the key and the type of a lookup.
func typed(mode airbyte.SyncMode, state string) replicate.Stream {
	table := account()
	table.Columns = append(table.Columns, dataverse.Column{Property: "_parent_value", Type: dataverse.Customer, Polymorphic: true})
	s := streamOf(table, mode, state)
	s.Configured.Columns = map[string]protocol.Property{
		"accountid": {Type: []string{"null", "string"}}, "_parent_value_type": {Type: []string{"null", "string"}},
		catalog.UpdatedAt: {}, catalog.DeletedAt: {},
	}
	return s
}

// The links of that stream.
const (
	typedFirst  dataverse.Link = "accounts?$select=_parent_value,accountid"
	typedSecond dataverse.Link = typedFirst + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20/%3E"
)

func typedSince(version int) dataverse.Link {
	return dataverse.NewDeltaLink("accounts", []string{"_parent_value", "accountid"}, token(version))
}

// byKey is a search for one row of that stream.
func byKey(key string) dataverse.Link {
	return typedFirst + "&$filter=accountid%20eq%20" + dataverse.Link(key)
}

// typedRow is an account whose parent is a contact, as the service prints it where the types of lookups are requested.
func typedRow(id string) string {
	return `{"accountid":"` + id + `","_parent_value@Microsoft.Dynamics.CRM.lookuplogicalname":"contact","_parent_value":"p1"}`
}

func bareRow(id string) string { return `{"accountid":"` + id + `","_parent_value":"p1"}` }

func typedRecord(id, cursor string) string {
	return `account RECORD {"accountid":"` + id + `","_parent_value_type":"contact","_ab_cdc_updated_at":"` + cursor + `","_ab_cdc_deleted_at":null}`
}

// withTypes are the links that were requested with the types of lookups.
func (s *service) withTypes() []dataverse.Link {
	var links []dataverse.Link
	for _, q := range s.noted {
		if q.LookupTypes {
			links = append(links, q.Link)
		}
	}
	return links
}

func TestNoScanWhoseTokenIsKeptComesWithTypes(t *testing.T) {
	s := script(map[dataverse.Link]response{
		keysLink:        {rows: []string{row("a1", "")}, delta: keysSince(100)},
		typedFirst:      {rows: []string{typedRow("a1")}, delta: typedSince(100)},
		typedSince(100): {delta: typedSince(101), context: selecting("_parent_value,accountid")},
	})
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, ""))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Equal(t, []dataverse.Link{keysLink, typedFirst, typedSince(100)}, s.links(), "the token comes from the keys alone")
	assert.Equal(t, []dataverse.Link{typedFirst, typedSince(100)}, s.withTypes())
	assert.Equal(t, []string{typedRecord("a1", noon)}, got.records())
	assert.Contains(t, got.lastState(), `"derived":["_parent_value_type"]`)
	assert.NotContains(t, got.lastState(), "types_by_keys")
}

func TestAFullRefreshComesWithTypes(t *testing.T) {
	s := script(map[dataverse.Link]response{
		typedFirst:  {rows: []string{typedRow("a1")}, next: typedSecond},
		typedSecond: {rows: []string{typedRow("a2")}},
	})
	got := run(t, s, nil, typed(airbyte.SyncModeFullRefresh, ""))
	assert.Equal(t, []dataverse.Link{typedFirst, typedSecond}, s.withTypes())
	assert.Len(t, got.records(), 2)
}

func TestChangesThatLoseTheirLinkWithTypesAreReadByKeys(t *testing.T) {
	lost := response{rows: []string{typedRow("b1")}}
	s := script(nil)
	s.responses[typedSince(100)] = []response{lost, lost, {rows: []string{bareRow("b1"), gone("b2")}, delta: typedSince(101)}}
	s.filtered = map[dataverse.Link][]response{byKey("b1"): {{rows: []string{typedRow("b1")}}, {rows: []string{typedRow("b1")}}}}
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, stateOf(typedSince(100))))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Equal(t, []dataverse.Link{typedSince(100), typedSince(100), byKey("b1")}, s.withTypes())
	require.Len(t, got.records(), 2)
	assert.Equal(t, typedRecord("b1", noon), got.records()[0])
	assert.Contains(t, got.records()[1], `"accountid":"b2"`)
	assert.Contains(t, got.lastState(), `"types_by_keys":true`)
	assert.Equal(t, 1, strings.Count(got.log, "Dataverse does not return changes together with the types of lookups"))

	s.noted, s.responses[typedSince(101)] = nil, []response{{rows: []string{bareRow("b1")}, delta: typedSince(102)}}
	got = run(t, s, nil, typed(airbyte.SyncModeIncremental, got.lastState()))
	assert.Equal(t, []string{typedRecord("b1", "2026-04-01T12:00:00.000002Z")}, got.records())
	assert.Equal(t, []dataverse.Link{byKey("b1")}, s.withTypes(), "changes are not requested with types again")
	assert.NotContains(t, got.log, "types of lookups")
}

func TestAPageThatLacksItsLinksOnceComesWithTypesAgain(t *testing.T) {
	s := script(nil)
	s.responses[typedSince(100)] = []response{{rows: []string{typedRow("b1")}}, {rows: []string{typedRow("b1")}, delta: typedSince(101), context: selecting("_parent_value,accountid")}}
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, stateOf(typedSince(100))))
	assert.Equal(t, []string{typedRecord("b1", noon)}, got.records())
	assert.NotContains(t, got.lastState(), "types_by_keys")
	assert.Equal(t, []dataverse.Link{typedSince(100), typedSince(100)}, s.withTypes())
}

func TestASnapshotThatLosesItsLinkWithTypesEndsByKeys(t *testing.T) {
	lost := response{rows: []string{typedRow("a2")}}
	s := script(map[dataverse.Link]response{
		keysLink:        {rows: []string{row("a1", ""), row("a2", "")}, delta: keysSince(100)},
		typedFirst:      {rows: []string{typedRow("a1")}, next: typedSecond},
		typedSince(100): {delta: typedSince(101)},
	})
	s.responses[typedSecond] = []response{lost, lost, {rows: []string{bareRow("a2"), bareRow("a3")}, delta: typedSince(100)}}
	s.responses[keysSince(100)] = []response{{delta: keysSince(101)}}
	s.filtered = map[dataverse.Link][]response{byKey("a2") + "%20or%20accountid%20eq%20a3": {{rows: []string{typedRow("a2"), typedRow("a3")}}}}
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, ""))
	assert.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Equal(t, []string{typedRecord("a1", noon), typedRecord("a2", "2026-04-01T12:00:00.000001Z"), typedRecord("a3", "2026-04-01T12:00:00.000001Z")}, got.records())
	assert.Contains(t, got.lastState(), `"types_by_keys":true`, "its changes would lose the link too")
	for _, q := range s.noted {
		assert.False(t, q.LookupTypes && q.Link == keysSince(100))
	}
}

func TestASnapshotWithoutAnyLinkIsNotTakenForComplete(t *testing.T) {
	lost := response{rows: []string{typedRow("a1")}}
	s := script(map[dataverse.Link]response{keysLink: {rows: []string{row("a1", "")}, delta: keysSince(100)}})
	s.responses[typedFirst] = []response{lost, lost, {rows: []string{bareRow("a1")}}}
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, ""))
	assert.Contains(t, got.messages[len(got.messages)-2], replicate.ErrNoDeltaLink.Error())
}

func TestATokenIsGivenUpOnlyIfItIsRefusedWithoutTypes(t *testing.T) {
	for name, refused := range map[string]response{
		"by an error":  {err: expired()},
		"by all rows":  {rows: []string{typedRow("b1")}, context: "https://x/api/data/v9.2/$metadata#accounts", delta: typedSince(101)},
		"by the url":   {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		"by a message": {err: saying(http.StatusBadRequest, "0x80040203", "Version stamp associated with the client has expired.")},
	} {
		t.Run(name, func(t *testing.T) {
			taken := response{rows: []string{bareRow("b1")}, delta: typedSince(101)}
			s := script(nil)
			s.responses[typedSince(100)] = []response{refused, taken, taken}
			s.filtered = map[dataverse.Link][]response{byKey("b1"): {{rows: []string{typedRow("b1")}}}}
			got := run(t, s, nil, typed(airbyte.SyncModeIncremental, stateOf(typedSince(100))))
			assert.Equal(t, []string{typedRecord("b1", noon)}, got.records())
			assert.Contains(t, got.lastState(), `"types_by_keys":true`)
		})
	}
	s := script(map[dataverse.Link]response{
		keysLink:        {rows: []string{row("a1", "")}, delta: keysSince(100)},
		typedFirst:      {rows: []string{typedRow("a1")}, delta: typedSince(100)},
		keysSince(100):  {delta: keysSince(101)},
		typedSince(100): {delta: typedSince(101)},
	})
	s.responses[typedSince(90)] = []response{{err: expired()}, {err: expired()}}
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, stateOf(typedSince(90))))
	assert.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Contains(t, got.log, "so the table is re-read in full")
	assert.NotContains(t, got.lastState(), "types_by_keys")
}

func TestTypesThatAreSelectedLaterAreReported(t *testing.T) {
	s := script(map[dataverse.Link]response{typedSince(100): {delta: typedSince(101), context: selecting("_parent_value,accountid")}})
	got := run(t, s, nil, typed(airbyte.SyncModeIncremental, stateOf(typedSince(100))))
	assert.Contains(t, got.log, "The selected columns have changed.")
	assert.Contains(t, got.log, "added=_parent_value_type")

	s.responses[typedSince(101)] = []response{{delta: typedSince(102), context: selecting("_parent_value,accountid")}}
	got = run(t, s, nil, typed(airbyte.SyncModeIncremental, got.lastState()))
	assert.NotContains(t, got.log, "The selected columns have changed.")
}

func TestRowsWithOtherTypesAreNotContinued(t *testing.T) {
	for name, mode := range map[string]airbyte.SyncMode{"a snapshot": airbyte.SyncModeIncremental, "a full refresh": airbyte.SyncModeFullRefresh} {
		t.Run(name, func(t *testing.T) {
			s := script(map[dataverse.Link]response{
				keysLink:        {rows: []string{row("a1", "")}, delta: keysSince(100)},
				typedFirst:      {rows: []string{typedRow("a1")}, next: typedSecond},
				typedSince(100): {delta: typedSince(101)},
			})
			s.responses[typedSecond] = []response{{err: cookieless()}, {rows: []string{typedRow("a2")}, delta: typedSince(100)}}
			got := run(t, s, nil, typed(mode, ""))
			state := got.lastState()
			assert.Contains(t, state, `"derived":["_parent_value_type"]`)
			s.responses[typedFirst] = []response{{rows: []string{typedRow("a1")}, next: typedSecond}}
			got = run(t, s, nil, typed(mode, strings.Replace(state, `"derived":["_parent_value_type"],`, "", 1)))
			assert.Contains(t, got.log, "so it starts over")
			assert.Len(t, got.records(), 2)
		})
	}
}

// cookieless is an error that ends a stream.
func cookieless() error { return refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing) }
