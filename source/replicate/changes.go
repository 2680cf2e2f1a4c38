package replicate

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// ErrSelectIgnored says that changes do not come with the columns that were asked for.
var ErrSelectIgnored = errors.New("the changes do not carry the columns selected now")

// ErrNoChanges says that a delta link was answered with all rows, as the service did with expired tokens until 2022:
// deletions are not among them.
var ErrNoChanges = errors.New("the delta link was answered with all rows in place of the changes")

// ErrRestored says that the service counts its versions from further back than at the last sync, so that changes since
// then may bear versions that were read already.
var ErrRestored = errors.New("the environment's version is lower than at the last sync, as after a restored backup")

// readChanges follows a delta link to its end. A page in the middle of an interrupted walk that the service no longer
// takes leads back to the link that the walk began with.
func (r *reader) readChanges(ctx context.Context, s *State) error {
	if s.Begin != "" && r.continues(s.Link) {
		r.log.InfoContext(ctx, "going on with the changes where the last sync was interrupted")
		w, err := r.newChangesWalk(s)
		if err != nil {
			return err
		}
		if err := w.all(ctx); !linkRefused(err) {
			return err
		}
	}
	if s.Begin != "" {
		s.Link = s.Begin
	}
	w, err := r.newChangesWalk(s)
	if err != nil {
		return err
	}
	r.fitLink(ctx, w)
	s.Begin = s.Link
	err = w.all(ctx)
	if w.edited && s.Link == s.Begin && (errors.Is(err, ErrSelectIgnored) || linkRefused(err) && missingColumn(err) == "") {
		r.log.InfoContext(ctx, "Dataverse does not take the selected columns with this delta token; changed rows are read by their keys", "reason", err.Error())
		s.Link, s.Begin = w.original, w.original
		return r.readByKey(ctx, w)
	}
	return err
}

// newChangesWalk prepares a walk through changes. One that another process began has sent rows that this one does not
// know of.
func (r *reader) newChangesWalk(s *State) (*walk, error) {
	w := r.newWalk(s)
	w.sent.everything = s.Begin != ""
	if s.Ledger != "" {
		var err error
		if w.keys, err = decodeLedger(s.Ledger); err != nil {
			return nil, errors.Join(ErrBadState, err)
		}
	}
	return w, nil
}

// fitLink makes the delta link one of today's entity set and selection. The link itself is used where it fits.
func (r *reader) fitLink(ctx context.Context, w *walk) {
	s := w.state
	if s.token != "" {
		s.Link, w.edited = dataverse.NewDeltaLink(r.table.EntitySet, r.plan.Select(), s.token), true
		w.original = dataverse.NewDeltaLink(r.table.EntitySet, nil, s.token)
		return
	}
	if r.continues(s.Link) {
		return
	}
	w.before, w.edited = s.Link.Select(), true
	r.warnDrift(ctx, w.before)
	s.Link = dataverse.NewDeltaLink(r.table.EntitySet, r.plan.Select(), s.Link.DeltaToken())
	w.original = dataverse.NewDeltaLink(r.table.EntitySet, w.before, s.Link.DeltaToken())
}

// warnDrift tells which columns the selection has gained and lost since the last sync.
func (r *reader) warnDrift(ctx context.Context, before []string) {
	now := r.plan.Select()
	if sameColumns(before, now) || sameColumns(before, []string{r.table.PrimaryID}) { // the latter is a token taken by its keys
		return
	}
	without := func(list, other []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(list), func(c string) bool { return slices.Contains(other, c) }), ",")
	}
	r.log.WarnContext(ctx, "the selected columns have changed since the last sync; rows that do not change have no value of a new column "+
		"in the destination until the stream is refreshed", "added", without(now, before), "removed", without(before, now))
}

func sameColumns(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
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

// wentBackward says whether a delta token has a lower version than one before it. A token begins with the version of the
// database, which only rises, and "!" (Microsoft, "Use change tracking to synchronize data with external systems"); any
// other form tells nothing.
func wentBackward(before, after dataverse.Link) bool {
	from, known := tokenVersion(before)
	to, alsoKnown := tokenVersion(after)
	return known && alsoKnown && to < from
}

func tokenVersion(link dataverse.Link) (version uint64, known bool) {
	text, _, found := strings.Cut(strings.Replace(link.DeltaToken(), "%21", "!", 1), "!")
	if !found {
		return 0, false
	}
	version, err := strconv.ParseUint(text, 10, 64)
	return version, err == nil
}
