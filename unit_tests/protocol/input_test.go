package protocol_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// inUTF16 encodes a text.
func inUTF16(order binary.AppendByteOrder, text string) string {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		encoded = order.AppendUint16(encoded, unit)
	}
	return string(encoded)
}

func TestAFileIsReadInEachEncodingOfUnicode(t *testing.T) {
	text := `{"name": "Ärzte, ` + "\u20ac \U0001f600" + `"}` + "\r\n"
	for name, content := range map[string]string{
		"UTF-8":                                 text,
		"UTF-8 with a byte order mark":          "\ufeff" + text,
		"UTF-16, as PowerShell writes it":       inUTF16(binary.LittleEndian, "\ufeff"+text),
		"UTF-16 of the other byte order":        inUTF16(binary.BigEndian, "\ufeff"+text),
		"UTF-16 without a mark":                 inUTF16(binary.LittleEndian, text),
		"UTF-16 of the other order, no mark":    inUTF16(binary.BigEndian, text),
		"UTF-16 that ends within its last unit": inUTF16(binary.LittleEndian, "\ufeff"+text) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := protocol.ReadInput(file(t, content))
			if err != nil {
				assert.Contains(t, name, "ends within")
				return
			}
			assert.Equal(t, text, string(data))
		})
	}
}

func TestALongFileInUTF16IsRead(t *testing.T) {
	text := strings.Repeat("a€\U0001f600\n", 50_000)
	data, err := protocol.ReadInput(file(t, inUTF16(binary.LittleEndian, "\ufeff"+text)))
	require.NoError(t, err)
	assert.Equal(t, text, string(data))
}

func TestASurrogateWithoutItsPairIsReplaced(t *testing.T) {
	data, err := protocol.ReadInput(file(t, inUTF16(binary.LittleEndian, "\ufeffa")+"\x00\xd8"+inUTF16(binary.LittleEndian, "b")+"\x00\xd8"))
	require.NoError(t, err)
	assert.Equal(t, "a\ufffdb\ufffd", string(data))
}

func TestASyntaxErrorIsExplained(t *testing.T) {
	tests := []struct{ name, content, says string }{
		{"nothing", " \n", "is empty"},
		{"a comma before a brace", "{\n  \"a\": 1,\n}", "Line 2, column 9: a comma precedes the closing }. Remove the comma"},
		{"a comma before a bracket", `{"a": ["é", ]}`, "Line 1, column 11: a comma precedes the closing ]. Remove the comma"},
		{"two commas", `{"a": 1,, "b": 2}`, "Line 1, column 9: a second comma follows a comma. Remove one"},
		{"no comma", "{\"a\": 1\n \"b\": 2}", "Line 2, column 2: a comma is missing here. Add it"},
		{"no comma in an array", `["a" "b"]`, "Line 1, column 6: a comma is missing here. Add it"},
		{"no colon", `{"a" 1}`, "Line 1, column 6: a colon is missing between a name and its value. Add it"},
		{"a comment", "{\n// the url\n\"a\": 1}", "Line 2, column 1: a comment begins here, but JSON has no comments. Remove it"},
		{"a comment of a shell", "{\"a\": 1, # one\n}", "Line 1, column 10: a comment begins here, but JSON has no comments. Remove it"},
		{"single quotation marks", `{'a': 1}`, "Line 1, column 2: a text is in single quotation marks. Use \""},
		{"typographic quotation marks", `{“a”: 1}`, "Line 1, column 2: a text is in typographic quotation marks. Use \""},
		{"a value of Python", `{"a": True}`, "Line 1, column 7: a value is not one of JSON's. Write true, false, or null"},
		{"a path of Windows", `{"a": "C:\path"}`, `Line 1, column 11: a backslash in a text begins no escape sequence. Write each backslash twice: \\`},
		{"a line break in a text", "{\"a\": \"b\n\"}", "Line 1, column 9: a text contains a line break or another control character."},
		{"a name without quotation marks", `{a: 1}`, `Line 1, column 2: a name has no quotation marks. Put it in "`},
		{"two values", `{} {}`, "Line 1, column 4: more text follows the end of the JSON value. Keep one value in the file"},
		{"the end within a text", `{"a": "b`, `Line 1, column 9: the file ends within a text, so a closing " is missing. Complete the file`},
		{"the end within a list", `{"a": ["}", 1`, `Line 1, column 14: the file ends too early: ]} is missing. Complete the file`},
		{"the end after a name", `{"a"`, `Line 1, column 5: the file ends too early: } is missing. Complete the file`},
		{"another format", "url: https://contoso.crm.dynamics.com", "Line 1, column 1: the file does not begin with {. Check that it is the right file"},
		{"a bracket of the wrong kind", `{"a": [1}]`, "Line 1, column 9: an unexpected }. Check that each bracket has its counterpart"},
		{"a value that is missing", `{"a": }`, "Line 1, column 7: an unexpected }. Check that each bracket has its counterpart"},
		{"anything else", `{"a": *}`, "Line 1, column 7: an unexpected character. Correct the file"},
		{"another encoding", "{\"a\": \"\xe9\"}", "is not UTF-8 text. Line 1, column 8: a byte belongs to no character. Save the file as UTF-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var document any
			assert.ErrorContains(t, protocol.Decode([]byte(test.content), &document), test.says)
		})
	}
}

func TestTheNearestNameIsFound(t *testing.T) {
	names := []string{"url", "tenant_id", "client_id", "client_secret_value", "odata_maxpagesize", "include_tables", "exclude_tables"}
	for word, want := range map[string]string{
		"include_table": "include_tables", "includeTables": "include_tables", "exclude-tables": "exclude_tables", "tables": "include_tables",
		"tenant": "tenant_id", "TenantId": "tenant_id", "clinet_id": "client_id", "client_secret": "client_secret_value",
		"environment_url": "url", "page_size": "odata_maxpagesize", "URL": "url", "start_date": "", "x": "", "": "",
	} {
		assert.Equal(t, want, protocol.Nearest(word, names), word)
	}
}

func TestAMembersPositionIsFound(t *testing.T) {
	document := []byte("{\n  \"a\": {\"b\": 1},\n  \"b\": 2\n}")
	assert.Equal(t, "line 3, column 3", protocol.MemberPosition(document, "b"))
	assert.Empty(t, protocol.MemberPosition(document, "c"))
	assert.Empty(t, protocol.MemberPosition([]byte("[]"), "a"))
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", `{"a": [1, "b",]}`, "{'a': \"\\q\"}", "\xef\xbb\xbf{}", `{"a": "`, `[1}`, "{\"\u2028\": tru", "[\"\n\"]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var document any
		if err := protocol.Decode(content, &document); err != nil {
			assert.NotRegexp(t, `json:|Go |invalid character`, err.Error(), "users know no Go")
		}
		assert.NotPanics(t, func() { protocol.Recognize(content) })
	})
}
