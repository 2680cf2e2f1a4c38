package replicate

import (
	"cmp"
	"context"
	"math/bits"

	"source-microsoft-dataverse/source/dataverse"
)

// witness watches a walk through a tracked table to find out which of its pages the delta token stands for. No page may
// be asked for before the one ahead of it was seen.
type witness struct {
	*reader
	pages          int
	earlier, later uint64 // the versions of the first and the last token issued between the walk's first page and its last; 0: of none
}

// see looks at a page that came behind a mark.
func (w *witness) see(ctx context.Context, page dataverse.Page, mark int) {
	if w.versions.found() != NotKnown {
		return
	}
	w.pages++
	switch {
	case page.Next == "":
		w.conclude(page.Delta)
	case bits.OnesCount(uint(w.pages)) == 1 && bits.TrailingZeros(uint(w.pages))%2 == 0: // powers of 4: a walk is worth few requests more
		w.ask(ctx, mark)
	}
}

// ask has a token issued behind a mark, and so behind the walk's first page.
func (w *witness) ask(ctx context.Context, mark int) {
	if version, known := w.version(ctx, mark); known {
		w.earlier, w.later = cmp.Or(w.earlier, version), version
	}
}

// conclude compares the walk's own token. Tokens are issued one behind the other, so their versions do not fall: one that
// is newer than a token issued behind the first page is not of the first, and one that is older than a token issued
// before the last page was asked for is not of the last. Where nothing was written meanwhile they are the same, and tell
// nothing.
func (w *witness) conclude(token dataverse.Link) {
	version, known := tokenVersion(token)
	switch {
	case !known || w.later == 0 || !w.versions.comparable():
	case version > w.earlier:
		w.versions.learn(LastPage)
	case version < w.later:
		w.versions.learn(FirstPage)
	}
}

// bound is what the delta token of a walk is not later than whose first page came behind a mark, where the environment's
// tokens were proved to stand for first pages.
func (r *reader) bound(ctx context.Context, mark int) (version uint64, known bool) {
	if r.versions.found() != FirstPage {
		return 0, false
	}
	return r.version(ctx, mark)
}

// late says whether a delta token is not proved to stand for a moment before the rows behind the first page were read.
func late(token dataverse.Link, bound uint64) bool {
	version, known := tokenVersion(token)
	return !known || version > bound
}
