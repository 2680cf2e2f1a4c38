package replicate

import (
	"context"
	"errors"
	"fmt"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// ErrLinkRepeats says that a page leads back to one that was read before: the walk would never end.
var ErrLinkRepeats = errors.New("the service sent a next link that it had sent before")

// ErrNoDeltaLink says that a walk of change tracking ended without the link to the changes after it. Without it the
// next sync would lose them, so the stream is not complete.
var ErrNoDeltaLink = errors.New("the last page of the tracked table has no delta link")

// walk reads one page of rows after another, sends each with its checkpoint, and leaves in its state what to go on
// from.
type walk struct {
	*reader
	state   *State
	encoder *record.Encoder
	links   links
	sent    *seen   // keys sent by a walk through changes
	keys    *ledger // nil: the table is too large for one, or its keys are not known
	track   bool    // the walk asks for a delta link
	single  bool    // the walk is of one page or of none
	// edited says that a delta link's $select was changed, from before. The service documents no such edit, so each
	// answer must show that it was understood.
	edited   bool
	before   []string
	original dataverse.Link // the delta link before it was edited
}

func (r *reader) newWalk(s *State) *walk {
	return &walk{reader: r, state: s, encoder: r.newEncoder(s), sent: newSeen(false), links: links{}}
}

// all walks to the last page.
func (w *walk) all(ctx context.Context) error {
	for {
		last, err := w.page(ctx)
		if last || err != nil {
			return err
		}
	}
}

// page reads, sends and checkpoints one page.
func (w *walk) page(ctx context.Context) (last bool, err error) {
	page, err := w.Environment.Page(ctx, dataverse.PageRequest{
		Table: w.table.LogicalName, Link: w.state.Link, Size: w.PageSize, TrackChanges: w.track,
	}, w.encoder)
	if err != nil {
		return false, err
	}
	if err := w.accept(page); err != nil {
		return false, fmt.Errorf("read a page of %s: %w", w.table.LogicalName, err)
	}
	w.encoder.Keys(w.note)
	if err := w.deletions(ctx, w.encoder.Deleted()); err != nil {
		return false, err
	}
	if err := w.run(); err != nil {
		return false, err
	}
	if err := w.send(w.encoder.Records()); err != nil {
		return false, err
	}
	if err := w.advance(page); err != nil {
		return false, err
	}
	return page.Next == "", w.checkpoint(*w.state)
}

// accept refuses a page that would make the walk wrong or endless.
func (w *walk) accept(page dataverse.Page) error {
	changes := w.state.Phase == Delta
	switch {
	case !w.links.lead(w.state.Link, page.Next):
		return ErrLinkRepeats
	case w.single && page.Next != "":
		return errMorePages
	case page.Next == "" && page.Delta == "" && (w.track || changes):
		return ErrNoDeltaLink
	case changes && !page.Changes():
		return ErrNoChanges
	case changes && wentBackward(w.state.Begin, page.Delta):
		return ErrRestored
	case w.edited && !honoured(page.Columns(), w.plan.Select(), w.before):
		return ErrSelectIgnored
	default:
		return nil
	}
}

// note remembers a row that is sent.
func (w *walk) note(key []byte) {
	w.sent.add(key)
	if w.keys != nil && !w.keys.add(key) {
		w.keys = nil
	}
}

// deletions sends deletions. One of a row that the walk has also sent may be older than the row: the same key can be
// created again, and a deletion has no version to tell. Then the row itself is asked for.
func (w *walk) deletions(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if w.sent.may(key) {
			exists, err := w.Environment.HasRow(ctx, w.table, key)
			if err != nil {
				return err
			}
			if exists {
				continue
			}
		}
		if w.keys != nil {
			w.keys.remove([]byte(key))
		}
		if !w.plan.Deletions() {
			w.warnDeletions(ctx)
			continue
		}
		w.encoder.Delete(key)
	}
	return nil
}

func (r *reader) warnDeletions(ctx context.Context) {
	if r.deletionsOff {
		return
	}
	r.deletionsOff = true
	r.log.WarnContext(ctx, "rows were deleted, but the configured catalog lacks _ab_cdc_deleted_at or the key, so the "+
		"destination is not told; refresh the connection's schema and select them")
}

// advance moves the state behind a page that was sent.
func (w *walk) advance(page dataverse.Page) error {
	s := w.state
	s.Greatest = w.encoder.Greatest()
	known := s.Ledger // the keys of the first reading, where this is a second one
	if w.keys != nil {
		var err error
		if s.Ledger, err = w.keys.encode(); err != nil {
			return err
		}
	}
	switch {
	case page.Next != "":
		s.Link = page.Next
	case s.Phase == Full:
		s.Link, s.Complete = "", true
	case s.Phase == First && s.Rising && known != "":
		s.Phase, s.Link, s.Begin, s.Issued, s.Ledger = Reconcile, "", page.Delta, page.At, known
	case s.Phase == Initial && s.Rising && known != "":
		s.Phase, s.Link = Reconcile, ""
	case s.Phase == Initial:
		s.Phase, s.Link, s.Begin, s.Rising = Delta, s.Begin, "", false
	default:
		s.Phase, s.Link, s.Begin, s.Rising, s.Issued = Delta, page.Delta, "", false, page.At
		s.upToDate = true
	}
	return nil
}
