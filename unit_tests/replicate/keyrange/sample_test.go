package keyrange_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/keyrange"
)

func TestASampleOfAFewKeysHasThemAll(t *testing.T) {
	var s keyrange.Sample
	for _, n := range []int{5, 3, 9, 3, 1} { // a scan may repeat one
		s.Add(numbered(n))
	}
	assert.Equal(t, []keyrange.Key{numbered(1), numbered(3), numbered(5), numbered(9)}, s.Sorted())
	assert.Equal(t, int64(1), s.Spread())
}

func TestTheQuantilesOfASampleDivideTheKeysEvenly(t *testing.T) {
	const rows, parts = 200_000, 48
	keys := random(7, rows)
	for name, order := range map[string]func(a, b keyrange.Key) int{
		"of a scan in the order of keys": keyrange.Key.Compare,
		"of a scan in no order":          func(_, _ keyrange.Key) int { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			var s keyrange.Sample
			scanned := slices.Clone(keys)
			slices.SortStableFunc(scanned, order)
			for _, k := range scanned {
				s.Add(k)
			}
			cuts := s.Quantiles(parts)
			require.Len(t, cuts, parts-1)
			require.True(t, slices.IsSortedFunc(cuts, keyrange.Key.Compare))
			assert.LessOrEqual(t, len(s.Sorted()), 16384)
			assert.Equal(t, int64(16), s.Spread())
			for _, r := range all(t, keyrange.Divide(cuts)) {
				count := 0
				for _, k := range keys {
					if r.Contains(k) {
						count++
					}
				}
				assert.InEpsilon(t, rows/parts, count, 0.25)
			}
		})
	}
}

func TestASampleOfNothingDividesNothing(t *testing.T) {
	var s keyrange.Sample
	assert.Empty(t, s.Quantiles(4))
	assert.Len(t, all(t, keyrange.Divide(nil)), 1)
}

func TestSampledKeysThatAPageLacksAreFound(t *testing.T) {
	var s keyrange.Sample
	for n := range 10 {
		s.Add(numbered(n * 10))
	}
	two, six := numbered(20), numbered(60)
	for name, example := range map[string]struct {
		within keyrange.Range
		page   []int
		want   []keyrange.Key
	}{
		"none of a whole range":               {keyrange.Range{After: &two, UpTo: &six}, []int{21, 30, 40, 41, 50, 60}, nil},
		"one in the middle":                   {keyrange.Range{After: &two, UpTo: &six}, []int{30, 41, 50, 60}, []keyrange.Key{numbered(40)}},
		"the bound itself":                    {keyrange.Range{After: &two, UpTo: &six}, []int{30, 40, 50}, []keyrange.Key{numbered(60)}},
		"not the key that the range is after": {keyrange.Range{After: &two, UpTo: &six}, []int{30, 40, 50, 60}, nil},
		"all of a page without rows":          {keyrange.Range{After: &six}, nil, []keyrange.Key{numbered(70), numbered(80), numbered(90)}},
		"the first key of all":                {keyrange.Range{UpTo: &two}, []int{10, 20}, []keyrange.Key{numbered(0)}},
	} {
		t.Run(name, func(t *testing.T) {
			var page []keyrange.Key
			for _, n := range example.page {
				page = append(page, numbered(n))
			}
			assert.Equal(t, example.want, s.Missing(example.within, page))
		})
	}
}

func TestAPageIsVerified(t *testing.T) {
	two, six := numbered(20), numbered(60)
	within := keyrange.Range{After: &two, UpTo: &six}
	for name, example := range map[string]struct {
		page []int
		want error
	}{
		"without rows":                     {nil, nil},
		"in order and in the range":        {[]int{21, 40, 60}, nil},
		"with a row twice":                 {[]int{21, 21}, keyrange.ErrOrder},
		"in descending order":              {[]int{40, 30}, keyrange.ErrOrder},
		"with the row that it comes after": {[]int{20, 21}, keyrange.ErrOutside},
		"beyond the range":                 {[]int{60, 61}, keyrange.ErrOutside},
		"before the range":                 {[]int{1}, keyrange.ErrOutside},
	} {
		t.Run(name, func(t *testing.T) {
			var page []keyrange.Key
			for _, n := range example.page {
				page = append(page, numbered(n))
			}
			assert.ErrorIs(t, keyrange.CheckPage(within, page), example.want)
		})
	}
}
