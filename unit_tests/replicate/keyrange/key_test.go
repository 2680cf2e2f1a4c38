package keyrange_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/keyrange"
)

func key(t *testing.T, text string) keyrange.Key {
	t.Helper()
	k, ok := keyrange.ParseKey(text)
	require.True(t, ok, text)
	return k
}

// numbered returns a key that is in the order of its number.
func numbered(n int) keyrange.Key {
	var k keyrange.Key
	for i := range 4 {
		k[len(k)-1-i] = byte(n >> (8 * i))
	}
	return k
}

// random returns keys that a seed determines, each once, in no order.
func random(seed uint64, n int) []keyrange.Key {
	source := rand.New(rand.NewPCG(seed, 1))
	keys := make([]keyrange.Key, n)
	for i := range keys {
		for j := range keys[i] {
			keys[i][j] = byte(source.Uint32())
		}
	}
	return keys
}

func TestAKeyIsWrittenAsItWasRead(t *testing.T) {
	const text = "00112233-4455-6677-8899-aabbccddeeff"
	assert.Equal(t, text, key(t, text).String())
	assert.Equal(t, key(t, text), key(t, "00112233-4455-6677-8899-AABBCCDDEEFF"))
	k, ok := keyrange.ParseKey([]byte(text))
	assert.True(t, ok)
	assert.Equal(t, key(t, text), k)
}

func TestOnlyGUIDsAreKeys(t *testing.T) {
	for _, text := range []string{
		"", "a1", "{00112233-4455-6677-8899-aabbccddeeff}", "00112233x4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeefg",
		"00112233-4455-6677-8899-aabbccddeef", "0011223344556677-8899-aabb-ccddeeff",
	} {
		_, ok := keyrange.ParseKey(text)
		assert.False(t, ok, text)
	}
}

// The order is that of .NET's SqlGuid, which documents it by such a list: each differs from the one before in a place that counts
// more.
func TestKeysAreInTheOrderOfSQLServer(t *testing.T) {
	ascending := []string{
		"01000000-0000-0000-0000-000000000000",
		"00010000-0000-0000-0000-000000000000",
		"00000100-0000-0000-0000-000000000000",
		"00000001-0000-0000-0000-000000000000",
		"00000000-0100-0000-0000-000000000000",
		"00000000-0001-0000-0000-000000000000",
		"00000000-0000-0100-0000-000000000000",
		"00000000-0000-0001-0000-000000000000",
		"00000000-0000-0000-0001-000000000000",
		"00000000-0000-0000-0100-000000000000",
		"00000000-0000-0000-0000-000000000001",
		"00000000-0000-0000-0000-000000000100",
		"00000000-0000-0000-0000-000000010000",
		"00000000-0000-0000-0000-000001000000",
		"00000000-0000-0000-0000-000100000000",
		"00000000-0000-0000-0000-010000000000",
	}
	var keys []keyrange.Key
	for _, text := range ascending {
		keys = append(keys, key(t, text))
	}
	assert.True(t, slices.IsSortedFunc(keys, keyrange.Key.Compare))
	assert.Zero(t, keys[3].Compare(keys[3]))
	assert.Equal(t, 1, keys[3].Compare(keys[2]))
}

// The rows of a documented response, in the order in which the service returned them (Microsoft, "Query data using the Web API").
func TestTheOrderAgreesWithDocumentedPages(t *testing.T) {
	first, second := key(t, "49b0be2e-d01c-ed11-b83e-000d3a572421"), key(t, "78914942-d01c-ed11-b83e-000d3a572421")
	assert.Equal(t, -1, first.Compare(second))
}
