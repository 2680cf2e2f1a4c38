package checkpoint_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

func TestOnlyASetWhoseTextIsShortFitsAState(t *testing.T) {
	const most = 64 << 10 // characters
	random := rand.New(rand.NewPCG(1, 2))
	set := checkpoint.NewKeySet()
	fit := 0
	for n := 1; n <= 3500; n++ {
		known, ok := set.Add(fmt.Appendf(nil, "%08x-%04x-%04x-%04x-%012x",
			random.Uint32(), random.Uint32()>>16, random.Uint32()>>16, random.Uint32()>>16, random.Uint64()>>16))
		require.True(t, ok)
		require.False(t, known)
		if n < 3000 || n%10 != 0 {
			continue
		}
		fits := set.Fits()
		text, err := set.MarshalText()
		require.NoError(t, err)
		require.Equal(t, len(text) <= most, fits, "%d keys take %d characters", n, len(text))
		if fits {
			fit = n
		}
	}
	assert.Greater(t, fit, 3000)
	assert.Less(t, fit, 3500)
}
