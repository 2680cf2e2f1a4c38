package replicate

import (
	"cmp"
	"context"
	"slices"
)

// inOrder puts the streams into the order in which they are begun. Those that follow changes come first: they are short,
// and their delta tokens grow old. Then the longest come first, so that none of them is left alone at the end.
func inOrder(streams []Stream) []Stream {
	short := make(map[string]bool, len(streams))
	for _, s := range streams {
		state, err := ParseState(s.State)
		short[s.Configured.Name] = err == nil && state != nil && state.Phase == Delta
	}
	ordered := slices.Clone(streams)
	slices.SortStableFunc(ordered, func(a, b Stream) int {
		if first := short[a.Configured.Name]; first != short[b.Configured.Name] {
			if first {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Rows, a.Rows)
	})
	return ordered
}

// estimate tells once how much a reading of all rows will bring: as many as the table has, each as long as those of its
// first page.
func (r *reader) estimate(ctx context.Context, phase Phase, rows, size int64) error {
	total := r.rows
	r.rows = 0
	if total == 0 || phase == Delta || phase == Reconcile {
		return nil
	}
	total = max(total, rows)
	bytes := int64(float64(size) / float64(rows) * float64(total))
	return r.out.send(ctx, message{tell: func() error { return r.Output.Estimate(r.stream.Name, total, bytes) }})
}
