package replicate

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const (
	// maxRestarts is how often one read restarts a scan before it gives up: a page that is refused each time is not
	// refused by chance.
	maxRestarts = 3
	// headway is the number of pages by which a scan must get further before its restarts are counted from zero.
	headway = 10
)

// moves counts how often a stream's position has advanced since a scan restarted.
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
	furthest int                      // moves of the run that got furthest
	smallest map[checkpoint.Phase]int // page size with which a phase has restarted
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

// mayRestart counts a restart and reports whether it is allowed. Once the scan has got further, restarts are counted
// from zero. A restart with smaller pages than before does not count: there are few sizes.
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

// act carries out the action for an error and returns the state to continue from. If the stream has to end, it returns
// the error.
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
		if v.r.asksOwner(ctx, s, err) {
			return s, nil
		}
		if v.typesRefused(ctx, s, err) {
			v.readTypesByKeys(ctx, s, err)
			return s, nil
		}
		return v.resync(ctx, s, err)
	case ReadTypesByKeys:
		v.readTypesByKeys(ctx, s, err)
		return s, nil
	case End:
	}
	return nil, err
}

// restart restarts a scan because the service refuses the page to continue with.
func (v *recovery) restart(ctx context.Context, s *checkpoint.State, cause error) {
	v.r.log.WarnContext(ctx, "Dataverse no longer accepts the page to continue with, so the scan starts over."+sentTwice(s), "reason", cause.Error())
	s.Restart()
}

// restartSmaller restarts a scan whose numbered pages are too expensive.
func (v *recovery) restartSmaller(ctx context.Context, s *checkpoint.State, cause error) {
	var smaller *smallerPagesError
	errors.As(cause, &smaller)
	v.r.log.WarnContext(ctx, "The scan starts over with smaller pages."+sentTwice(s), "rows", smaller.rows)
	s.Restart()
	s.PageSize = smaller.rows
}

// sentTwice returns rowsSentTwice if a full refresh has passed its first page, otherwise "".
func sentTwice(s *checkpoint.State) string {
	if s.Phase == checkpoint.FullRefresh && s.InMiddle() {
		return rowsSentTwice
	}
	return ""
}

// resync gives up the delta token because it no longer returns changes.
func (v *recovery) resync(ctx context.Context, s *checkpoint.State, cause error) (*checkpoint.State, error) {
	r := v.r
	if r.job.FailOnExpiry && !s.Run.Empty {
		return nil, &TokenExpiredError{Table: r.target.table.LogicalName, Since: s.KnownUntil(), Cause: cause}
	}
	followedUntil := s.KnownUntil()
	if followedUntil.IsZero() {
		followedUntil = checkpoint.UnknownTime()
	}
	next := s.Resync()
	r.log.WarnContext(ctx, "The changes since the last sync cannot be retrieved, so the table is re-read in full."+fateOfDeletions(next),
		"followed_until", timeText(followedUntil), "reason", cause.Error())
	return next, nil
}

// readByKeys reads changed rows by their keys from now on. "Refresh and retain records" ends that only if the new token
// is taken with the rows, as that of the state was: such a token names columns other than the key.
func (v *recovery) readByKeys(ctx context.Context, s *checkpoint.State, cause error) {
	r := v.r
	if checkpoint.SameColumns(s.DeltaLink.Select(), []string{r.target.table.PrimaryID}) {
		r.log.InfoContext(ctx, "Dataverse does not accept the selected columns with this delta token. From now on, changed rows are read by their keys.",
			"reason", cause.Error())
	} else {
		r.log.WarnContext(ctx, "Dataverse does not accept the current selection of columns with a delta token of the previous one. From now on, changed rows are read "+
			"by their keys, which takes more requests. To read them with the changes again, run \"Refresh and retain records\" on the stream.", "reason", cause.Error())
	}
	s.ByKeys, s.Columns = true, r.target.plan.Select()
	s.Advance("", 0)
}

// dropColumn reads the table's definition after the service refused a column, and returns the state to the start of its
// scan, because the links of all its pages name the column. The definition may still have it: the service caches
// metadata for half a minute.
func (v *recovery) dropColumn(ctx context.Context, s *checkpoint.State, cause error) error {
	column := missingColumn(cause)
	table, err := v.r.target.definition(ctx, v.r.environment, cause)
	if err != nil {
		return err
	}
	if err := v.r.target.define(table.Without(column)); err != nil {
		return errors.Join(cause, err)
	}
	v.r.log.WarnContext(ctx, "A column was removed in Dataverse while the table was read. It is left out from now on."+sentTwice(s), "column", column)
	s.Restart()
	return nil
}

// findTable finds out why the service does not know the table's rows: the table is gone, or its entity set has another
// name, under which the scan restarts. If neither is true, the service does not know the page.
func (v *recovery) findTable(ctx context.Context, s *checkpoint.State, cause error) error {
	table, err := v.r.target.definition(ctx, v.r.environment, cause)
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
	if err := v.r.target.define(*table); err != nil {
		return errors.Join(cause, err)
	}
	v.r.log.WarnContext(ctx, "The table's entity set was renamed in Dataverse while it was read, so the scan starts over."+sentTwice(s),
		"before", before, "now", table.EntitySet)
	s.Restart()
	return nil
}

// returnsNoChanges reports whether the service refuses a delta link, or returns all rows instead of changes: the other reasons
// for a resync are about the environment's history and do not depend on the request or its user.
func returnsNoChanges(err error) bool {
	var refused *dataverse.APIError
	return errors.As(err, &refused) || errors.Is(err, ErrNoChanges)
}

// missingColumn returns the column that the service refused because the table does not have it, "" if it refused none.
func missingColumn(err error) string {
	var refused *dataverse.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.MissingProperty()
}
