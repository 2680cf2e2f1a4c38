package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// ErrSelectIgnored says that changes do not come with the columns that were asked for.
var ErrSelectIgnored = errors.New("the changes do not carry the columns selected now")

// ErrRestored says that the service counts its versions from further back than at the last sync, so that changes since
// then may bear versions that were read already.
var ErrRestored = errors.New("the environment's version is lower than at the last sync, as after a restored backup")

// errFormerLink says that a delta link names an entity set that the table does not have any more, in a form that cannot
// be written anew.
var errFormerLink = errors.New("the delta link is of the table's former entity set, and holds no delta token")

// readChanges follows a delta link to its end, or goes on where another process was interrupted. Begin keeps the link
// as the service sent it, whatever becomes of its columns on the way.
func (r *reader) readChanges(ctx context.Context, s *State) error {
	if s.inMiddle() && s.Link.EntitySet() == r.table.EntitySet {
		r.log.InfoContext(ctx, "going on with the changes where the last sync was interrupted")
		if !r.continues(s.Link) { // its columns are not today's: they were not taken, or others are selected since
			return r.newChangesWalk(s, true).allByKey(ctx)
		}
		return r.followEdited(ctx, s, true)
	}
	if s.Begin == "" {
		s.Begin = s.Link
	}
	s.Begin = r.ownLink(s)
	s.Link = s.Begin
	if s.Begin.EntitySet() != r.table.EntitySet {
		return fmt.Errorf("read the changes of %s: %w", r.table.LogicalName, errFormerLink)
	}
	if !sameColumns(s.Begin.Select(), r.plan.Select()) {
		r.warnDrift(ctx, s)
		if s.ByKeys && sameColumns(s.Columns, r.plan.Select()) { // they were not taken at an earlier sync
			return r.newChangesWalk(s, false).allByKey(ctx)
		}
		s.ByKeys = false
		if s.Begin.DeltaToken() == "" { // a form of link that is not known: its columns cannot be changed
			return r.newChangesWalk(s, false).allByKey(ctx)
		}
		s.Link = dataverse.NewDeltaLink(r.table.EntitySet, r.plan.Select(), s.Begin.DeltaToken())
	}
	return r.followEdited(ctx, s, false)
}

// followEdited follows a delta link, or a page behind it, that asks for today's columns. Where those are not what the
// token was taken with, the service need not take them: it documents no such edit. Then the rows are read by their keys.
func (r *reader) followEdited(ctx context.Context, s *State, resumed bool) error {
	first := s.Link
	w := r.newChangesWalk(s, resumed)
	err := w.all(ctx)
	refused := s.Link == first && !ofLookup(err) && (linkRefused(err) || !resumed && rejected(err) && !changesLost(err))
	if !w.edited || !refused && !errors.Is(err, ErrSelectIgnored) {
		return err
	}
	r.tellByKeys(ctx, s, err)
	s.Link, s.ByKeys = s.Begin, true
	return r.newChangesWalk(s, resumed).allByKey(ctx)
}

// tellByKeys tells that changed rows take further requests from now on. A new reading ends that only where its token comes
// with the rows, as that of the state did: then it names columns beside the key.
func (r *reader) tellByKeys(ctx context.Context, s *State, cause error) {
	if sameColumns(s.Begin.Select(), []string{r.table.PrimaryID}) {
		r.log.InfoContext(ctx, "Dataverse does not take the selected columns with this delta token; from now on changed rows are read by their keys",
			"reason", cause.Error())
		return
	}
	r.log.WarnContext(ctx, "Dataverse does not take the columns selected now with the delta token of the former ones; from now on changed rows are read "+
		"by their keys, which takes more requests; refresh the stream to have them come with the changes again", "reason", cause.Error())
}

// newChangesWalk prepares a walk through the changes since the state's Begin. One that is resumed or was begun again has
// sent rows that it does not know of.
func (r *reader) newChangesWalk(s *State, resumed bool) *walk {
	w := r.newWalk(s)
	w.changes = true
	w.edited = !sameColumns(s.Begin.Select(), r.plan.Select())
	if resumed {
		w.began = s.Issued
	}
	w.sent = newSeen(resumed || s.Restarts > 0)
	return w
}

// ownLink is the delta link as the service sent it, in the entity set of today.
func (r *reader) ownLink(s *State) dataverse.Link {
	switch {
	case s.token != "":
		return dataverse.NewDeltaLink(r.table.EntitySet, nil, s.token)
	case s.Begin.EntitySet() != r.table.EntitySet && s.Begin.DeltaToken() != "":
		return dataverse.NewDeltaLink(r.table.EntitySet, s.Begin.Select(), s.Begin.DeltaToken())
	default:
		return s.Begin
	}
}

// judge refuses a page that is not what was asked for: changes, or the end of a reading whose token has to be proved.
func (w *walk) judge(page dataverse.Page) error {
	var err error
	switch {
	case w.state.tokenAtEnd() && page.Next == "" && strays(page.Delta, w.state.Floor, w.state.Bound):
		err = ErrTokenStrays
	case w.state.Phase != Delta:
	case wentBackward(w.state.Begin, page.Delta):
		err = ErrRestored
	case w.edited && !honoured(page.Columns(), w.plan.Select(), w.state.Begin.Select()):
		err = ErrSelectIgnored
	}
	if err != nil {
		return fmt.Errorf("read a page of %s: %w", w.table.LogicalName, err)
	}
	return nil
}

// rememberColumns keeps today's selection beside a delta link that was taken with another one.
func (r *reader) rememberColumns(s *State) {
	s.Columns = nil
	if now := r.plan.Select(); !sameColumns(s.Link.Select(), now) {
		s.Columns = now
	} else {
		s.ByKeys = false
	}
}

// warnDrift tells which columns the selection has gained and lost since the last sync. Those that the table itself has
// lost are told already.
func (r *reader) warnDrift(ctx context.Context, s *State) {
	before := s.Columns
	if before == nil {
		before = s.Begin.Select()
	}
	if before == nil || sameColumns(before, []string{r.table.PrimaryID}) { // it is not known
		return
	}
	now := r.plan.Select()
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(c string) bool { return slices.Contains(other, c) || !r.table.Has(c) })
	}
	added, removed := without(now, before), without(before, now)
	if len(added)+len(removed) > 0 {
		r.log.WarnContext(ctx, "the selected columns have changed; rows that do not change have no value of a new column in the "+
			"destination until the stream is refreshed", "added", strings.Join(added, ","), "removed", strings.Join(removed, ","))
	}
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
