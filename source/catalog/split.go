package catalog

import (
	"cmp"
	"slices"
)

// costOfStream is added to the rows of a stream, because a stream without rows costs requests, too.
const costOfStream = 1000

// Split divides streams into parts, at least one, by their numbers of rows; a stream without a number counts as empty. It assigns
// the streams from the largest to the smallest, each to the part with the fewest rows so far. No part has many more rows than
// another, unless one stream alone has them. The parts depend only on the streams and their numbers of rows, not on the order of
// the streams. Each part is sorted; parts are empty if there are fewer streams than parts.
func Split(rows map[string]int64, streams []string, parts int) [][]string {
	ordered := slices.SortedFunc(slices.Values(streams), func(a, b string) int {
		return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b))
	})
	divided, loads := make([][]string, parts), make([]int64, parts)
	for _, stream := range ordered {
		least := 0
		for part := range loads {
			if loads[part] < loads[least] {
				least = part
			}
		}
		divided[least] = append(divided[least], stream)
		loads[least] += rows[stream] + costOfStream
	}
	for _, part := range divided {
		slices.Sort(part)
	}
	return divided
}

// RowsOf returns how many rows some streams have together; a stream without a number counts as empty.
func RowsOf(rows map[string]int64, streams []string) int64 {
	var sum int64
	for _, stream := range streams {
		sum += rows[stream]
	}
	return sum
}
