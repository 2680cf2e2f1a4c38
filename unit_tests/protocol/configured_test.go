package protocol_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// file writes content to a file of the test's own and returns its path.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input.txt")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestAConfiguredCatalogIsReadAsThePlatformWritesIt(t *testing.T) {
	catalog, err := protocol.ReadConfiguredCatalog(file(t, `{"streams": [{
		"stream": {"name": "account", "namespace": null, "supported_sync_modes": ["full_refresh", "incremental"],
			"json_schema": {"type": "object", "properties": {
				"accountid": {"type": "string"},
				"modifiedon": {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}}},
			"is_file_based": null},
		"sync_mode": "incremental", "destination_sync_mode": "something_new", "cursor_field": ["modifiedon"],
		"primary_key": [["accountid"]], "generation_id": 3, "minimum_generation_id": 0, "sync_id": 12, "new_field": {}
	}]}`))
	require.NoError(t, err)
	want := protocol.ConfiguredStream{
		Name:               "account",
		SyncMode:           airbyte.SyncModeIncremental,
		CursorField:        []string{"modifiedon"},
		PrimaryKey:         [][]string{{"accountid"}},
		SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental},
		Columns: map[string]protocol.Property{
			"accountid":  {Type: []string{"string"}},
			"modifiedon": {Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"},
		},
		GenerationID: new(int64(3)), MinimumGenerationID: new(int64(0)),
	}
	assert.Equal(t, []protocol.ConfiguredStream{want}, catalog.Streams)
}

func TestNullsInAConfiguredStreamMeanAbsent(t *testing.T) {
	catalog, err := protocol.ReadConfiguredCatalog(file(t, `{"streams": [{
		"stream": {"name": "contact", "namespace": "", "json_schema": {"properties": {}}, "supported_sync_modes": null},
		"sync_mode": "full_refresh", "cursor_field": null, "primary_key": null}]}`))
	require.NoError(t, err)
	require.Len(t, catalog.Streams, 1)
	assert.Empty(t, catalog.Streams[0].CursorField)
	assert.Empty(t, catalog.Streams[0].PrimaryKey)
	assert.Empty(t, catalog.Streams[0].Columns)
}

func TestAColumnsSchemaMayBeAnything(t *testing.T) {
	tests := []struct {
		name, schema string
		want         protocol.Property
	}{
		{"true", `true`, protocol.Property{}},
		{"false", `false`, protocol.Property{}},
		{"null", `null`, protocol.Property{}},
		{"a number", `3`, protocol.Property{}},
		{"an empty object", `{}`, protocol.Property{}},
		{"a list", `["string"]`, protocol.Property{}},
		{"a type that is a number", `{"type": 3}`, protocol.Property{}},
		{"a format that is a number", `{"format": 4, "airbyte_type": "integer"}`, protocol.Property{AirbyteType: "integer"}},
		{"a null for a format", `{"format": null, "airbyte_type": ["integer"]}`, protocol.Property{}},
		{"a single type", `{"type": "string", "format": "date"}`, protocol.Property{Type: []string{"string"}, Format: "date"}},
		{"alternatives", `{"oneOf": [{"type": "string"}]}`, protocol.Property{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			catalog, err := protocol.ReadConfiguredCatalog(file(t, `{"streams": [{"sync_mode": "full_refresh",
				"stream": {"name": "account", "json_schema": {"properties": {"c": `+test.schema+`}}}}]}`))
			require.NoError(t, err)
			require.Contains(t, catalog.Streams[0].Columns, "c", "the column is selected with any schema")
			assert.Equal(t, test.want, catalog.Streams[0].Columns["c"])
		})
	}
}

