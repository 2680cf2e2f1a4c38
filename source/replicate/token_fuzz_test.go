package replicate

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// FuzzTokenVersion feeds arbitrary tokens. A version is known only of a token that begins with it, and no token is older
// than itself.
func FuzzTokenVersion(f *testing.F) {
	for _, seed := range []string{
		"919058%2108%2f22%2f2017%2008%3a21%3a20", "919058!08/22/2017", "%21", "!", "1", "-1%21", "18446744073709551616%21", "1%211%21", "a&$deltatoken=2%21",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		link := dataverse.NewDeltaLink("accounts", []string{"accountid"}, token)
		version, known := tokenVersion(link)
		assert.False(t, wentBackward(link, link))
		if !known {
			return
		}
		next := dataverse.NewDeltaLink("accounts", nil, fmt.Sprintf("%d%%21", version))
		assert.False(t, wentBackward(link, next))
		if version > 0 {
			assert.True(t, wentBackward(link, dataverse.NewDeltaLink("accounts", nil, fmt.Sprintf("%d%%21", version-1))))
		}
	})
}

// FuzzLedger feeds arbitrary keys, 16 bytes each. A ledger is read as it was written, and knows exactly what was added.
func FuzzLedger(f *testing.F) {
	for _, seed := range [][]byte{nil, make([]byte, 16), bytes.Repeat([]byte{0xa1}, 48), []byte("0123456789abcdefFEDCBA9876543210")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := newLedger()
		for at := 0; at+16 <= len(raw); at += 16 {
			key := []byte(guid(raw[at : at+16]).String())
			_, ok := l.add(key)
			require.True(t, ok)
			known, _ := l.add(key)
			require.True(t, known)
		}
		text, err := l.MarshalText()
		require.NoError(t, err)
		var again ledger
		if len(l.keys) > ledgerKeys {
			require.False(t, l.fits())
			require.ErrorIs(t, again.UnmarshalText(text), errLedger)
			return
		}
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, l.list(), again.list())
		for _, key := range l.list() {
			again.remove(key)
		}
		require.Empty(t, again.list())
	})
}
