package catalog

import (
	"cmp"
	"slices"
)

// costOfStream is what a stream counts besides its rows: a stream without rows costs requests all the same.
const costOfStream = 1000

// Split divides streams among so many parts, at least one, by their numbers of rows; a stream without a number has none. The
// largest streams come first, each into the part with the fewest rows so far, so that no part has many more rows than another
// unless one stream alone has them. The same streams and numbers give the same parts, in whatever order the streams come. Each
// part is sorted; parts are empty if there are fewer streams than parts.
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

// RowsOf returns how many rows some streams have together; a stream without a number has none.
func RowsOf(rows map[string]int64, streams []string) int64 {
	var sum int64
	for _, stream := range streams {
		sum += rows[stream]
	}
	return sum
}
