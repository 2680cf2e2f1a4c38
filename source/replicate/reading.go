package replicate

import (
	"context"
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// readFirst reads a table that fits on one page: its rows and the delta token come in one answer, so nothing can
// happen between them. A larger table's page is the first of its reading where the token at the end is proved to stand
// for it. Elsewhere it is dropped unsent, and not asked for where the table is known to be large.
func (r *reader) readFirst(ctx context.Context, s *State) error {
	if r.rows > int64(r.PageSize) && !r.versions.proved() {
		r.goToKeys(s)
		return nil
	}
	floor := r.versions.latest()
	w := r.newWalk(s)
	defer w.encoder.Discard()
	w.track, w.first = true, true
	page, err := w.page(ctx, s.Link)
	if err != nil {
		return err
	}
	bound, proved := uint64(0), true
	if page.Next != "" {
		bound, proved = r.bound(ctx, w.came)
	}
	if !proved {
		r.goToKeys(s)
		return nil
	}
	// Should the page be cut off on its way out, all rows are read again, and then what has changed since the token.
	s.Phase, s.Begin, s.Floor, s.Bound, s.Issued, s.upToDate = Initial, page.Delta, floor, bound, page.At, page.Next == ""
	return w.finish(ctx, page, nil)
}

func (r *reader) goToKeys(s *State) { s.Phase, s.Link, s.PageSize = Keys, r.keysPage(), 0 }

// readKeys gets a delta token by a walk through the keys alone. Whether the token stands for the walk's first page or
// its last, it stands for a time before any row is read: what changes while they are read comes with the changes. The
// walk is given up as soon as it is proved that it need not be: the pages that are left would be for nothing.
func (r *reader) readKeys(ctx context.Context, s *State) error {
	if err := r.run(ctx); err != nil {
		return err
	}
	p, err := r.newKeyPager()
	if err != nil {
		return err
	}
	p.track = true
	p.size.resume(s.PageSize)
	seen := witness{reader: r}
	if s.Link == r.keysPage() {
		seen.begin()
	}
	for {
		page, err := p.page(ctx, s.Link)
		if err != nil {
			return err
		}
		if s.Issued.IsZero() {
			s.Issued = page.At
		}
		seen.see(ctx, page, p.came)
		if page.Next != "" && r.versions.proved() {
			s.Phase, s.Link, s.PageSize, s.Issued = First, r.firstPage(), 0, time.Time{}
			return nil
		}
		if page.Next != "" {
			s.Link, s.PageSize = page.Next, p.size.toKeep()
		} else {
			s.Phase, s.Link, s.Begin, s.PageSize = Initial, r.firstPage(), page.Delta, 0
		}
		if err := r.checkpoint(ctx, *s); err != nil || page.Next == "" {
			return err
		}
	}
}

// keysPage is the first page of the keys alone.
func (r *reader) keysPage() dataverse.Link {
	return dataverse.NewLink(r.table.EntitySet, []string{r.table.PrimaryID})
}

// reconcile finds out which rows that the destination has are gone: those of the ledger that do not exist. One that
// is deleted or created again after it was looked for comes with the changes. Where the catalog cannot tell of them
// they stay in the ledger, to be looked for once it can.
func (r *reader) reconcile(ctx context.Context, s *State) error {
	if err := r.run(ctx); err != nil {
		return err
	}
	w := r.newWalk(s)
	defer w.encoder.Discard()
	untold := false
	for some := range slices.Chunk(s.Ledger.list(), keysPerRequest) {
		there, at, err := r.existing(ctx, some)
		if err != nil {
			return err
		}
		gone := slices.DeleteFunc(some, func(key string) bool { return there[key] })
		if len(gone) == 0 {
			continue
		}
		if !r.plan.Deletions() {
			r.warnDeletions(ctx)
			untold = true
			break
		}
		if err := w.encoder.Begin(ctx, at); err != nil {
			return err
		}
		if err := w.deliver(ctx, gone); err != nil {
			return err
		}
		if err := r.checkpoint(ctx, *s); err != nil {
			return err
		}
	}
	if !untold {
		s.Gap = time.Time{}
	}
	ledger := s.Ledger
	s.followFromBegin()
	s.Ledger = ledger
	r.rememberColumns(s)
	return r.checkpoint(ctx, *s)
}
