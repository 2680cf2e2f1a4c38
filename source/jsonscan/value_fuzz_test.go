package jsonscan_test

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/jsonscan"
)

// FuzzEndOfValue compares with a decoder: an accepted value is valid for the decoder too and ends at the same position.
func FuzzEndOfValue(f *testing.F) {
	for _, seed := range []string{
		`null,`, `true}`, `-12.50e+3]`, `0`, `01,`, `"a\u00e9\ud83d\"",`, `"ü` + "\xff" + `",`, `{"a":[1,{}],"b":[]},`, `[[{"a":"\n"}]]`, `{"a": 1}`, `[1,]`, `"\x"`, `nulL`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		end, kind := jsonscan.EndOfValue(text, 0)
		if end == 0 {
			return
		}
		d := jsontext.NewDecoder(bytes.NewReader(text[:end]), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		value, err := d.ReadValue()
		require.NoError(t, err, "%q was accepted", text[:end])
		require.EqualValues(t, end, d.InputOffset(), "%q", text)
		kinds := map[jsontext.Kind]jsonscan.Kind{
			'n': jsonscan.Null, 't': jsonscan.Boolean, 'f': jsonscan.Boolean, '0': jsonscan.Number, '"': jsonscan.String, '{': jsonscan.Object, '[': jsonscan.Array,
		}
		assert.NotZero(t, kinds[value.Kind()]&kind, "%q", text)
		if kind == jsonscan.PlainString {
			decoded, err := jsontext.AppendUnquote(nil, value)
			require.NoError(t, err)
			assert.Equal(t, string(text[1:end-1]), string(decoded), "a plain string is its text")
		}
	})
}
