package protocol_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// timeOfRecord is the time in a RECORD line, which stands before its data.
var timeOfRecord = regexp.MustCompile(`,"emitted_at":\d{13},"data":`)

func TestARecordsEnvelopeIsWrittenInOnePlace(t *testing.T) {
	const changes = `,"meta":{"changes":[{"field":"a","change":"NULLED","reason":"SOURCE_SERIALIZATION_ERROR"},` +
		`{"field":"b\"","change":"NULLED","reason":"SOURCE_SERIALIZATION_ERROR"}]}`
	nulled := func(fields ...string) (all []protocol.FieldChange) {
		for _, field := range fields {
			all = append(all, protocol.FieldChange{Field: field, Change: protocol.Nulled, Reason: protocol.SourceSerializationError})
		}
		return all
	}
	for name, c := range map[string]struct {
		stream, quoted string
		changes        []protocol.FieldChange
		meta           string
	}{
		"without changes":           {"account", `"account"`, nil, ""},
		"with changes":              {"account", `"account"`, nulled("a", `b"`), changes},
		"of an odd stream":          {"a\"emitted_at\":1", `"a\"emitted_at\":1"`, nil, ""},
		"of a stream beyond a line": {"a\u2028b", `"a\u2028b"`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			line := append(protocol.RecordHead(c.stream), `{"emitted_at":1}`...)
			line = protocol.AppendRecordEnd(line, c.changes)
			want := `{"type":"RECORD","record":{"stream":` + c.quoted + `,"emitted_at":1700000000000,"data":{"emitted_at":1}` + c.meta + "}}\n"
			var out bytes.Buffer
			require.NoError(t, protocol.NewWriter(&out).Tracker().Record(protocol.Records{Lines: line, Count: 1}, c.stream, ""))
			got := out.String()
			require.True(t, json.Valid([]byte(strings.TrimSpace(got))), got)
			assert.Equal(t, want, timeOfRecord.ReplaceAllString(got, `,"emitted_at":1700000000000,"data":`))
		})
	}
}
