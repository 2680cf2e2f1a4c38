package replicate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// since is the link to the rows with a modifiedon of a time on.
func since(at string) dataverse.Link {
	return first + dataverse.Link("&$filter=modifiedon%20ge%20"+at+"&$orderby=modifiedon,accountid")
}

func timeState(rest string) string {
	return `{"version":2,"phase":"by_time","columns":["accountid","name"],` + rest + `,"time_column":"modifiedon"`
}

func TestATableWithoutVersionsIsReadByModifiedon(t *testing.T) {
	s := script(twoPages())
	s.responses[second][0].at = serviceTime().Add(time.Hour)
	got := run(t, s, nil, untracked(""))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Len(t, got.records(), 3)
	assert.True(t, strings.HasPrefix(got.lastState(), timeState(`"max_cursor":"2026-04-01T13:00:00.000000Z",`+ofOrganization()+`,"since":"2026-04-01T12:00:00Z"`)),
		"the next sync begins where this one began, not where it ended: %s", got.lastState())
	assert.Contains(t, got.log, "found by modifiedon")

	const next = "accounts?$select=accountid,name&$skiptoken=7"
	changes := scripted(map[dataverse.Link]response{
		since("2026-04-01T11:50:00Z"): {rows: []string{row("a1", inMarch), row("a2", inMarch)}, next: next, at: serviceTime().Add(2 * time.Hour)},
	}, map[dataverse.Link]response{next: {rows: []string{row("a3", inMarch)}, at: serviceTime().Add(3 * time.Hour)}})
	again := run(t, changes, nil, untracked(got.lastState()))
	require.Equal(t, "account COMPLETE", again.last(), again.messages)
	assert.Equal(t, []dataverse.Link{since("2026-04-01T11:50:00Z"), next}, changes.notedLinks(), "the key decides between rows of the same time")
	assert.Contains(t, again.lastState(), `"since":"2026-04-01T14:00:00Z"`)

	resumed := scripted(nil, map[dataverse.Link]response{next: {rows: []string{row("a3", inMarch)}, at: serviceTime().Add(9 * time.Hour)}})
	states := again.states()
	last := run(t, resumed, nil, untracked(states[1]))
	require.Equal(t, "account COMPLETE", last.last(), last.messages)
	assert.Contains(t, last.lastState(), `"since":"2026-04-01T14:00:00Z"`, "the scan began then")
}

func TestTheAuditHistoryIsReadByCreatedon(t *testing.T) {
	table := &dataverse.Table{LogicalName: "audit", EntitySet: "audits", PrimaryID: "auditid", Columns: []dataverse.Column{
		{Property: "auditid", Type: dataverse.UniqueIdentifier}, {Property: "createdon", Type: dataverse.DateTime},
	}}
	stream := replicate.Stream{Table: table, State: []byte(`{"version":2,"phase":"by_time",` + ofOrganization() + `,"since":"2026-04-01T12:00:00Z","time_column":"createdon"}`),
		Configured: protocol.ConfiguredStream{
			Name: "audit", SyncMode: airbyte.SyncModeIncremental, SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeIncremental},
			Columns: map[string]protocol.Property{"auditid": {Type: []string{"null", "string"}}, catalog.UpdatedAt: {}},
		}}
	const link = "audits?$select=auditid&$filter=createdon%20ge%202026-04-01T11:50:00Z&$orderby=createdon,auditid"
	got := run(t, scripted(map[dataverse.Link]response{link: {rows: []string{`{"auditid":"e1"}`}}}, nil), nil, stream)
	require.Equal(t, "audit COMPLETE", got.last(), got.messages)
	assert.Len(t, got.records(), 1)
}
