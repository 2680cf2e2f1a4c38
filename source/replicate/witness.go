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
	floor          uint64 // the version of a token issued before the walk's first page was asked for; 0: of none
	earlier, later uint64 // of the first and the last token issued between its first page and its last
}

// begin notes what is known before the walk's first page is asked for. Without it nothing is found out: a walk's token that
// is older than that is none of the same counter, or the environment was restored.
func (w *witness) begin() { w.floor = w.versions.latest() }

// see looks at a page that came behind a mark.
func (w *witness) see(ctx context.Context, page dataverse.Page, mark int) {
	w.pages++
	if w.floor == 0 || w.versions.found() != NotKnown {
		return
	}
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
	case !known || w.later == 0 || version < w.floor || !w.versions.comparable():
	case version > w.earlier:
		w.versions.learn(LastPage)
	case version < w.later:
		w.versions.learn(FirstPage)
	}
}

// bound is the version of a token issued behind a mark, where the environment's tokens were proved to stand for first
// pages: that of a walk whose first page was asked for before, or came before, is on one side of it.
func (r *reader) bound(ctx context.Context, mark int) (version uint64, known bool) {
	if r.versions.found() != FirstPage {
		return 0, false
	}
	return r.version(ctx, mark)
}

// strays says whether a delta token is not from the time of its walk's first page: from between the versions known before
// it was asked for and behind it.
func strays(token dataverse.Link, floor, bound uint64) bool {
	version, known := tokenVersion(token)
	return !known || version < floor || version > bound
}
