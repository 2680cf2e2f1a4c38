package checkpoint

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzKeySet feeds arbitrary keys, 16 bytes each. A set is read as it was written, and holds exactly what was added.
func FuzzKeySet(f *testing.F) {
	for _, seed := range [][]byte{nil, make([]byte, 16), bytes.Repeat([]byte{0xa1}, 48), []byte("0123456789abcdefFEDCBA9876543210")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		k := NewKeySet()
		for at := 0; at+16 <= len(raw); at += 16 {
			key := []byte(guid(raw[at : at+16]).String())
			_, ok := k.Add(key)
			require.True(t, ok)
			known, _ := k.Add(key)
			require.True(t, known)
		}
		text, err := k.MarshalText()
		require.NoError(t, err)
		var again KeySet
		if len(k.keys) > maxKeys {
			require.False(t, k.Fits())
			require.ErrorIs(t, again.UnmarshalText(text), errKeySet)
			return
		}
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, k.List(), again.List())
		for _, key := range k.List() {
			again.Remove(key)
		}
		require.Empty(t, again.List())
	})
}
