package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/record"
)

func TestARowAsTheServiceWritesItNeedsNoDecoder(t *testing.T) {
	for name, row := range map[string]string{
		"all kinds of values": `{"@odata.etag":"W/\"81052965\"","accountid":"a1","name":null,"revenue":12345678901234567.8900,"numberofemployees":-7,"donotemail":true,"x":false}`,
		"texts of all kinds":  `{"accountid":"a1","name":"Müller & Söhne \u2013 \ud83d\ude00 \\ \/ \r\n","fax":"` + "\u2028\U0001f600\xff" + `"}`,
		"objects and arrays":  `{"accountid":"a1","name":{"Value":true,"More":[],"x":{}},"fax":[{"a":[1,null]},{"b":"c\n"}]}`,
		"no column selected":  `{"accountid":"a1","exchangerate":1e-10,"createdon":0.0,"x":-0,"y":10E+05}`,
		"a deletion":          `{"@odata.context":"https://contoso.example/api/data/v9.2/$metadata#accounts/$deletedEntity","id":"a1","reason":"deleted"}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "name")
			require.NoError(t, e.Begin(context.Background(), pageTime()))
			assertFast(t, e, []byte(row))
			assertFast(t, e, []byte(row)) // its names are expected now
			e.Records().Release()
		})
	}
}

// assertFast asserts that a row takes the fast path as soon as it is whole and something follows it.
func assertFast(t *testing.T, e *record.Encoder, row []byte) {
	t.Helper()
	text := append(bytes.Clone(row), `,{"next":`...)
	for end := range len(row) {
		require.Zero(t, e.FastRow(text[:end]), "%q is no whole row", text[:end])
	}
	assert.Equal(t, len(row), e.FastRow(text))
}

func TestRealRowsNeedNoDecoder(t *testing.T) {
	folder := os.Getenv("DATAVERSE_FIXTURES")
	if folder == "" {
		t.Skip("DATAVERSE_FIXTURES names no folder with real payloads")
	}
	for file, key := range map[string]string{"page_he_employees_1.json": "he_employeeid", "msft_accounts_page.json": "accountid"} {
		raw, err := os.ReadFile(filepath.Join(folder, "records", file))
		require.NoError(t, err)
		var page struct{ Value []json.RawMessage }
		require.NoError(t, json.Unmarshal(raw, &page))
		require.NotEmpty(t, page.Value)
		table := account()
		table.PrimaryID, table.Columns = key, table.Columns[:1]
		table.Columns[0].Property = key
		e := encoderOf(t, table, key)
		require.NoError(t, e.Begin(context.Background(), pageTime()))
		for _, row := range page.Value {
			var compact bytes.Buffer
			require.NoError(t, json.Compact(&compact, row))
			assertFast(t, e, compact.Bytes())
		}
		e.Records().Release()
	}
}

func TestFastRowLeavesUnusualRowsToADecoder(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                      ``,
		"no object":                    `["accountid"],`,
		"an empty object":              `{},`,
		"spaces":                       `{ "accountid":"a1"},`,
		"a space behind a name":        `{"accountid" :"a1"},`,
		"a space behind a value":       `{"accountid":"a1" },`,
		"an object with a space":       `{"accountid":"a1","name":{"a": 1}},`,
		"an object without a name":     `{"accountid":"a1","name":{1}},`,
		"an object without a value":    `{"accountid":"a1","name":{"a"}},`,
		"an object with another end":   `{"accountid":"a1","name":{"a":1]},`,
		"an array with a comma more":   `{"accountid":"a1","name":[1,]},`,
		"an array without a comma":     `{"accountid":"a1","name":[1"a"]},`,
		"an array that is too deep":    `{"accountid":"a1","name":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `},`,
		"an escape in a name":          `{"account\u0069d":"a1"},`,
		"a row without its key":        `{"name":"n"},`,
		"a key that is null":           `{"accountid":null},`,
		"no name":                      `{:"a1"},`,
		"a name and nothing":           `{"accountid","name":1},`,
		"a comma too many":             `{"accountid":"a1",},`,
		"a comma too few":              `{"accountid":"a1""name":"n"},`,
		"a zero in front":              `{"accountid":"a1","name":01},`,
		"a plus in front":              `{"accountid":"a1","name":+1},`,
		"a point and nothing":          `{"accountid":"a1","name":1.},`,
		"a point and nothing before":   `{"accountid":"a1","name":.1},`,
		"an exponent of nothing":       `{"accountid":"a1","name":1e},`,
		"an exponent of a sign":        `{"accountid":"a1","name":1e-},`,
		"a minus alone":                `{"accountid":"a1","name":-},`,
		"a word that is none":          `{"accountid":"a1","name":nul},`,
		"a word that continues":        `{"accountid":"a1","name":nulls},`,
		"an escape that is none":       `{"accountid":"a1","name":"\x"},`,
		"a vertical tab's escape":      `{"accountid":"a1","name":"\v"},`,
		"an escape of other letters":   `{"accountid":"a1","name":"\u12g4"},`,
		"half an escape":               `{"accountid":"a1","name":"\u123g"},`,
		"a semicolon":                  `{"accountid";"a1"},`,
		"a deletion without its words": `{"id":"a1"},`,
	} {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "name")
			require.NoError(t, e.Begin(context.Background(), pageTime()))
			assert.Zero(t, e.FastRow([]byte(text)))
			require.Positive(t, e.FastRow([]byte(`{"accountid":"a1","name":"n"},`)))
			assert.Zero(t, e.FastRow([]byte(text)), "nor once its names are expected")
			assert.Equal(t, line("account", `"accountid":"a1","name":"n"`), taken(t, e), "it leaves nothing behind")
		})
	}
}

func TestFastRowLeavesControlCharactersToADecoder(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "name")
	require.NoError(t, e.Begin(context.Background(), pageTime()))
	for _, control := range []string{"\x00", "\x01", "\t", "\n", "\x1f"} {
		for before := range 20 {
			for after := range 20 {
				text := strings.Repeat("x", before) + control + strings.Repeat("x", after)
				require.Zero(t, e.FastRow([]byte(`{"accountid":"a1","name":"`+text+`"},`)), "%q", text)
			}
		}
	}
	e.Discard()
}
