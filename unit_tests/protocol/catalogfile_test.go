package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// offering is a stream that offers modes, with more columns than a line holds.
func offering(name string, modes ...airbyte.SyncMode) protocol.Stream {
	text := protocol.Property{Type: []string{"null", "string"}}
	return protocol.Stream{
		Name: name, SupportedSyncModes: modes, SourceDefinedCursor: true, IsResumable: true,
		DefaultCursorField: []string{"changed"}, SourceDefinedPrimaryKey: [][]string{{"id"}, {"partition"}},
		JSONSchema: protocol.Schema{Properties: []protocol.NamedProperty{
			{Name: "changed", Property: text}, {Name: "id", Property: text}, {Name: "partition", Property: text},
		}},
	}
}

func TestACatalogFileHasTheModeThatAStreamOffers(t *testing.T) {
	const full, incremental = airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental
	for name, example := range map[string]struct {
		offered           []airbyte.SyncMode
		wanted, want      airbyte.SyncMode
		destination, more string
	}{
		"the best":                   {[]airbyte.SyncMode{full, incremental}, "", incremental, "append_dedup", `"cursor_field": ["changed"]`},
		"the wanted one":             {[]airbyte.SyncMode{full, incremental}, full, full, "overwrite", ""},
		"the only one":               {[]airbyte.SyncMode{full}, "", full, "overwrite", ""},
		"not one that is not there ": {[]airbyte.SyncMode{full}, incremental, full, "overwrite", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var c protocol.CatalogFile
			assert.Equal(t, example.want, c.Add(offering("account", example.offered...), example.wanted))
			text := string(c.JSON())
			assert.Contains(t, text, `"destination_sync_mode": "`+example.destination+`"`)
			assert.Contains(t, text, `"primary_key": [["id"],["partition"]]`)
			if example.more == "" {
				assert.NotContains(t, text, `"cursor_field"`)
			}
			assert.Contains(t, text, example.more)
			read, err := protocol.ReadConfiguredCatalog(file(t, text))
			require.NoError(t, err)
			assert.Equal(t, example.want, read.Streams[0].SyncMode)
			assert.Equal(t, [][]string{{"id"}, {"partition"}}, read.Streams[0].PrimaryKey)
			assert.Len(t, read.Streams[0].Columns, 3)
		})
	}
}

func TestACatalogFileIsSortedAndReadable(t *testing.T) {
	var c protocol.CatalogFile
	assert.JSONEq(t, `{"streams":[]}`, string(c.JSON()))
	for _, name := range []string{"task", "account", "quo\"ted\u2028"} {
		c.Add(offering(name, airbyte.SyncModeFullRefresh), "")
	}
	assert.Equal(t, 3, c.Len())
	text := string(c.JSON())
	var decoded struct {
		Streams []struct{ Stream struct{ Name string } }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &decoded))
	assert.Equal(t, "account", decoded.Streams[0].Stream.Name)
	assert.Equal(t, "quo\"ted\u2028", decoded.Streams[1].Stream.Name)
	assert.True(t, strings.HasPrefix(text, "{\n  \"streams\": [\n    {\n      \"sync_mode\": \"full_refresh\",\n"), text)
	assert.Contains(t, text, "\n            \"id\": {\"type\":[\"null\",\"string\"]},\n", "a column has a line of its own")
}
