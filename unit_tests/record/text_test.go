package record_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

func TestInvalidTextArrivesAsTheReplacementCharacter(t *testing.T) {
	const mark = "\ufffd"
	for name, example := range map[string]struct{ sent, arrives string }{
		"the first half of a pair":           {`"cut \ud83d"`, "cut " + mark},
		"the second half of a pair":          {`"\uDE00 cut"`, mark + " cut"},
		"halves the wrong way round":         {`"\ude00\ud83d"`, mark + mark},
		"a half before a pair":               {`"\ud83d\ud83d\ude00!"`, mark + "\U0001f600!"},
		"a half before another escape":       {`"\ud83d\n\ud83d\\"`, mark + "\n" + mark + "\\"},
		"a half before something like one":   {`"\ud83dude00"`, mark + "ude00"},
		"bytes that are not UTF-8":           {"\"a\xff\xfeb\"", "a" + mark + "b"},
		"a half encoded as UTF-8":            {"\"\xed\xa0\xbd\"", mark},
		"a character that is cut":            {"\"\xe2\x80\"", mark},
		"both kinds and a line separator":    {"\"\xff\u2028\\ud83d\"", mark + "\u2028" + mark},
		"half a pair in a wall clock's time": {`"\ud83dZ"`, mark},
		"a NUL":                              {`"a\u0000b"`, "a" + mark + "b"},
		"NULs and half a pair":               {`"\u0000\u0000\ud83d\u0000"`, mark + mark + mark + mark},
	} {
		t.Run(name, func(t *testing.T) {
			stream := configured(account(), "accountid", "name")
			if strings.HasSuffix(example.sent, `Z"`) {
				stream.Columns["name"] = protocol.Property{Format: "date-time", AirbyteType: catalog.WithoutTimezone}
			}
			e := newEncoder(compile(t, account(), stream), record.Options{})
			text := lines(t, e, pageTime(), `[{"accountid":"a1","name":`+example.sent+`}]`)
			require.True(t, utf8.ValidString(text))
			var line struct {
				Record struct{ Data struct{ Name string } }
			}
			require.NoError(t, json.Unmarshal([]byte(text), &line))
			assert.Equal(t, example.arrives, line.Record.Data.Name)
			assert.NotContains(t, strings.ToLower(text), `\ud8`+`3d"`)
		})
	}
}

func TestValidTextStaysByteForByte(t *testing.T) {
	for name, sent := range map[string]string{
		"a pair":                        `"\ud83d\uDE00"`,
		"a backslash before u":          `"\\ud83d"`,
		"a backslash before u0000":      `"\\u0000"`,
		"another control character":     `"\u0001\u001f"`,
		"two backslashes and an escape": `"\\\\\u0041"`,
		"the replacement character":     "\"\ufffd\"",
		"the replacement, as an escape": `"\ufffd"`,
		"a character beyond the plane":  "\"\U0001f600\"",
		"a backslash at the end":        `"\\"`,
	} {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "name")
			want := line("account", `"accountid":"a1","name":`+sent)
			assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1","name":`+sent+`}]`))
		})
	}
}

func TestANULIsReplacedInsideOfObjects(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "anything")
	want := line("account", `"accountid":"a1","anything":{"a`+"\ufffd"+`":["`+"\ufffd"+`"]}`)
	assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1","anything":{"a\u0000":["\u0000"]}}]`))
}

func TestInvalidTextIsReplacedInObjects(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "anything")
	want := line("account", `"accountid":"a1","anything":{"Value":["`+"\ufffd"+`"]}`)
	assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1","anything":{"Value":["\ud83d"]}}]`))
}
