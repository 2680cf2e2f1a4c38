package checkpoint_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// FuzzParse feeds arbitrary bytes as a saved state. The result is no state, a state that is written as it was read, or
// one of the documented errors.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `"None"`, `{"$deltatoken":"919042!08/22/2017 08:10:44"}`, `{"version":1,"phase":"full"}`,
		`{"version":2,"phase":"full_refresh","job":"77","max_cursor":"2026-04-01T00:00:00.000000Z","__ab_full_refresh_sync_complete":true}`,
		`{"version":2,"phase":"snapshot","link":"accounts?$select=accountid\u0026$skiptoken=%3C","delta_link":"accounts?$deltatoken=1%21"}`,
		`{"version":2,"phase":"token_scan","link":"accounts?$select=accountid","known_keys":"AQAA//8=","restarts":1}`,
		`{"version":2,"phase":"changes","delta_link":"accounts?$deltatoken=1%21","newest_row":{"key":"a","version":"7"},"generation":3}`,
		`{"version":2,"phase":"reconcile_deletions","delta_link":"accounts?$deltatoken=1%21","known_keys":"YwCDZCAAAQAA//8=","deletions_unknown_since":"2026-04-01T12:00:00Z"}`,
		`{"version":3,"phase":"full_refresh","ranges":{"left":"AA","columns":"1","sent":{"rows":1,"sum":"2"}},"scanned":{"rows":3,"sum":"4"}}`,
		`{"version":0}`, `{"version":4}`, `{"__ab_no_cursor_state_message":true}`, `{"$deltatoken":null,"version":2,"phase":"full_refresh"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		state, err := checkpoint.Parse(raw)
		var future *checkpoint.FutureStateError
		switch {
		case err != nil:
			assert.True(t, errors.Is(err, checkpoint.ErrBadState) || errors.As(err, &future), "%v", err)
			return
		case state == nil || state.PythonToken != "":
			return
		}
		written, err := state.Encode()
		require.NoError(t, err)
		require.True(t, json.Valid(written))
		again, err := checkpoint.Parse(written)
		require.NoError(t, err)
		assert.Equal(t, state.Issued.UnixNano(), again.Issued.UnixNano())
		rewritten, err := again.Encode()
		require.NoError(t, err)
		assert.Equal(t, string(written), string(rewritten))
	})
}
