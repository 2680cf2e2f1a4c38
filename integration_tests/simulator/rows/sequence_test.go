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
	version1, version4 := 16, 14 // where the text has the version of a guid: NEWSEQUENTIALID swaps the bytes of its group
	tests := map[string]struct {
		pattern KeyPattern
		version byte
		at      int
		nodes   int
	}{
		"of one node":    {OneNode, '1', version1, 1},
		"of three nodes": {ThreeNodes, '1', version1, 3},
		"random":         {RandomKeys, '4', version4, 5000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSequence(3, "account", 5000, test.pattern)
			nodes := map[string]bool{}
			for i := range s.Length {
				id := s.Id(i)
				found, ok := s.Find(id)
				require.True(t, ok, "row %d", i)
				require.Equal(t, i, found)
				require.Negative(t, id.Compare(s.Id(i+1)), "row %d", i)
				require.Equal(t, test.version, id.String()[test.at])
				nodes[id.String()[24:]] = true
			}
			assert.Len(t, nodes, test.nodes)
			_, ok := s.Find(s.Id(s.Length))
			assert.False(t, ok, "there is no row behind the last")
		})
	}
}

func TestKeysOfNewRowsLieAmongTheOthers(t *testing.T) {
	for _, pattern := range []KeyPattern{OneNode, ThreeNodes, RandomKeys} {
		s := newSequence(3, "account", 90, pattern)
		thirds := map[int]int{}
		for i := range 300 {
			thirds[min(s.ceil(s.Fresh(Draw(1, Word(i))))/31, 2)]++
		}
		for third := range 3 {
			assert.Greater(t, thirds[third], 50, "pattern %d, third %d", pattern, third)
		}
	}
}

func TestAnIDBetweenTwoRowsBelongsToTheLater(t *testing.T) {
	for _, pattern := range []KeyPattern{OneNode, ThreeNodes, RandomKeys} {
		s := newSequence(3, "account", 100, pattern)
		assert.Equal(t, 0, s.ceil(guid.ID{}))
		for i := range s.Length {
			behind := s.Id(i)
			behind[15]++
			assert.Equal(t, i+1, s.ceil(behind), "pattern %d, row %d", pattern, i)
		}
	}
}
