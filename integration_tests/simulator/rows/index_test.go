package rows

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

func TestTheIndexKeepsIDsInOrder(t *testing.T) {
	var index idIndex
	var want []guid.ID
	at := func(i int) guid.ID { return newSequence(Mix(Word(i)), "x", 0, OneNode).Id(0) }
	for i := range 3000 {
		index.insert(at(i))
		index.insert(at(i)) // once more changes nothing
	}
	for i := range 3000 {
		if i%3 == 0 {
			index.remove(at(i))
			index.remove(at(i))
			continue
		}
		want = append(want, at(i))
	}
	slices.SortFunc(want, guid.ID.Compare)
	got := slices.Collect(index.from(guid.ID{}))
	assert.Equal(t, want, got)
	assert.Len(t, got, index.n)
	middle := got[1234]
	assert.Equal(t, got[1234:], slices.Collect(index.from(middle)))
	middle[15]++
	assert.Equal(t, got[1235:], slices.Collect(index.from(middle)))
	for _, id := range got {
		index.remove(id)
	}
	assert.Empty(t, slices.Collect(index.from(guid.ID{})))
}
