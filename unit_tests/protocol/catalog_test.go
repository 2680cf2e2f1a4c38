package protocol_test

import (
	"encoding/json"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

func TestAStreamIsWrittenWithTheProtocolsNames(t *testing.T) {
	stream := protocol.Stream{
		Name: "account",
		JSONSchema: protocol.Schema{Properties: map[string]protocol.Property{
			"name":       {Type: []string{"null", "string"}},
			"accountid":  {Type: []string{"string"}},
			"modifiedon": {Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"},
		}},
		SupportedSyncModes:      []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental},
		SourceDefinedCursor:     true,
		DefaultCursorField:      []string{"modifiedon"},
		SourceDefinedPrimaryKey: [][]string{{"accountid"}},
		IsResumable:             true,
	}
	encoded, err := json.Marshal(stream)
	require.NoError(t, err)
	want := `{"name":"account","json_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",` +
		`"additionalProperties":true,"properties":{"accountid":{"type":["string"]},` +
		`"modifiedon":{"type":["null","string"],"format":"date-time","airbyte_type":"timestamp_with_timezone"},` +
		`"name":{"type":["null","string"]}}},"supported_sync_modes":["full_refresh","incremental"],` +
		`"source_defined_cursor":true,"default_cursor_field":["modifiedon"],` +
		`"source_defined_primary_key":[["accountid"]],"is_resumable":true}`
	assert.Equal(t, want, string(encoded), "the same stream is the same bytes, properties sorted")
}

func TestASchemaWithoutColumnsStillHasProperties(t *testing.T) {
	encoded, err := json.Marshal(protocol.Schema{})
	require.NoError(t, err)
	assert.Contains(t, string(encoded), `"properties":{}`)
}
