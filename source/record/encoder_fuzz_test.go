package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// pythonBreaks are the characters at which Python's str.splitlines ends a line.
const pythonBreaks = "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029"

// FuzzRow feeds arbitrary bytes as a page. Whatever they are, the output is complete RECORD messages, one per line.
func FuzzRow(f *testing.F) {
	for _, seed := range []string{
		`[{"thingid":"t1","amount":"NaN"},{"Thingid":"T1","amount":1.0,"any":"\u0000"},{"thingid":"t1","amount":1.5}]`,
		`[]`, `[{}]`, `[null]`, `[{"thingid":"t1"}]`, `[{"thingid":"t1","any":{"a":[1,2.50]},"wall":"2023-04-07T21:59:01Z"}]`,
		`[{"thingid":"t1","modifiedon":"2023-04-07T21:59:01.1234567Z"},{"thingid":"t1","modifiedon":null}]`,
		`[{"@odata.context":"x/$metadata#things/$deletedEntity","id":"t1","reason":"deleted"},{"thingid":"t1"}]`,
		"[ {\r\n \"thingid\" : \"t1\",\n \"any\" : { \"a\"\r:\n\"\u2028\" }\n} ]",
		"[{\"thingid\":\"\u2028\",\"any\":\"\u0085\",\"wall\":\"\u2029Z\"}]",
		`[{"thing\u0069d":"t1","any":1,"any":2,"partitionid":null}]`, `[{"thingid":"t1"},{"thingid":"t2"`,
		`[{"thingid":"\ud83d","any":["\ude00\ud83d\ude00"],"wall":"\\\ud83dZ","partitionid":"\\ud83d"}]`,
		"[{\"thingid\":\"t\xff\",\"any\":\"\xe2\x80\",\"wall\":\"\xe2\x80Z\"}]", "[{\"thingid\":\"\xed\xa0\xbd\"}]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		e := fuzzedEncoder(t)
		for range 2 { // the second page meets the buffers of the first
			readFuzzed(e, page)
			for _, key := range e.Deleted() {
				e.Delete(key)
			}
			checkLines(t, e.Records())
			assert.True(t, e.MaxCursor().Valid(), "%q", e.MaxCursor())
		}
	})
}

func fuzzedEncoder(t *testing.T) *record.Encoder {
	t.Helper()
	table := dataverse.Table{LogicalName: "thing", EntitySet: "things", PrimaryID: "thingid", Tracked: true, Elastic: true}
	s := protocol.ConfiguredStream{Name: "thing", Columns: map[string]protocol.Property{
		"_ab_cdc_updated_at": {}, "_ab_cdc_deleted_at": {},
	}}
	for _, name := range []string{"thingid", "partitionid", "any", "modifiedon", "wall"} {
		table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: dataverse.String})
		s.Columns[name] = protocol.Property{Type: []string{"null", "string"}}
	}
	s.Columns["any"] = protocol.Property{}
	s.Columns["amount"] = protocol.Property{Type: []string{"null", "integer"}}
	table.Columns = append(table.Columns, dataverse.Column{Property: "amount", Type: dataverse.Integer})
	s.Columns["wall"] = protocol.Property{Format: "date-time", AirbyteType: "timestamp_without_timezone"}
	plan, err := record.Compile(table, s, nil)
	require.NoError(t, err)
	return record.NewEncoder(plan, record.Options{Pool: record.NewPool(1)})
}

func readFuzzed(e *record.Encoder, page []byte) {
	_ = e.Begin(context.Background(), time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC))
	d := jsontext.NewDecoder(bytes.NewReader(page), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return
	}
	for d.PeekKind() != ']' {
		if e.Row(d) != nil {
			return
		}
	}
}

// checkLines reads the lines as a destination does.
func checkLines(t *testing.T, page *record.Page) {
	t.Helper()
	count := page.Count
	lines := strings.SplitAfter(linesOf(t, page), "\n")
	require.Len(t, lines, count+1)
	require.Empty(t, lines[count], "the last line ends")
	for _, line := range lines[:count] {
		text := strings.TrimSuffix(line, "\n")
		require.False(t, strings.ContainsAny(text, pythonBreaks), "%q is one line", text)
		require.True(t, utf8.ValidString(text), "%q", text)
		var message struct {
			Type   string
			Record struct {
				Stream string
				Data   map[string]any
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &message), "%q", text)
		assert.Equal(t, "RECORD", message.Type)
		assert.Equal(t, "thing", message.Record.Stream)
		assert.NotEmpty(t, message.Record.Data["thingid"], "%q has its key", text)
		if message.Record.Data["_ab_cdc_deleted_at"] == nil {
			assert.Len(t, message.Record.Data, 8, "%q has all columns", text)
		}
	}
}
