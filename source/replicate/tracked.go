package replicate

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// readTracked reads a tracked table: all its rows the first time, from then on what has changed.
func (r *reader) readTracked(ctx context.Context, saved *State) error {
	s, err := r.resume(ctx, saved)
	if err != nil {
		return err
	}
	r.warnAge(ctx, s)
	s, err = r.persist(ctx, s, r.follow)
	if err != nil {
		return err
	}
	r.warnGap(ctx, s)
	r.versions.offer(r.table, s.Link)
	return nil
}

// follow goes through the phases that are left.
func (r *reader) follow(ctx context.Context, s *State) error {
	for {
		var err error
		switch s.Phase {
		case First:
			err = r.readFirst(ctx, s)
		case Keys:
			err = r.readKeys(ctx, s)
		case Initial:
			err = r.readAll(ctx, s)
		case Reconcile:
			err = r.reconcile(ctx, s)
		case Delta:
			if s.upToDate && (s.Gap.IsZero() || s.Ledger == nil || !r.plan.Deletions()) {
				return nil
			}
			if s.upToDate { // deletions that could not be told before can be now
				s.Phase, s.Link, s.Begin = Reconcile, "", s.Link
				continue
			}
			r.warnAge(ctx, s)
			err = r.readChanges(ctx, s)
		case Full:
			err = fmt.Errorf("%w: its phase is %q", ErrBadState, s.Phase)
		}
		if err != nil {
			return err
		}
	}
}

// resume finds out where to go on. Its error is a *TokenExpiredError.
func (r *reader) resume(ctx context.Context, saved *State) (*State, error) {
	switch {
	case saved == nil:
		return r.anew(), nil
	case !saved.Link.Usable() || !saved.Begin.Usable():
		r.log.WarnContext(ctx, "the link in the saved state cannot be sent as a url; the table is read from the start"+r.doubts(saved))
		return r.second(saved), nil
	case saved.Organization != "" && saved.Organization != r.Organization:
		r.log.WarnContext(ctx, "the url leads to another organisation than at the last sync, a copy or a restored backup; the table is read from the start"+r.doubts(saved),
			"before", saved.Organization, "now", r.Organization)
		return r.second(saved), nil
	case saved.Phase == Full:
		r.log.WarnContext(ctx, "the stream was set to full refresh before; it is read from the start once more, and its changes are followed from now on"+r.doubts(saved))
		return r.second(saved), nil
	case (saved.Phase == Keys || saved.Phase == Initial) && r.tooOld(saved):
		if r.FailOnExpiry && !saved.nothingSent() {
			return nil, &TokenExpiredError{Table: r.table.LogicalName, Since: saved.Issued, Cause: errTooOld}
		}
		r.log.WarnContext(ctx, "the first reading was interrupted for longer than Dataverse takes its delta token; it begins again with a new one"+r.doubts(saved),
			"issued", tellTime(saved.Issued), "kept_for", r.TokenLife)
		return r.second(saved), nil
	}
	saved.Organization = r.Organization
	switch {
	case saved.Phase == Keys && saved.Link.EntitySet() != r.table.EntitySet:
		r.startAgain(saved)
	case saved.tokenAtEnd() && saved.Bound == 0: // version 1 did not prove what its token stood for
		r.log.WarnContext(ctx, "an earlier version of the connector was interrupted in its first reading of the table, which begins again"+r.doubts(saved))
		return r.second(saved), nil
	case saved.tokenAtEnd() && saved.Link == r.firstPage(): // the token of another walk would stand for a later time
		r.log.InfoContext(ctx, "the first reading was interrupted in its first page; it begins again")
		return r.second(saved), nil
	case saved.Phase == Initial && !r.continues(saved.Link):
		r.log.WarnContext(ctx, "the table or its selected columns have changed since the first reading was interrupted; the rows are read from the first page again")
		r.startAgain(saved)
	case saved.Phase == Initial:
		r.log.InfoContext(ctx, "going on with the first reading where it was interrupted")
		saved.Rising = true // the page to go on from may have been sent
		r.rows = 0          // how many are left is not known
	}
	return saved, nil
}

// errTooOld says that a delta token is older than the service keeps what it leads to.
var errTooOld = errors.New("the first reading was interrupted for longer than Dataverse takes its delta token")

// doubts is what to tell of deletions where a second reading follows a state.
func (r *reader) doubts(before *State) string {
	switch next := r.second(before); {
	case next.Gap.IsZero():
		return ""
	case next.Ledger != nil:
		return "; rows deleted since then are found out by their keys"
	default:
		return "; rows deleted before that stay in the destination until the stream is refreshed"
	}
}

// anew is the state of a first reading.
func (r *reader) anew() *State {
	return &State{Phase: First, Link: r.firstPage(), Ledger: newLedger(), Organization: r.Organization}
}

// second is the state of a second reading, which has to outdo what the destination holds. Deletions are unknown until
// a ledger has been reconciled; where there is none, or it did not see all before, they stay so.
func (r *reader) second(before *State) *State {
	if before.nothingSent() {
		return r.anew()
	}
	s := r.anew()
	s.Greatest, s.Rising, s.Gap, s.Ledger = before.Greatest, true, before.Gap, before.Ledger
	if s.Gap.IsZero() {
		s.Gap = since(knownUntil(before))
	}
	return s
}

// knownUntil is since when a state's destination may hold rows that are gone, zero if that is not known. A full reading
// tells no deletions, but it sends only rows that were there when it began.
func knownUntil(s *State) time.Time {
	if s.Phase == Full && (s.Complete || !s.Rising && s.Greatest != "") { // without a cursor a reading does not know of those before it
		return s.Began
	}
	return s.Issued
}

// since is a time to tell, even where it is not known.
func since(issued time.Time) time.Time {
	if issued.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return issued
}

// warnGap tells, at each sync until the stream is refreshed, that the destination may hold rows that are gone.
func (r *reader) warnGap(ctx context.Context, s *State) {
	if !s.Gap.IsZero() {
		r.log.WarnContext(ctx, "rows deleted while changes could not be followed, or deletions not told, may still stand in the destination; "+
			"refresh the stream to be rid of them", "deletions_unknown_since", tellTime(s.Gap))
	}
}

// tooOld says whether the service no longer takes the state's delta token, as far as that is known.
func (r *reader) tooOld(s *State) bool {
	return !s.Issued.IsZero() && r.TokenLife > 0 && r.Now().Sub(s.Issued) > r.TokenLife
}

// warnAge tells once, before it is too late, that syncs are too rare or take too long for the life of delta tokens.
func (r *reader) warnAge(ctx context.Context, s *State) {
	if s.Issued.IsZero() || r.TokenLife <= 0 || r.ageTold {
		return
	}
	if age := r.Now().Sub(s.Issued); age > r.TokenLife/2 {
		r.ageTold = true
		r.log.WarnContext(ctx, "the last sync was long ago, or took long: Dataverse forgets deletions and refuses delta tokens after some days; sync more often, or "+
			"have organization.expirechangetrackingindays raised",
			"age", age.Round(time.Minute), "kept_for", r.TokenLife)
	}
}

func tellTime(t time.Time) string {
	if t.Unix() == 0 {
		return "an unknown time"
	}
	return t.Format(time.RFC3339)
}
