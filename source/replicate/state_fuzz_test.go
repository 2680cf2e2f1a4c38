package replicate_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate"
)

// FuzzParseState feeds arbitrary bytes as a saved state. They are no state, or one that is written as it was read, or an
// error that a user is told the right thing of.
func FuzzParseState(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `"None"`, `{"$deltatoken":"919042!08/22/2017 08:10:44"}`, `{"version":1,"phase":"full","job":"77"}`,
		`{"version":1,"phase":"initial","link":"accounts?$select=accountid\u0026$skiptoken=%3C","rising":true}`,
		`{"version":1,"phase":"delta","link":"accounts?$deltatoken=1%21","begin":"accounts","issued":"2026-04-01T12:00:00Z"}`,
		`{"version":1,"phase":"full","greatest":"2026-04-01T00:00:00.000000Z","__ab_full_refresh_sync_complete":true}`, `{"version":2}`,
		`{"version":2,"phase":"keys","link":"accounts?$select=accountid","ledger":"AQAA//8=","restarts":1}`,
		`{"version":2,"phase":"delta","link":"accounts?$deltatoken=1%21","ledger":"SkxKTgYA"}`,
		`{"version":2,"phase":"reconcile","begin":"accounts?$deltatoken=1%21","ledger":"YwCDZCAAAQAA//8=","deletions_unknown_since":"2026-04-01T12:00:00Z"}`,
		`{"version":0}`, `{"__ab_no_cursor_state_message":true}`, `{"$deltatoken":null,"version":2,"phase":"full"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		state, err := replicate.ParseState(raw)
		var future *replicate.FutureStateError
		switch {
		case err != nil:
			assert.True(t, errors.Is(err, replicate.ErrBadState) || errors.As(err, &future), "%v", err)
			return
		case state == nil || state.Link == "" && state.Phase == replicate.Delta: // none, or the Python connector's
			return
		case state.Version == 1 && state.Phase == replicate.Initial: // its walk begins again: it has no token
			return
		}
		written, err := state.Encode()
		require.NoError(t, err)
		require.True(t, json.Valid(written))
		again, err := replicate.ParseState(written)
		require.NoError(t, err)
		state.Version = again.Version // the present one
		assert.Equal(t, state.Issued.UnixNano(), again.Issued.UnixNano())
		rewritten, err := again.Encode()
		require.NoError(t, err)
		assert.Equal(t, string(written), string(rewritten))
	})
}
