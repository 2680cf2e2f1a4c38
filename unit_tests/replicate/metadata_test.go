package replicate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// definitions is a service that has a row for each table but those of bare.
type definitions struct {
	asked [][]string // tables, by request
	bare  map[string]bool
	most  int   // more tables are too expensive; 0: none are
	fail  error // of the second request
}

// Metadata implements replicate.Definitions.
func (d *definitions) Metadata(ctx context.Context, q dataverse.MetadataRequest, sink dataverse.Sink) (time.Time, error) {
	d.asked = append(d.asked, q.Tables)
	switch {
	case d.most > 0 && len(q.Tables) > d.most:
		return time.Time{}, &dataverse.APIError{Status: http.StatusGatewayTimeout}
	case d.fail != nil && len(d.asked) == 2:
		return time.Time{}, d.fail
	}
	if err := sink.Begin(ctx, serviceTime()); err != nil {
		return time.Time{}, err
	}
	for _, table := range q.Tables {
		row := `{"table_name":"` + table + `","entity_set_name":"` + table + `s"}`
		if d.bare[table] {
			continue
		}
		if err := sink.Row(jsontext.NewDecoder(strings.NewReader(row))); err != nil {
			return time.Time{}, err
		}
	}
	return serviceTime(), nil
}

// tablesNumbered are the names of tables, sorted.
func tablesNumbered(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("t%04d", i))
	}
	return names
}

// ofMetadata configures a stream that describes tables.
func ofMetadata(mode airbyte.SyncMode, state string, tables ...string) replicate.Stream {
	kind, rows, _ := catalog.Metadata("_metadata_tables")
	s := replicate.Stream{
		Table: &rows, Rows: 10, Metadata: &replicate.Metadata{Kind: kind, Tables: tables},
		Configured: protocol.ConfiguredStream{
			Name: rows.LogicalName, SyncMode: mode, SupportedSyncModes: catalog.MetadataStreams()[0].SupportedSyncModes,
			Columns: map[string]protocol.Property{"table_name": {Type: []string{"null", "string"}}},
		},
	}
	if state != "" {
		s.State = []byte(state)
	}
	return s
}

func readMetadata(t *testing.T, d *definitions, streams ...replicate.Stream) outcome {
	t.Helper()
	return run(t, &service{}, func(j *replicate.Job) { j.ID, j.Definitions = "77", d }, streams...)
}

// metadataState is a state after a table.
func metadataState(after string) string {
	return fullState(`"link":"_metadata_tables?$select=table_name&after=` + after + `",` + ofOrganization() + `,"job":"77","began":"2026-04-01T12:00:00Z"`)
}

func TestMetadataIsReadInChunksWithAStateAfterEach(t *testing.T) {
	d := &definitions{}
	got := readMetadata(t, d, ofMetadata(airbyte.SyncModeFullRefresh, "", tablesNumbered(120)...))
	require.NoError(t, got.err)
	assert.Zero(t, got.failed)
	assert.Equal(t, []int{50, 50, 20}, lengths(d.asked))
	states := slices.DeleteFunc(slices.Clone(got.messages), func(m string) bool { return !strings.Contains(m, " STATE ") })
	require.Len(t, states, 3)
	assert.Equal(t, "_metadata_tables STATE 50.0 "+strings.ReplaceAll(metadataState("t0049"), "&", `\u0026`), states[0])
	assert.Contains(t, states[2], `"__ab_full_refresh_sync_complete":true`)
	assert.Equal(t, "_metadata_tables COMPLETE", got.messages[len(got.messages)-1])
	assert.Contains(t, got.messages, "_metadata_tables ESTIMATE 120 rows, 13680 bytes", "as many as the first chunk suggests")
}

func lengths(lists [][]string) []int {
	var all []int
	for _, list := range lists {
		all = append(all, len(list))
	}
	return all
}

func TestMetadataContinuesAfterTheLastTableOfItsState(t *testing.T) {
	tables := slices.DeleteFunc(tablesNumbered(120), func(name string) bool { return name == "t0049" }) // it was deleted meanwhile
	d := &definitions{}
	got := readMetadata(t, d, ofMetadata(airbyte.SyncModeFullRefresh, metadataState("t0049"), tables...))
	assert.Zero(t, got.failed)
	assert.Equal(t, "t0050", d.asked[0][0])
	assert.Equal(t, []int{50, 20}, lengths(d.asked))

	none := &definitions{}
	got = readMetadata(t, none, ofMetadata(airbyte.SyncModeFullRefresh, metadataState("t0119"), tables...))
	assert.Zero(t, got.failed)
	assert.Empty(t, none.asked, "no table is left")
	assert.Equal(t, "_metadata_tables COMPLETE", got.messages[len(got.messages)-1])
}

func TestTooMuchMetadataIsReadInSmallerChunks(t *testing.T) {
	d := &definitions{most: 20}
	got := readMetadata(t, d, ofMetadata(airbyte.SyncModeFullRefresh, "", tablesNumbered(60)...))
	assert.Zero(t, got.failed)
	assert.Equal(t, []int{50, 25, 12, 12, 12, 12, 12}, lengths(d.asked))
	assert.Contains(t, got.log, "fewer tables at once")

	d = &definitions{fail: errors.New("refused")}
	got = readMetadata(t, d, ofMetadata(airbyte.SyncModeFullRefresh, "", tablesNumbered(120)...))
	assert.Equal(t, 1, got.failed, "any other error ends the stream")
	assert.Contains(t, strings.Join(got.messages, "\n"), "t0049", "whose state is kept")
}

func TestManyTablesWithoutMetadataEndNoStream(t *testing.T) {
	d := &definitions{most: 1, bare: map[string]bool{}}
	for _, name := range tablesNumbered(300) {
		d.bare[name] = true
	}
	got := readMetadata(t, d, ofMetadata(airbyte.SyncModeFullRefresh, "", tablesNumbered(300)...))
	assert.Zero(t, got.failed, "%s", got.log)
	assert.Equal(t, "_metadata_tables COMPLETE", got.messages[len(got.messages)-1])
}

func TestMetadataConfiguredAsIncrementalIsReadInFull(t *testing.T) {
	d := &definitions{}
	got := readMetadata(t, d, ofMetadata(airbyte.SyncModeIncremental, "", "account"))
	assert.Zero(t, got.failed, "as PyAirbyte configures every stream")
	assert.Contains(t, got.log, "offers no incremental sync")
	assert.Equal(t, [][]string{{"account"}}, d.asked)
}
