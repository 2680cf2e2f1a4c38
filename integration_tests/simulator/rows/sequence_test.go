package rows

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

func TestIDsComeInTheOrderOfSQLServer(t *testing.T) {
	// Two neighbours on a real page of contacts, which an order by text would turn round.
	first, ok := guid.Parse("cdcfa450-cb0c-ea11-a813-000d3a1b1223")
	require.True(t, ok)
	second, ok := guid.Parse("9FD4A450-CB0C-EA11-A813-000D3A1B1223")
	require.True(t, ok)
	assert.Negative(t, first.Compare(second))
	assert.Equal(t, "9fd4a450-cb0c-ea11-a813-000d3a1b1223", second.String())
}

func TestGeneratedIDsAreFoundAgain(t *testing.T) {
	s := newSequence(3, "account", 5000)
	for i := range s.Length {
		found, ok := s.Find(s.Id(i))
		require.True(t, ok)
		require.Equal(t, i, found)
		require.Negative(t, s.Id(i).Compare(s.Id(i+1)))
		require.Equal(t, byte('1'), s.Id(i).String()[16], "version 1, the low byte first")
	}
	_, ok := s.Find(s.Id(s.Length))
	assert.False(t, ok, "there is no row behind the last")
}
