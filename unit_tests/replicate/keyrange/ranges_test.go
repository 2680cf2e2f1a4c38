package keyrange_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/keyrange"
)

// all returns the ranges that are still to be read, in ascending order, as the next process finds them in a state.
func all(t *testing.T, r *keyrange.Ranges) (ranges []keyrange.Range) {
	t.Helper()
	text, err := r.MarshalText()
	require.NoError(t, err)
	var saved keyrange.Ranges
	require.NoError(t, saved.UnmarshalText(text))
	for one := saved.Open(); one != nil; one = saved.Open() {
		ranges = append(ranges, *one)
	}
	return ranges
}

// describe writes ranges of numbered keys, such as "(..10] (10..20] (20..)".
func describe(t *testing.T, r *keyrange.Ranges) string {
	t.Helper()
	var texts []string
	for _, one := range all(t, r) {
		from, to := "", ")"
		if one.After != nil {
			from = numberOf(*one.After)
		}
		if one.UpTo != nil {
			to = numberOf(*one.UpTo) + "]"
		}
		texts = append(texts, "("+from+".."+to)
	}
	return strings.Join(texts, " ")
}

func numberOf(k keyrange.Key) string {
	return fmt.Sprint(int(k[12])<<24 | int(k[13])<<16 | int(k[14])<<8 | int(k[15]))
}

func cuts(numbers ...int) []keyrange.Key {
	var keys []keyrange.Key
	for _, n := range numbers {
		keys = append(keys, numbered(n))
	}
	return keys
}

func TestRangesShrinkAsTheyAreRead(t *testing.T) {
	r := keyrange.Divide(cuts(10, 20, 30))
	assert.Equal(t, "(..10] (10..20] (20..30] (30..)", describe(t, r))
	first, second := r.Open(), r.Open()
	r.Advance(second, numbered(15))
	r.Advance(first, numbered(10)) // the last key that it may have
	assert.Equal(t, "(15..20] (20..30] (30..)", describe(t, r))
	assert.False(t, r.Has(first))
	r.End(second)
	last := r.Scan()
	r.Advance(last, numbered(40))
	assert.Equal(t, "(20..30] (40..)", describe(t, r), "what has no upper bound ends only by End")
	r.End(last)
	assert.Nil(t, r.Scan())
	third := r.Open()
	assert.Nil(t, r.Open())
	r.Release(third)
	assert.Same(t, third, r.Open())
	r.End(third)
	assert.True(t, r.Empty())
}

func TestTheLargestOpenRangeIsHalvedBehindThePageUnderWay(t *testing.T) {
	var s keyrange.Sample
	for n := range 1000 {
		s.Add(numbered(n))
	}
	r := keyrange.Divide(cuts(600))
	lower, upper := r.Open(), r.Open()
	r.Advance(lower, numbered(99)) // 500 left, of which a page of 100 is under way
	half := r.Halve(&s, 100)
	assert.Equal(t, "(99..400] (400..600] (600..)", describe(t, r))
	assert.True(t, r.Has(half))
	half = r.Halve(&s, 100)
	assert.Equal(t, "(99..400] (400..600] (600..850] (850..)", describe(t, r), "the largest one now")
	r.End(lower)
	r.End(half)
	r.Advance(upper, numbered(601))
	assert.Nil(t, r.Halve(&s, 100), "less than three pages are left of each")
}

func TestOnlyARangeThatIsReadIsHalved(t *testing.T) {
	var s keyrange.Sample
	for n := range 1000 {
		s.Add(numbered(n))
	}
	r := keyrange.Divide(nil)
	assert.Nil(t, r.Halve(&s, 10), "it waits")
	last := r.Scan()
	assert.Nil(t, r.Halve(&s, 10), "its keys are scanned")
	r.Release(last)
	r.Open()
	assert.NotNil(t, r.Halve(&s, 10))
}

func TestRangesAreMadeAsKeysAreScanned(t *testing.T) {
	r := keyrange.Divide(nil)
	last := r.Scan()
	r.Extend(last, numbered(10))
	r.Extend(last, numbered(20))
	assert.Equal(t, "(..10] (10..20] (20..)", describe(t, r))
	one := r.Open()
	for n := 3; n <= 60; n++ {
		r.Extend(last, numbered(10*n))
	}
	assert.LessOrEqual(t, len(all(t, r)), keyrange.MaxRanges+1)
	r.Advance(one, numbered(9))
	assert.True(t, strings.HasPrefix(describe(t, r), "(9..10] (10.."), describe(t, r))
	assert.True(t, strings.HasSuffix(describe(t, r), "(600..)"), describe(t, r))
	assertCovers(t, r, numbered(9))
}

