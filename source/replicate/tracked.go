package replicate

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// readTracked reads a tracked table: all its rows the first time, from then on what has changed.
func (r *reader) readTracked(ctx context.Context, saved *State) error {
	s := r.resume(ctx, saved)
	if s.Phase == Delta {
		err := r.readChanges(ctx, s)
		if !mustResync(err) {
			return err
		}
		r.log.WarnContext(ctx, "the changes since the last sync cannot be had; the table is read from the start. "+
			"Rows deleted since then stay in the destination until the stream is refreshed",
			"followed_until", followedUntil(s.Issued), "reason", err.Error())
		s = r.anew(s.Greatest, true)
	}
	err := r.newWalk(s, false).all(ctx)
	if mustResync(err) && s.Link != r.firstPage() {
		r.log.WarnContext(ctx, "Dataverse no longer takes the page to go on from; the stream is read from its first page again", "reason", err.Error())
		s = r.anew(s.Greatest, true)
		err = r.newWalk(s, false).all(ctx)
	}
	return err
}

func followedUntil(issued time.Time) string {
	if issued.IsZero() {
		return "an unknown time, for another connector wrote the state"
	}
	return issued.Format(time.RFC3339)
}

// anew is the state of a reading from the first row. A second reading's versions must win over those sent before.
func (r *reader) anew(greatest record.Cursor, second bool) *State {
	return &State{Phase: Initial, Link: r.firstPage(), Greatest: greatest, Rising: second, Organization: r.Organization}
}

// resume finds out where to go on.
func (r *reader) resume(ctx context.Context, saved *State) *State {
	switch {
	case saved == nil:
		return r.anew("", false)
	case saved.Phase == Full: // the stream was read whole before, and may have been tracked before that
		return r.anew(saved.Greatest, saved.Greatest != "")
	case saved.Organization != "" && saved.Organization != r.Organization:
		r.log.WarnContext(ctx, "the url leads to another organisation than at the last sync, a copy or a restored backup; the table is read from the start",
			"before", saved.Organization, "now", r.Organization)
		return r.anew(saved.Greatest, true)
	case saved.Phase == Initial && r.continues(saved.Link):
		r.log.InfoContext(ctx, "going on with the first reading where it was interrupted")
		saved.Organization = r.Organization
		return saved
	case saved.Phase == Initial:
		r.log.WarnContext(ctx, "the table or its selected columns have changed since the first reading was interrupted; it begins again")
		return r.anew(saved.Greatest, true)
	default:
		saved.Organization = r.Organization
		return saved
	}
}

// readChanges follows a delta link to its end. A page in the middle of an interrupted walk that the service no longer
// takes leads back to the link that the walk began with.
func (r *reader) readChanges(ctx context.Context, s *State) error {
	if s.Begin != "" && r.continues(s.Link) {
		r.log.InfoContext(ctx, "going on with the changes where the last sync was interrupted")
		err := r.newWalk(s, true).all(ctx)
		if !linkRefused(err) {
			return err
		}
	}
	if s.Begin != "" {
		s.Link = s.Begin
	}
	w := r.newWalk(s, false)
	w.sent.everything = s.Begin != "" // an interrupted walk has sent rows that this one does not know of
	r.fitLink(ctx, w)
	s.Begin = s.Link
	return w.all(ctx)
}

// fitLink makes the delta link one of today's entity set and selection. The link itself is used where it fits.
func (r *reader) fitLink(ctx context.Context, w *walk) {
	s := w.state
	if s.token != "" {
		s.Link, w.edited = dataverse.NewDeltaLink(r.table.EntitySet, r.plan.Select(), s.token), true
		return
	}
	if r.continues(s.Link) {
		return
	}
	w.before, w.edited = s.Link.Select(), true
	if !sameColumns(w.before, r.plan.Select()) {
		r.log.WarnContext(ctx, "the selected columns have changed since the last sync; rows that do not change keep "+
			"the values they have in the destination, or none, until the stream is refreshed")
	}
	s.Link = dataverse.NewDeltaLink(r.table.EntitySet, r.plan.Select(), s.Link.DeltaToken())
}

func sameColumns(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
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

// mustResync says whether an error means that a delta token is of no use any more.
func mustResync(err error) bool {
	if errors.Is(err, ErrSelectIgnored) || errors.Is(err, ErrRestored) || linkRefused(err) ||
		dataverse.HasCode(err, dataverse.CodeTokenExpired, dataverse.CodeTokenMalformed) {
		return true
	}
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Status == http.StatusGone
}
