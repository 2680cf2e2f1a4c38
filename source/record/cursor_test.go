package record

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
)

func FuzzAppendCursor(f *testing.F) {
	for _, seed := range []string{
		``, `n`, `null`, `"`, `""`, `"Z"`, `"2023-04-07T21:59:01Z"`, `"2023-04-07T21:59:01.1234567Z"`, `"2023-04-07T21:59:01.12345\"Z"`,
		`"2023-04-07T21:59:01+02:00"`, `"0000-01-01T00:00:00+01:00"`, `"9999-12-31T23:59:59-01:00"`, `"2023-02-30T21:59:01Z"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !jsontext.Value(value).IsValid() || strings.TrimSpace(value) != value {
			return // the decoder hands out nothing else
		}
		got, found := strings.CutPrefix(string(appendCursor([]byte("before"), []byte(value))), "before")
		assert.True(t, found, "what stood before stays")
		if got == "" {
			return
		}
		assert.True(t, Cursor(got).Valid(), "%q became %q", value, got)
		at, err := time.Parse(time.RFC3339, value[1:len(value)-1])
		assert.NoError(t, err)
		assert.Equal(t, CursorAt(at), Cursor(got))
	})
}
