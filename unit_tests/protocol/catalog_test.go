package protocol_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// catalogOf is the line of a catalog of these streams.
func catalogOf(t *testing.T, streams ...protocol.Stream) string {
	t.Helper()
	var c protocol.Catalog
	for _, s := range streams {
		c.Add(s)
	}
	return written(t, func(w *protocol.Writer) error { return w.Catalog(c) })
}

func TestAStreamIsWrittenWithTheProtocolsNames(t *testing.T) {
	line := catalogOf(t, protocol.Stream{
		Name: "account",
		JSONSchema: protocol.Schema{Properties: []protocol.NamedProperty{
			{Name: "accountid", Property: protocol.Property{Type: []string{"string"}}},
			{Name: "modifiedon", Property: protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"}},
			{Name: "name", Property: protocol.Property{Type: []string{"null", "string"}}},
		}},
		SupportedSyncModes:      []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental},
		SourceDefinedCursor:     true,
		DefaultCursorField:      []string{"modifiedon"},
		SourceDefinedPrimaryKey: [][]string{{"accountid"}, {"a", "b"}},
		IsResumable:             true,
	})
	assert.Equal(t, `{"type":"CATALOG","catalog":{"streams":[`+
		`{"name":"account","json_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",`+
		`"additionalProperties":true,"properties":{"accountid":{"type":["string"]},`+
		`"modifiedon":{"type":["null","string"],"format":"date-time","airbyte_type":"timestamp_with_timezone"},`+
		`"name":{"type":["null","string"]}}},"supported_sync_modes":["full_refresh","incremental"],`+
		`"source_defined_cursor":true,"default_cursor_field":["modifiedon"],`+
		`"source_defined_primary_key":[["accountid"],["a","b"]],"is_resumable":true}]}}`, line)
}

func TestEmptyMembersOfAStreamAreOmitted(t *testing.T) {
	assert.Equal(t, `{"type":"CATALOG","catalog":{"streams":[`+
		`{"name":"a","json_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",`+
		`"additionalProperties":true,"properties":{"x":{},"y":{"format":"date"}}},"supported_sync_modes":[],`+
		`"source_defined_cursor":false,"is_resumable":false}]}}`,
		catalogOf(t, protocol.Stream{Name: "a", JSONSchema: protocol.Schema{
			Properties: []protocol.NamedProperty{{Name: "x"}, {Name: "y", Property: protocol.Property{Format: "date"}}},
		}}))
}

func TestStreamsAreWrittenInTheOrderOfTheirNames(t *testing.T) {
	a, b, c := protocol.Stream{Name: "account"}, protocol.Stream{Name: "accountleads"}, protocol.Stream{Name: "new_x"}
	want := catalogOf(t, a, b, c)
	assert.Less(t, strings.Index(want, `"account"`), strings.Index(want, `"accountleads"`))
	assert.Less(t, strings.Index(want, `"accountleads"`), strings.Index(want, `"new_x"`))
	assert.Equal(t, want, catalogOf(t, c, a, b), "the platform compares catalogs")
}

func TestNamesAreEscapedAsTextsAre(t *testing.T) {
	line := catalogOf(t, protocol.Stream{Name: "a\"\\\n\u2028\u0085<&>\xff"})
	assert.Contains(t, line, `{"name":"a\"\\\n\u2028\u0085<&>`+"\ufffd"+`"`)
}

func TestACatalogOfAnySizeIsOneLine(t *testing.T) {
	var c protocol.Catalog
	for i := range 100 {
		c.Add(protocol.Stream{Name: strings.Repeat("x", 10<<10) + string(rune('a'+i%26))})
	}
	out := &writes{}
	w := protocol.NewWriter(out)
	require.NoError(t, w.Catalog(c))
	assert.Greater(t, len(out.each), 1, "a long line goes out in parts")
	line := strings.Join(out.each, "")
	assert.Equal(t, 1, strings.Count(line, "\n"))
	assert.True(t, strings.HasSuffix(line, "]}}\n"))
}

func TestAStreamInACatalogTakesNoMoreThanItsText(t *testing.T) {
	stream := protocol.Stream{Name: "account"}
	for i := range 200 {
		stream.JSONSchema.Properties = append(stream.JSONSchema.Properties, protocol.NamedProperty{
			Name: fmt.Sprintf("column%03d", i), Property: protocol.Property{Type: []string{"null", "string"}, Format: "date"},
		})
	}
	var c protocol.Catalog
	c.Add(stream)
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() { c.Add(stream) }), 1.0)
}

func TestNothingIsWrittenAfterACatalogThatWasCut(t *testing.T) {
	var c protocol.Catalog
	for range 100 {
		c.Add(protocol.Stream{Name: strings.Repeat("x", 10<<10)})
	}
	full := errors.New("no space left")
	out := &failing{after: 2, err: full}
	w := protocol.NewWriter(out)
	require.ErrorIs(t, w.Catalog(c), full)
	require.ErrorIs(t, w.Catalog(protocol.Catalog{}), full)
	assert.Equal(t, 3, out.calls)
}

// failing fails after some writes.
type failing struct {
	calls, after int
	err          error
}

func (f *failing) Write(p []byte) (int, error) {
	f.calls++
	if f.calls > f.after {
		return 0, f.err
	}
	return len(p), nil
}
