package replicate

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const (
	// maxRestarts is how often one read begins a scan again before it gives up: what is refused once more each time is not
	// refused by chance.
	maxRestarts = 3
	// headway is how many pages further a scan must have come before its restarts are counted from zero.
	headway = 10
)

// moves counts how often a stream's position has moved since a scan began again.
type moves struct {
	at    dataverse.Link // of the last state
	count int
}

func (m *moves) note(link dataverse.Link) {
	if link != m.at {
		m.at = link
		m.count++
	}
}

// recovery runs a read, and continues after errors from which the stream can recover.
type recovery struct {
	r        *streamReader
	left     int                      // restarts
	furthest int                      // moves of the run that came furthest
	smallest map[checkpoint.Phase]int // page size that a phase has begun again with
}

func newRecovery(r *streamReader) *recovery {
	return &recovery{r: r, left: maxRestarts, smallest: map[checkpoint.Phase]int{}}
}

// run reads until the stream is complete or an error ends it, and returns the state at the end.
func (v *recovery) run(ctx context.Context, s *checkpoint.State, read func(context.Context, *checkpoint.State) error) (*checkpoint.State, error) {
	for {
		v.r.moves.count = 0
		err := read(ctx, s)
		if err == nil || ctx.Err() != nil || !v.mayRestart(s, err) {
			return s, err
		}
		if s, err = v.act(ctx, s, err); err != nil {
			return nil, err
		}
	}
}

// mayRestart counts a restart, and reports whether there may be another. Once the scan has come further, they are counted from
// zero. One with smaller pages than before does not count: there are few sizes.
func (v *recovery) mayRestart(s *checkpoint.State, err error) bool {
	if v.r.moves.count >= v.furthest+headway {
		v.left, v.furthest = maxRestarts, v.r.moves.count
	}
	var smaller *smallerPagesError
	if errors.As(err, &smaller) {
		if least, found := v.smallest[s.Phase]; !found || smaller.rows < least {
			v.smallest[s.Phase] = smaller.rows
			return true
		}
	}
	v.left--
	return v.left >= 0
}

// act does what follows an error, and returns the state to continue from. The error comes back where the stream ends.
func (v *recovery) act(ctx context.Context, s *checkpoint.State, err error) (*checkpoint.State, error) {
	cause := Classify(err)
	if cause == ColumnMissing && !v.r.target.table.Has(missingColumn(err)) {
		cause = LinkRefused // of an earlier selection: the column is left out already
	}
	switch ActionFor(v.r.target.placeOf(s), cause) {
	case DropColumn:
		return s, v.dropColumn(ctx, s, err)
	case FindTable:
		return s, v.findTable(ctx, s, err)
	case Restart:
		v.restart(ctx, s, err)
		return s, nil
	case RestartSmaller:
		v.restartSmaller(ctx, s, err)
		return s, nil
	case ReadByKeys:
		v.readByKeys(ctx, s, err)
		return s, nil
	case Resync:
		return v.resync(ctx, s, err)
	case End:
	}
	return nil, err
}

// restart begins a scan again, because the service refuses the page to continue with.
func (v *recovery) restart(ctx context.Context, s *checkpoint.State, cause error) {
	v.r.log.WarnContext(ctx, "Dataverse no longer accepts the page to continue with, so the scan begins again."+sentTwice(s), "reason", cause.Error())
	s.Restart()
}

// restartSmaller begins a scan again whose numbered pages are too expensive.
func (v *recovery) restartSmaller(ctx context.Context, s *checkpoint.State, cause error) {
	var smaller *smallerPagesError
	errors.As(cause, &smaller)
	v.r.log.WarnContext(ctx, "The scan begins again with smaller pages."+sentTwice(s), "rows", smaller.rows)
	s.Restart()
	s.PageSize = smaller.rows
}

// sentTwice is rowsSentTwice where a full refresh has come behind its first page, else nothing.
func sentTwice(s *checkpoint.State) string {
	if s.Phase == checkpoint.FullRefresh && s.InMiddle() {
		return rowsSentTwice
	}
	return ""
}

// resync gives up the delta token, because it leads to no changes any more.
func (v *recovery) resync(ctx context.Context, s *checkpoint.State, cause error) (*checkpoint.State, error) {
	r := v.r
	if r.job.FailOnExpiry && !s.Run.Empty {
		return nil, &TokenExpiredError{Table: r.target.table.LogicalName, Since: s.Issued, Cause: cause}
	}
	followedUntil := s.Issued
	if followedUntil.IsZero() {
		followedUntil = checkpoint.UnknownTime()
	}
	next := s.Resync()
	r.log.WarnContext(ctx, "The changes since the last sync cannot be retrieved, so the table is re-read in full."+fateOfDeletions(next),
		"followed_until", timeText(followedUntil), "reason", cause.Error())
	return next, nil
}

// readByKeys reads changed rows by their keys from now on. "Refresh and retain records" ends that only where the new token
// comes with the rows, as that of the state did: then it names columns beside the key.
func (v *recovery) readByKeys(ctx context.Context, s *checkpoint.State, cause error) {
	r := v.r
	if checkpoint.SameColumns(s.DeltaLink.Select(), []string{r.target.table.PrimaryID}) {
		r.log.InfoContext(ctx, "Dataverse does not accept the selected columns with this delta token. From now on, changed rows are read by their keys.",
			"reason", cause.Error())
	} else {
		r.log.WarnContext(ctx, "Dataverse does not accept the columns selected now with the delta token of the former ones. From now on, changed rows are read "+
			"by their keys, which takes more requests. To read them with the changes again, run \"Refresh and retain records\" on the stream.", "reason", cause.Error())
	}
	s.ByKeys, s.Columns = true, r.target.plan.Select()
	s.Advance("", 0)
}

// dropColumn learns what columns the table has now, after the service refused one of them, and leads the state back to the
// start of its scan: the links of all its pages name the column. The definition may still have it, for the service's
// metadata are cached for half a minute.
func (v *recovery) dropColumn(ctx context.Context, s *checkpoint.State, cause error) error {
	column := missingColumn(cause)
	table, err := v.r.target.definition(ctx, v.r.job.Environment, cause)
	if err != nil {
		return err
	}
	if err := v.r.target.redefine(table.Without(column), cause); err != nil {
		return err
	}
	v.r.log.WarnContext(ctx, "A column was removed in Dataverse while the table was read. It is left out from now on."+sentTwice(s), "column", column)
	s.Restart()
	return nil
}

// findTable finds out why the service does not know the table's rows: the table is gone, or its entity set has another name
// now, under which the scan begins again. Where neither is true it does not know the page.
func (v *recovery) findTable(ctx context.Context, s *checkpoint.State, cause error) error {
	table, err := v.r.target.definition(ctx, v.r.job.Environment, cause)
	if err != nil {
		return err
	}
	before := v.r.target.table.EntitySet
	if table.EntitySet == before {
		var ofLookup *lookupError
		if !s.InMiddle() || errors.As(cause, &ofLookup) {
			return cause
		}
		v.restart(ctx, s, cause)
		return nil
	}
	if err := v.r.target.redefine(*table, cause); err != nil {
		return err
	}
	v.r.log.WarnContext(ctx, "The table's entity set was renamed in Dataverse while it was read, so the scan begins again."+sentTwice(s),
		"before", before, "now", table.EntitySet)
	s.Restart()
	return nil
}

// missingColumn returns the column that the service refused because the table does not have it, or "".
func missingColumn(err error) string {
	var refused *dataverse.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.MissingProperty()
}
