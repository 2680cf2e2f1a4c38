package replicate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// ErrLinkRepeats says that a page leads back to one that was read before: the walk would never end.
var ErrLinkRepeats = errors.New("the service sent a next link that it had sent before")

// ErrNoDeltaLink says that a walk of change tracking ended without the link to the changes after it. Without it the
// next sync would lose them, so the stream is not complete.
var ErrNoDeltaLink = errors.New("the last page of the tracked table has no delta link")

// ErrSelectIgnored says that changes do not come with the columns that were asked for.
var ErrSelectIgnored = errors.New("the changes do not carry the columns selected now")

// ErrRestored says that the service counts its versions from further back than at the last sync, so that changes since
// then may bear versions that were read already.
var ErrRestored = errors.New("the environment's version is lower than at the last sync, as after a restored backup")

// walk reads one page after another, sends each with its checkpoint, and leaves in its state what to go on from.
type walk struct {
	*reader
	state   *State
	encoder *record.Encoder
	sent    *seen                       // keys sent by a walk through changes
	links   map[dataverse.Link]struct{} // pages read
	// edited are the columns of the delta link's own $select, when the walk asks for others. The service documents
	// no such edit, so each answer must show that it was understood.
	edited bool
	before []string
}

func (r *reader) newWalk(s *State, resumed bool) *walk {
	return &walk{
		reader: r, state: s, sent: newSeen(resumed), links: map[dataverse.Link]struct{}{},
		encoder: record.NewEncoder(r.plan, record.Options{
			Rising: s.Rising || s.Phase == Delta, Greatest: s.Greatest, EmittedAt: r.Output.EmittedAt,
		}),
	}
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
	w.links[w.state.Link] = struct{}{}
	page, err := w.Environment.Page(ctx, dataverse.PageRequest{
		Table: w.table.LogicalName, Link: w.state.Link, Size: w.PageSize, TrackChanges: w.state.Phase == Initial,
	}, w.encoder)
	if err != nil {
		return false, err
	}
	if err := w.accept(page); err != nil {
		return false, fmt.Errorf("read a page of %s: %w", w.table.LogicalName, err)
	}
	if err := w.deletions(ctx); err != nil {
		return false, err
	}
	if err := w.run(); err != nil {
		return false, err
	}
	if records := w.encoder.Records(); records.Count > 0 {
		if err := w.Output.Tracker().Record(records, w.stream.Name, ""); err != nil {
			return false, outputError{err}
		}
	}
	w.advance(page)
	return page.Next == "", w.checkpoint(*w.state)
}

// accept refuses a page that would make the walk wrong or endless.
func (w *walk) accept(page dataverse.Page) error {
	if _, again := w.links[page.Next]; again {
		return ErrLinkRepeats
	}
	if page.Next == "" && page.Delta == "" && w.state.Phase != Full {
		return ErrNoDeltaLink
	}
	if w.state.Phase == Delta && wentBackward(w.state.Begin, page.Delta) {
		return ErrRestored
	}
	if w.edited && !honoured(page.Columns(), w.plan.Select(), w.before) {
		return ErrSelectIgnored
	}
	return nil
}

// honoured says whether an answer has all the columns wanted. One that names none has those of the link's own
// selection, which were all only if there was none. Where all are wanted, naming none is the answer.
func honoured(named, wanted, before []string) bool {
	if len(wanted) == 0 {
		return named == nil
	}
	if named == nil {
		return before == nil
	}
	return !slices.ContainsFunc(wanted, func(column string) bool { return !slices.Contains(named, column) })
}

// deletions sends the page's deletions. One of a row that the walk has also sent may be older than the row: the same
// key can be created again, and a deletion has no version to tell. Then the row itself is asked for.
func (w *walk) deletions(ctx context.Context) error {
	w.encoder.Keys(w.sent.add)
	for _, key := range w.encoder.Deleted() {
		if !w.plan.Deletions() {
			w.warnDeletions(ctx)
			return nil
		}
		if w.sent.may(key) {
			exists, err := w.Environment.HasRow(ctx, w.table, key)
			if err != nil {
				return err
			}
			if exists {
				continue
			}
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
func (w *walk) advance(page dataverse.Page) {
	s := w.state
	s.Greatest = w.encoder.Greatest()
	switch {
	case page.Next != "":
		s.Link = page.Next
	case s.Phase == Full:
		s.Link, s.Complete = "", true
	default:
		s.Phase, s.Link, s.Begin, s.Rising = Delta, page.Delta, "", false
		s.Issued = page.At
	}
}

// linkRefused says whether the service does not take a page's link any more.
func linkRefused(err error) bool {
	if dataverse.HasCode(err, dataverse.CodePageNumber, dataverse.CodePageOrder) {
		return true
	}
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Code == dataverse.CodeURINotParsed && refused.Status == http.StatusBadRequest
}
