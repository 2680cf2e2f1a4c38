package replicate

import (
	"cmp"
	"context"
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// walk reads one page of rows or changes after another, sends each between two states, and leaves in its own state
// what to go on from.
type walk struct {
	*pager
	state *State
	pages *pager // reads what the state's links lead to: the walk's own, but where rows are read by their keys
	sent  *seen  // keys of the rows sent by a walk through changes

	first  bool      // no state leads to the page yet
	edited bool      // changes are asked for with other columns than the delta token was taken with
	began  time.Time // of the first page, by the service's clock; the next delta token may stand for it
}

// newWalk prepares a walk from a state's link on. Its encoder's Void is to be called at its end, so that a page that is
// not sent leaves its room to others.
func (r *reader) newWalk(s *State) *walk {
	encoder := record.NewEncoder(r.plan, record.Options{
		MaxCursor: s.Greatest, Pool: r.room,
	})
	w := &walk{pager: r.newPager(encoder, r.PageSize), state: s, sent: newSeen(false)}
	w.pages = w.pager
	w.size.resume(s.PageSize)
	return w
}

// readAll reads all rows, from the state's page on.
func (r *reader) readAll(ctx context.Context, s *State) error {
	w := r.newWalk(s)
	w.whole = s.Phase == Initial
	w.track = s.tokenAtEnd()
	return w.all(ctx)
}

// all walks to the last page.
func (w *walk) all(ctx context.Context) error {
	defer w.encoder.Discard()
	seen := witness{reader: w.reader}
	if w.whole && w.state.Link == w.firstPage() {
		seen.begin()
	}
	for {
		page, err := w.page(ctx, w.state.Link)
		if err != nil {
			return err
		}
		if err := w.judge(page); err != nil {
			return err
		}
		if w.whole {
			seen.see(ctx, page, w.came)
		}
		w.encoder.Keys(w.sent.add)
		if err := w.finish(ctx, page, w.encoder.Deleted()); err != nil || page.Next == "" {
			return err
		}
	}
}

// finish completes a page: its deletions, its records, and the state behind it.
func (w *walk) finish(ctx context.Context, page dataverse.Page, deleted []string) error {
	if err := w.run(ctx); err != nil {
		return err
	}
	gone, err := w.stillGone(ctx, deleted)
	if err != nil {
		return err
	}
	if err := w.deliver(ctx, gone); err != nil {
		return err
	}
	w.advance(page)
	return w.checkpoint(ctx, *w.state)
}

// stillGone leaves out deletions of rows that exist. One of a row that the walk has also sent may be older than the
// row: the same key can be created again, and a deletion has no version to tell. Then the row itself is asked for.
func (w *walk) stillGone(ctx context.Context, deleted []string) ([]string, error) {
	if !w.plan.Deletions() {
		if len(deleted) > 0 {
			w.warnDeletions(ctx)
			if w.state.Gap.IsZero() {
				w.state.Gap = since(w.state.Issued)
			}
		}
		return nil, nil
	}
	var doubtful []string
	for _, key := range deleted {
		if w.sent.may(key) {
			doubtful = append(doubtful, key)
		}
	}
	there, _, err := w.existing(ctx, doubtful)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(deleted), func(key string) bool { return there[key] }), nil
}

func (r *reader) warnDeletions(ctx context.Context) {
	if r.deletionsOff {
		return
	}
	r.deletionsOff = true
	r.log.WarnContext(ctx, "rows were deleted, but the configured catalog lacks _ab_cdc_deleted_at or the key, so the "+
		"destination is not told; refresh the connection's schema and select them")
}

// deliver sends the page's rows and deletions. A destination may keep records that no later state covers, and the next
// process has to outdo them: where the last state does not know their cursors or their keys, one that does goes ahead
// of them and leads to the same page.
func (w *walk) deliver(ctx context.Context, gone []string) error {
	for _, key := range gone {
		w.encoder.Delete(key)
	}
	page, s := w.encoder.Records(), w.state
	handed := false
	defer func() {
		if !handed {
			page.Release()
		}
	}()
	if page.Count == 0 {
		return nil
	}
	known, ledger := !w.first && s.Greatest == w.encoder.MaxCursor(), s.Ledger
	s.Greatest = w.encoder.MaxCursor()
	w.encoder.Keys(func(key []byte) { known = s.hold(key) && known })
	s.trim()
	if !known || s.Ledger != ledger {
		if err := w.checkpoint(ctx, *s); err != nil {
			return err
		}
	}
	rows, size := int64(page.Count), page.Bytes()
	handed = true
	if err := w.send(ctx, page); err != nil {
		return err
	}
	if err := w.estimate(ctx, s.Phase, rows, size); err != nil {
		return err
	}
	for _, key := range gone {
		s.release(key)
	}
	return nil
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

// advance moves the state behind a page that was sent.
func (w *walk) advance(page dataverse.Page) {
	s := w.state
	s.PageSize = 0
	if w.began.IsZero() {
		w.began = page.At
	}
	switch {
	case page.Next != "":
		s.Link = page.Next
		s.PageSize = w.pages.size.toKeep()
	case s.Phase == Delta:
		s.Link, s.Begin, s.Issued, s.Restarts, s.upToDate = page.Delta, "", w.began, 0, true
	case s.Phase == Initial:
		s.Begin = cmp.Or(s.Begin, page.Delta)
		s.endReading()
	default:
		s.Link, s.Rising, s.Restarts, s.Complete = "", false, 0, true
	}
	if s.Phase == Delta && s.Begin == "" {
		w.rememberColumns(s)
	}
}
