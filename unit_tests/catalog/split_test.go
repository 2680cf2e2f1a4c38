package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
)

func TestStreamsAreDividedTheLargestFirst(t *testing.T) {
	for name, test := range map[string]struct {
		rows    map[string]int64
		streams []string
		parts   int
		want    [][]string
	}{
		"one part has all":            {map[string]int64{"a": 5, "b": 9}, []string{"b", "a"}, 1, [][]string{{"a", "b"}}},
		"the largest is alone":        {map[string]int64{"a": 90_000, "b": 40_000, "c": 40_000}, []string{"a", "b", "c"}, 2, [][]string{{"a"}, {"b", "c"}}},
		"equal ones by name":          {map[string]int64{"a": 7, "b": 7, "c": 7}, []string{"c", "b", "a"}, 3, [][]string{{"a"}, {"b"}, {"c"}}},
		"those without rows evenly":   {nil, []string{"d", "c", "b", "a"}, 2, [][]string{{"a", "c"}, {"b", "d"}}},
		"more parts than streams":     {nil, []string{"a"}, 2, [][]string{{"a"}, nil}},
		"rows of others do not count": {map[string]int64{"z": 1_000_000}, []string{"a", "b"}, 2, [][]string{{"a"}, {"b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, catalog.Split(test.rows, test.streams, test.parts))
		})
	}
}

func TestPartsAreDisjointAndBalanced(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		rows, parts := map[string]int64{}, 1+r.IntN(8)
		var streams []string
		for n := range parts + r.IntN(60) {
			name := fmt.Sprintf("table%02d", n)
			streams, rows[name] = append(streams, name), r.Int64N(1_000_000)
		}
		divided := catalog.Split(rows, streams, parts)
		require.ElementsMatch(t, streams, slices.Concat(divided...))
		shuffled := slices.Clone(streams)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		require.Equal(t, divided, catalog.Split(rows, shuffled, parts), "the order of the streams does not matter")

		var loads []int64
		for _, part := range divided {
			require.NotEmpty(t, part)
			loads = append(loads, catalog.RowsOf(rows, part)+1000*int64(len(part)))
		}
		// Each part had the fewest rows when it got its last stream, so no part exceeds another by more than one stream.
		for n, part := range divided {
			least := rows[slices.MinFunc(part, func(a, b string) int { return int(rows[a] - rows[b]) })] + 1000
			require.LessOrEqual(t, loads[n]-least, slices.Min(loads))
		}
	}
}
