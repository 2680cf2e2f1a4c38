package replicate

import (
	"cmp"
	"slices"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// inOrder returns the streams in the order in which they start. Those that continue with changes, or with rows that are new or
// changed, come first: they are short, and their delta tokens age. The others follow by size, the longest first, so that no
// long one runs alone at the end.
func inOrder(streams []Stream) []Stream {
	rank := make(map[string]int, len(streams))
	for _, s := range streams {
		if !goesOnWithChanges(s) {
			rank[s.Configured.Name] = 1
		}
	}
	ordered := slices.Clone(streams)
	slices.SortStableFunc(ordered, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(rank[a.Configured.Name], rank[b.Configured.Name]), cmp.Compare(b.Rows, a.Rows))
	})
	return ordered
}

// goesOnWithChanges reports whether the state of a stream continues with its changes, or with new and changed rows.
func goesOnWithChanges(s Stream) bool {
	if s.Table == nil {
		return false
	}
	state, err := checkpoint.Parse(s.State)
	if err != nil || state == nil {
		return false
	}
	switch ModeOf(s.Configured, s.Table) {
	case FollowsChanges:
		return state.Phase == checkpoint.Changes
	case ReadsByCursor:
		return !state.ReadsAll()
	case FullRefresh, NeverOffered, ElasticTable, TrackingOff:
	}
	return false
}
