package replicate_test

import (
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

func TestTheModeOfAStreamIsDecidedOnce(t *testing.T) {
	both := []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental}
	untracked, elastic, bare := account(), account(), account()
	untracked.Tracked, elastic.Elastic, bare.Tracked, bare.Columns = false, true, false, bare.Columns[:1]
	deletions, updates := catalog.DeletedAt, catalog.UpdatedAt
	for name, c := range map[string]struct {
		mode    airbyte.SyncMode
		offered []airbyte.SyncMode
		table   *dataverse.Table
		column  string // of the catalog
		want    replicate.Mode
	}{
		"a full refresh":                           {airbyte.SyncModeFullRefresh, both, account(), deletions, replicate.FullRefresh},
		"incremental":                              {airbyte.SyncModeIncremental, both, account(), deletions, replicate.FollowsChanges},
		"incremental, without deletions":           {airbyte.SyncModeIncremental, both, account(), updates, replicate.FollowsChanges},
		"incremental, of a table not known yet":    {airbyte.SyncModeIncremental, both, nil, deletions, replicate.FollowsChanges},
		"incremental that was never offered":       {airbyte.SyncModeIncremental, both[:1], account(), deletions, replicate.NeverOffered},
		"incremental, and tracking is off":         {airbyte.SyncModeIncremental, both, untracked, deletions, replicate.TrackingOff},
		"incremental by a cursor":                  {airbyte.SyncModeIncremental, both, untracked, updates, replicate.ReadsByCursor},
		"incremental by a cursor that is gone":     {airbyte.SyncModeIncremental, both, bare, updates, replicate.TrackingOff},
		"a full refresh, of a table with a cursor": {airbyte.SyncModeFullRefresh, both, untracked, updates, replicate.FullRefresh},
		"incremental of an elastic table":          {airbyte.SyncModeIncremental, both, elastic, deletions, replicate.ElasticTable},
		"incremental, never offered, tracking off": {airbyte.SyncModeIncremental, both[:1], untracked, updates, replicate.NeverOffered},
	} {
		t.Run(name, func(t *testing.T) {
			s := protocol.ConfiguredStream{Name: "account", SyncMode: c.mode, SupportedSyncModes: c.offered, Columns: map[string]protocol.Property{c.column: {}}}
			assert.Equal(t, c.want, replicate.ModeOf(s, c.table))
		})
	}
}

func TestStreamsThatGoOnWithChangesAreBegunFirst(t *testing.T) {
	responses := map[dataverse.Link]response{changesSince(100): {delta: changesSince(101)}}
	var streams []replicate.Stream
	for i, name := range []string{"small", "large"} {
		table, link := tableNamed(name)
		responses[link] = response{}
		s := streamOf(table, airbyte.SyncModeFullRefresh, "")
		s.Rows = int64(10 * i)
		streams = append(streams, s)
	}
	streams = append(streams, incremental(changesState(100, april)))
	got := run(t, script(responses), func(j *replicate.Job) { j.Parallel = func() int { return 1 } }, streams...)
	require.Zero(t, got.failed)
	var started []string
	for _, m := range got.messages {
		if name, found := strings.CutSuffix(m, " STARTED"); found {
			started = append(started, name)
		}
	}
	assert.Equal(t, []string{"account", "large", "small"}, started)
}

func TestValuesOfAnotherTypeBringOneWarning(t *testing.T) {
	stream := fullRefresh("")
	stream.Table.Columns = append(stream.Table.Columns, dataverse.Column{Property: "revenue", Type: dataverse.Decimal}, dataverse.Column{Property: "fax", Type: dataverse.String})
	stream.Configured.Columns["revenue"] = protocol.Property{Type: []string{"null", "number"}}
	stream.Configured.Columns["fax"] = protocol.Property{Type: []string{"null", "string"}}
	const link dataverse.Link = "accounts?$select=accountid,fax,name,revenue"
	s := script(map[dataverse.Link]response{link: {rows: []string{
		strings.Replace(row("a1", inMarch), "{", `{"revenue":"NaN",`, 1), strings.Replace(row("a2", inMarch), "{", `{"revenue":1.5,`, 1),
	}}})
	got := run(t, s, nil, stream)
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Equal(t, 1, strings.Count(got.log, "column=revenue values=1"))
	assert.Equal(t, 1, strings.Count(got.log, "columns=fax"))
}
