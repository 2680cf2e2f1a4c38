package replicate

import (
	"context"
	"errors"
	"fmt"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// errMorePages says that a table does not fit on one page.
var errMorePages = errors.New("the table has more than one page")

// readFirst reads a table that fits on one page: its rows and the delta token come in one answer, so nothing can
// happen between them. Of a larger table the page is dropped unsent.
func (r *reader) readFirst(ctx context.Context, s *State) error {
	w := r.newWalk(s)
	w.track, w.single = true, true
	w.keys = newLedger()
	_, err := w.page(ctx)
	if errors.Is(err, errMorePages) {
		s.Phase, s.Link = Keys, r.keysPage()
		return nil
	}
	return err
}

// readKeys gets a delta token by a walk through the keys alone. Whether the token stands for the walk's first page or
// its last, it stands for a time before any row is read: what changes while they are read comes with the changes.
func (r *reader) readKeys(ctx context.Context, s *State) error {
	if err := r.run(); err != nil {
		return err
	}
	w, err := r.newKeyWalk()
	if err != nil {
		return err
	}
	for {
		page, err := w.page(ctx, s.Link, true)
		if err != nil {
			return err
		}
		if page.Next != "" {
			s.Link = page.Next
		} else {
			s.Phase, s.Link, s.Begin, s.Issued = Initial, r.firstPage(), page.Delta, page.At
		}
		if err := r.checkpoint(*s); err != nil || page.Next == "" {
			return err
		}
	}
}

// readRows reads all rows of a table whose delta token was taken before, and leaves the state at that token.
func (r *reader) readRows(ctx context.Context, s *State) error {
	return r.newWalk(s).all(ctx)
}

// reconcile finds out which rows that the destination has are gone: those of the ledger that a walk through the keys
// does not meet. A row created after its place in the walk comes with the changes.
func (r *reader) reconcile(ctx context.Context, s *State) error {
	gone, err := decodeLedger(s.Ledger)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadState, err)
	}
	if err := r.run(); err != nil {
		return err
	}
	present, page, err := r.present(ctx, gone)
	if err != nil {
		return err
	}
	encoder := r.newEncoder(s)
	encoder.Begin(page.At)
	for _, key := range gone.list() {
		if r.plan.Deletions() {
			encoder.Delete(key)
		} else {
			r.warnDeletions(ctx)
		}
	}
	if err := r.send(encoder.Records()); err != nil {
		return err
	}
	if s.Ledger, err = present.encode(); err != nil {
		return err
	}
	s.Phase, s.Link, s.Begin, s.Rising, s.Greatest = Delta, s.Begin, "", false, encoder.Greatest()
	return r.checkpoint(*s)
}

// present reads the keys of all rows, takes them out of gone, and returns them with the last page.
func (r *reader) present(ctx context.Context, gone *ledger) (*ledger, dataverse.Page, error) {
	present := newLedger()
	w, err := r.newKeyWalk()
	if err != nil {
		return nil, dataverse.Page{}, err
	}
	for link := r.keysPage(); ; {
		page, err := w.page(ctx, link, false)
		if err != nil {
			return nil, page, err
		}
		w.encoder.Keys(func(key []byte) {
			gone.remove(key)
			present.add(key)
		})
		if page.Next == "" {
			return present, page, nil
		}
		link = page.Next
	}
}

// newEncoder makes an encoder that goes on from the cursors sent so far.
func (r *reader) newEncoder(s *State) *record.Encoder {
	return record.NewEncoder(r.plan, record.Options{
		Rising: s.Rising || s.Phase == Delta || s.Phase == Reconcile, Greatest: s.Greatest, EmittedAt: r.Output.EmittedAt,
	})
}

// send writes a page's records, if it has any.
func (r *reader) send(records protocol.Records) error {
	if records.Count == 0 {
		return nil
	}
	if err := r.Output.Tracker().Record(records, r.stream.Name, ""); err != nil {
		return outputError{err}
	}
	return nil
}
