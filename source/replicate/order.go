package replicate

import (
	"cmp"
	"slices"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/catalog"
)

// begins is the phase that a stream begins with. Full is that of all whose changes are not followed.
func begins(s Stream) Phase {
	if s.Table == nil || s.Configured.SyncMode != airbyte.SyncModeIncremental ||
		!s.Configured.Offers(airbyte.SyncModeIncremental) || !catalog.Incremental(*s.Table) {
		return Full
	}
	state, err := ParseState(s.State)
	switch {
	case err != nil: // it fails at once
		return Full
	case state == nil:
		return First
	default:
		return state.Phase
	}
}

// inOrder puts the streams into the order in which they are begun. The scout is first, for others wait for it. Then come
// those that follow changes: they are short, and their delta tokens grow old. Then the longest come first, so that none
// of them is left alone at the end.
func inOrder(streams []Stream, scout string) []Stream {
	rank := make(map[string]int, len(streams))
	for _, s := range streams {
		name := s.Configured.Name
		switch {
		case name == scout:
			rank[name] = 0
		case begins(s) == Delta:
			rank[name] = 1
		default:
			rank[name] = 2
		}
	}
	ordered := slices.Clone(streams)
	slices.SortStableFunc(ordered, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(rank[a.Configured.Name], rank[b.Configured.Name]), cmp.Compare(b.Rows, a.Rows))
	})
	return ordered
}