// assertCovers fails unless the ranges follow each other without a gap, from a key on.
func assertCovers(t *testing.T, r *keyrange.Ranges, from keyrange.Key) {
	t.Helper()
	ranges := all(t, r)
	require.NotEmpty(t, ranges)
	for i, one := range ranges {
		require.NotNil(t, one.After)
		require.Equal(t, from, *one.After)
		require.Equal(t, i == len(ranges)-1, one.UpTo == nil, "only the last one has no upper bound")
		if one.UpTo != nil {
			from = *one.UpTo
		}
	}
}

func TestTheNumberOfRangesDependsOnThePages(t *testing.T) {
	for pages, want := range map[int64]int{0: 1, 3: 1, 20: 5, 100: 25, 2000: 48} {
		assert.Equal(t, want, keyrange.Parts(pages), pages)
	}
}

func TestRangesAreReadAsTheyWereWritten(t *testing.T) {
	for name, example := range map[string]struct {
		ranges *keyrange.Ranges
		want   string
	}{
		"all keys":    {keyrange.Divide(nil), "(..)"},
		"several":     {keyrange.Divide(cuts(10, 20, 30)), "(..10] (10..20] (20..30] (30..)"},
		"none":        {&keyrange.Ranges{}, ""},
		"with a hole": {withHole(), "(..10] (20..30] (30..)"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := example.ranges.MarshalText()
			require.NoError(t, err)
			var again keyrange.Ranges
			require.NoError(t, again.UnmarshalText(text))
			assert.Equal(t, example.want, describe(t, &again))
		})
	}
}

func withHole() *keyrange.Ranges {
	r := keyrange.Divide(cuts(10, 20, 30))
	r.Open()
	r.End(r.Open())
	return r
}

func TestWrongRangesAreRefused(t *testing.T) {
	swapped := append(cuts(20), cuts(10)...)
	text, err := keyrange.Divide(swapped).MarshalText()
	require.NoError(t, err)
	for _, wrong := range []string{string(text), "!", "Bw", "CA", "Ag", "AAAA", "AQ"} {
		var r keyrange.Ranges
		assert.Error(t, r.UnmarshalText([]byte(wrong)), wrong)
	}
}

func TestTheRangesOfALargeTableNeedLittleOfAState(t *testing.T) {
	keys := random(3, keyrange.MaxRanges-1)
	slices.SortFunc(keys, keyrange.Key.Compare)
	r := keyrange.Divide(keys)
	for range 16 { // lanes, each in the middle of a range
		one := r.Open()
		middle := *one.UpTo
		middle[15]--
		r.Advance(one, middle)
	}
	text, err := r.MarshalText()
	require.NoError(t, err)
	assert.Less(t, len(text), 1500)
}

// Whatever order lanes read in, and however ranges are halved, released and saved, each key is read exactly once.
func TestEveryKeyIsReadOnceInAnyOrder(t *testing.T) {
	for seed := range uint64(200) {
		source := rand.New(rand.NewPCG(seed, 2))
		keys := random(seed, 1+source.IntN(400))
		var s keyrange.Sample
		for _, k := range keys {
			s.Add(k)
		}
		slices.SortFunc(keys, keyrange.Key.Compare)
		r := keyrange.Divide(s.Quantiles(1 + source.IntN(6)))
		read, open := map[keyrange.Key]int{}, []*keyrange.Range{}
		for !r.Empty() {
			switch source.IntN(6) {
			case 0:
				if one := r.Open(); one != nil {
					open = append(open, one)
				}
			case 1:
				if one := r.Halve(&s, 1+source.Int64N(20)); one != nil {
					open = append(open, one)
				}
			case 2:
				if source.IntN(10) == 0 { // the process is killed
					text, err := r.MarshalText()
					require.NoError(t, err)
					r, open = &keyrange.Ranges{}, nil
					require.NoError(t, r.UnmarshalText(text))
				}
			default:
				if len(open) == 0 {
					continue
				}
				at := source.IntN(len(open))
				if done := readPage(r, open[at], keys, 1+source.IntN(20), read); done {
					open = slices.Delete(open, at, at+1)
				}
			}
		}
		require.Len(t, read, len(keys), "seed %d", seed)
		for _, times := range read {
			require.Equal(t, 1, times, "seed %d", seed)
		}
	}
}

// readPage reads a page of a range, and reports whether that was its last one.
func readPage(r *keyrange.Ranges, one *keyrange.Range, keys []keyrange.Key, size int, read map[keyrange.Key]int) (done bool) {
	var page []keyrange.Key
	for _, k := range keys {
		if one.Contains(k) {
			page = append(page, k)
		}
	}
	if last := len(page) <= size; last {
		r.End(one)
	} else {
		page = page[:size]
		r.Advance(one, page[size-1])
	}
	for _, k := range page {
		read[k]++
	}
	return !r.Has(one)
}
