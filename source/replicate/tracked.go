package replicate

import (
	"context"
	"errors"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// restarts is how often one read begins a stream again before it gives up: links that are refused twice in a row are
// not refused by chance.
const restarts = 2

// errTooOften says that a stream was begun again more often than can be by chance.
var errTooOften = errors.New("Dataverse refused the links of the table again and again")

// readTracked reads a tracked table: all its rows the first time, from then on what has changed.
func (r *reader) readTracked(ctx context.Context, saved *State) error {
	s := r.resume(ctx, saved)
	r.warnAge(ctx, s)
	for left := restarts; ; left-- {
		err := r.follow(ctx, s)
		if err == nil {
			r.warnGap(ctx, s)
			return nil
		}
		again, err := r.recover(ctx, s, err)
		if err != nil {
			return err
		}
		if left == 0 {
			return errTooOften
		}
		s = again
	}
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
			err = r.readRows(ctx, s)
		case Reconcile:
			err = r.reconcile(ctx, s)
		case Delta:
			if s.upToDate {
				return nil
			}
			err = r.readChanges(ctx, s)
		case Full:
			err = ErrBadState
		}
		if err != nil {
			return err
		}
	}
}

// anew is the state of a reading from the first row. A second reading's versions must win over those sent before.
func (r *reader) anew(greatest record.Cursor, second bool) *State {
	return &State{Phase: First, Link: r.firstPage(), Greatest: greatest, Rising: second, Organization: r.Organization}
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
		return r.second(saved)
	}
	saved.Organization = r.Organization
	switch saved.Phase {
	case Initial, Keys:
		if r.continuesReading(saved) {
			r.log.InfoContext(ctx, "going on with the first reading where it was interrupted")
			return saved
		}
		r.log.WarnContext(ctx, "the table or its selected columns have changed since the first reading was interrupted; it begins again")
		return r.second(saved)
	default:
		return saved
	}
}

// continuesReading says whether an interrupted reading can go on. One of state version 1 has no token from before.
func (r *reader) continuesReading(saved *State) bool {
	if saved.Phase == Keys {
		return saved.Link.EntitySet() == r.table.EntitySet
	}
	return saved.Begin != "" && r.continues(saved.Link)
}

// second is the state of a second reading, which takes along what is known of the destination.
func (r *reader) second(before *State) *State {
	s := r.anew(before.Greatest, true)
	s.Ledger, s.Gap = before.Ledger, before.Gap
	if s.Ledger == "" && s.Gap.IsZero() {
		s.Gap = since(before.Issued)
	}
	return s
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
		r.log.WarnContext(ctx, "rows deleted while changes could not be followed may still stand in the destination; "+
			"refresh the stream to be rid of them", "deletions_unknown_since", tellTime(s.Gap))
	}
}

// warnAge tells before it is too late that syncs are too rare for the life of delta tokens.
func (r *reader) warnAge(ctx context.Context, s *State) {
	if s.Phase != Delta || s.Issued.IsZero() || r.TokenLife <= 0 {
		return
	}
	if age := r.Now().Sub(s.Issued); age > r.TokenLife/2 {
		r.log.WarnContext(ctx, "the last sync was long ago: Dataverse forgets deletions and refuses delta tokens after some days; sync more often, or "+
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

// keysPage is the first page of the keys alone.
func (r *reader) keysPage() dataverse.Link {
	return dataverse.NewLink(r.table.EntitySet, []string{r.table.PrimaryID})
}
