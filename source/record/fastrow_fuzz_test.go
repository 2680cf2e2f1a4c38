package record_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// FuzzFastRow compares FastRow with Row: whatever the text, a row that FastRow takes is valid, has the returned length,
// and results in the same line.
func FuzzFastRow(f *testing.F) {
	for _, seed := range []string{
		`{"@odata.etag":"W/\"1\"","thingid":"t1","any":null,"modifiedon":"2023-04-07T21:59:01Z","wall":"2023-04-07T21:59:01Z"},{"thi`,
		`{"thingid":"t1","amount":"NaN","any":"a\u0000"},`, `{"ThingID":"T1","amount":1.0},`, `{"@removed":{},"thingid":"t1"},`,
		`{"any":-12.50e+3,"any":0,"x":true,"thingid":"t1","y":false,"partitionid":null,"wall":"2023"}]`,
		`{"thingid":"t\u00e9\/\ud83d","any":"ü\u2028","x":"` + "\xff\u0085" + `"},`, `{"thingid":"t1","any":{"a":[1,{}],"b":[]},"x":[[{"a":"\n"}]]},`, `{"thingid":"t1","any":01},`,
		`{"@odata.context":"x/$metadata#things/$deletedEntity","id":"T1","reason":"deleted"},`, `{"thing\u0069d":"t1","":1,"any":"\x"},`, `{"thingid":"t1","an\u0079":1},`,
		`{"thingid":"t1" ,"any":1},`, `{"thingid":"t1","any":nulL},`, `{"thingid":"t1","any":"` + "\n" + `"},`, `{"any":1},`, `{:1,"thingid":"t1"},`, `{"thingid":7},`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fast, decoded := fuzzedEncoder(t), fuzzedEncoder(t)
		at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
		for range 2 { // the second time the names are expected
			require.NoError(t, fast.Begin(context.Background(), at))
			require.NoError(t, decoded.Begin(context.Background(), at))
			length := fast.FastRow(text)
			if length > 0 {
				d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
				require.NoError(t, decoded.Row(d), "%q was taken for a row", text)
				require.EqualValues(t, length, d.InputOffset(), "%q", text)
			}
			assert.Equal(t, decoded.Deleted(), fast.Deleted())
			assert.Equal(t, decoded.MaxCursor(), fast.MaxCursor())
			assert.Equal(t, linesOf(t, decoded.Records()), linesOf(t, fast.Records()))
		}
	})
}

func linesOf(t *testing.T, page *record.Page) string {
	t.Helper()
	var all []byte
	require.NoError(t, page.Write(func(records protocol.Records) error {
		all = append(all, records.Lines...)
		return nil
	}))
	return string(all)
}
