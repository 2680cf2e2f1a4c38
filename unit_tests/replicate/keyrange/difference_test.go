package keyrange_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/keyrange"
)

func TestTheKeysByWhichTwoSetsDifferAreFound(t *testing.T) {
	const common, onlyFirst, onlySecond = 20_000, 3000, 2000
	keys := random(11, common+onlyFirst+onlySecond)
	d := keyrange.NewDifference()
	for _, k := range keys[:common+onlyFirst] {
		d.Add(k)
	}
	for _, k := range keys[:common] {
		d.Remove(k)
	}
	for _, k := range keys[common+onlyFirst:] {
		d.Remove(k)
	}
	added, removed, ok := d.Read()
	require.True(t, ok)
	assert.ElementsMatch(t, keys[common:common+onlyFirst], added)
	assert.Equal(t, onlySecond, removed)
}

func TestAKeyThatWasAddedMoreOftenIsFound(t *testing.T) {
	keys := random(12, 5)
	d := keyrange.NewDifference()
	for times, k := range keys {
		for range times + 1 {
			d.Add(k)
		}
		d.Remove(k)
	}
	added, removed, ok := d.Read()
	require.True(t, ok)
	assert.ElementsMatch(t, keys[1:], added)
	assert.Zero(t, removed)
}

func TestEqualSetsDifferInNothing(t *testing.T) {
	d := keyrange.NewDifference()
	for _, k := range random(13, 1000) {
		d.Add(k)
	}
	for _, k := range random(13, 1000) {
		d.Remove(k)
	}
	added, removed, ok := d.Read()
	assert.True(t, ok)
	assert.Empty(t, added)
	assert.Zero(t, removed)
}

func TestTooManyDifferencesAreNotRead(t *testing.T) {
	d := keyrange.NewDifference()
	for _, k := range random(14, 70_000) {
		d.Add(k)
	}
	_, _, ok := d.Read()
	assert.False(t, ok)
}

func TestTotalsDistinguishSets(t *testing.T) {
	total := func(keys ...keyrange.Key) (sum keyrange.Totals) {
		for _, k := range keys {
			sum.Add(k)
		}
		return sum
	}
	a, b, c := numbered(1), numbered(2), numbered(3)
	assert.Zero(t, total(a, b).Apart(total(b, a)))
	assert.Equal(t, int64(1), total(a, b).Apart(total(a, c)))
	assert.Equal(t, int64(2), total(a, b, c).Apart(total(a)))
	assert.Equal(t, int64(2), total(a).Apart(total(a, b, c)))
	assert.Equal(t, keyrange.Totals{Rows: 1, Sum: 0x9e0160293a33aaf7}, total(a), "saved states have such sums")
}