func TestAnInvalidConfiguredCatalogIsRejected(t *testing.T) {
	good := `{"sync_mode": "full_refresh", "stream": {"name": "account", "json_schema": {"properties": {}}}}`
	tests := []struct{ name, content, says string }{
		{"no JSON", `{"streams": [}`, "is not valid JSON. Line 1, column 14: an unexpected }. Check that each bracket has its counterpart."},
		{"an array", `[]`, "has an array where an object is expected"},
		{"a text", `"account"`, "has a string where an object is expected"},
		{"streams that are an object", `{"streams": {}}`, "has an object where an array is expected, at streams"},
		{"an empty list of streams", `{"streams":[]}`, `The configured catalog selects no stream.`},
		{"no streams", `{}`, `has no member "streams".`},
		{"null streams", `{"streams": null}`, `has no member "streams".`},
		{"a stream twice", `{"streams": [` + good + `,` + good + `]}`, `has the stream "account" twice`},
		{"no name", `{"streams": [{"sync_mode": "full_refresh", "stream": {}}]}`, "is invalid: the stream has no name"},
		{"a null stream", `{"streams": [{"stream": null}]}`, "the stream has no name"},
		{"a namespace", `{"streams": [{"sync_mode": "full_refresh", "stream": {"name": "account", "namespace": "dbo",
			"json_schema": {"properties": {}}}}]}`, `stream "account" has the namespace "dbo"`},
		{"an invalid sync mode", `{"streams": [{"sync_mode": "INVALID", "stream": {"name": "account",
			"json_schema": {"properties": {}}}}]}`, `stream "account" has the sync_mode "INVALID"`},
		{"no sync mode", `{"streams": [{"stream": {"name": "account", "json_schema": {"properties": {}}}}]}`,
			`stream "account" has the sync_mode ""`},
		{"no properties", `{"streams": [{"sync_mode": "full_refresh", "stream": {"name": "account", "json_schema": {}}}]}`,
			`stream "account" has no json_schema.properties`},
		{"no schema", `{"streams": [{"sync_mode": "full_refresh", "stream": {"name": "account"}}]}`,
			`stream "account" has no json_schema.properties`},
		{"a member of the wrong kind", `{"streams": [{"stream": {"name": "account"}, "sync_mode": 3}]}`,
			`stream "account" has a number where a string is expected, at sync_mode`},
		{"a cursor that is a text", `{"streams": [{"stream": {"name": "account"}, "sync_mode": "incremental", "cursor_field": "modifiedon"}]}`,
			`is invalid: stream "account" has a string where an array is expected, at cursor_field`},
		{"a stream that is a text", `{"streams": [{"stream": "account"}]}`, `has a string where an object is expected, at stream`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := protocol.ReadConfiguredCatalog(file(t, test.content))
			assert.ErrorContains(t, err, test.says)
			assert.NotRegexp(t, `json:|Go |struct|protocol\.|configuredEntry`, err.Error(), "users know no Go")
		})
	}
}

func TestTheOutputOfDiscoverIsNotAConfiguredCatalog(t *testing.T) {
	catalog := `{"streams": [{"name": "account", "json_schema": {"properties": {}}, "supported_sync_modes": ["full_refresh"]}]}`
	message := `{"type":"CATALOG","catalog":` + catalog + "}\n"
	for name, content := range map[string]string{
		"its whole output":               `{"type":"LOG","log":{"level":"INFO","message":"discovered"}}` + "\n" + message,
		"its catalog's message":          message,
		"the catalog in that":            catalog,
		"a catalog of an editor's pages": "\ufeff" + catalog,
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, content)
			_, err := protocol.ReadConfiguredCatalog(path)
			assert.ErrorContains(t, err, path+", given with --catalog, is the catalog that discover prints, not a configured catalog.")
			assert.ErrorContains(t, err, "source-microsoft-dataverse catalog --config FILE")
		})
	}
}

func TestAByteOrderMarkBeforeACatalogIsIgnored(t *testing.T) {
	catalog, err := protocol.ReadConfiguredCatalog(file(t, "\ufeff"+
		`{"streams":[{"stream":{"name":"account","json_schema":{"properties":{"accountid":{"type":["null","string"]}}}},"sync_mode":"full_refresh","destination_sync_mode":"overwrite"}]}`))
	require.NoError(t, err)
	assert.Len(t, catalog.Streams, 1)
}

func TestAnAbsentCatalogFileIsAnError(t *testing.T) {
	_, err := protocol.ReadConfiguredCatalog(filepath.Join(t.TempDir(), "catalog.json"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAStreamOffersTheModesItWasDiscoveredWith(t *testing.T) {
	stream := protocol.ConfiguredStream{SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeFullRefresh}}
	assert.True(t, stream.Offers(airbyte.SyncModeFullRefresh))
	assert.False(t, stream.Offers(airbyte.SyncModeIncremental))
}
