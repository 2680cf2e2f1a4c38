package replicate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readTracked reads a tracked table: all its rows the first time, from then on what has changed.
func (r *streamReader) readTracked(ctx context.Context, sync checkpoint.Sync, saved *checkpoint.State) error {
	s, opening := sync.Open(saved)
	r.reportOpening(ctx, opening, saved, s)
	if opening == checkpoint.SnapshotResumed {
		r.rows = 0 // how many are left is not known
	}
	s, err := r.checkToken(ctx, s)
	if err != nil {
		return err
	}
	s, err = newRecovery(r).run(ctx, s, r.readPhases)
	if err != nil {
		return err
	}
	r.reportDoubts(ctx, s)
	return nil
}

// readPhases goes through the phases that are left.
func (r *streamReader) readPhases(ctx context.Context, s *checkpoint.State) error {
	for {
		var err error
		switch s.Phase {
		case checkpoint.Start:
			err = r.readStart(ctx, s)
		case checkpoint.TokenScan:
			err = r.readTokenScan(ctx, s)
		case checkpoint.Snapshot:
			err = r.readSnapshot(ctx, s)
		case checkpoint.ReconcileDeletions:
			err = r.readReconcile(ctx, s)
		case checkpoint.Changes:
			switch {
			case !s.UpToDate():
				err = r.readChanges(ctx, s)
			case s.DeletionsUnknownSince.IsZero() || s.KnownKeys == nil || !r.plan.Deletions():
				return nil
			default: // deletions that could not be sent before can be now
				s.Reconcile()
			}
		case checkpoint.FullRefresh:
			err = fmt.Errorf("%w: its phase is %q", checkpoint.ErrBadState, s.Phase)
		}
		if err != nil {
			return err
		}
	}
}

// checkToken asks whether the service still accepts the delta token of a snapshot that was interrupted for long, before the
// rest of the rows is read in vain. This machine's clock decides only that it is asked. Of a token scan nothing is lost where
// it begins again.
func (r *streamReader) checkToken(ctx context.Context, s *checkpoint.State) (*checkpoint.State, error) {
	if s.Issued.IsZero() || r.job.TokenLife <= 0 || r.job.Now().Sub(s.Issued) <= r.job.TokenLife {
		return s, nil
	}
	switch s.Phase {
	case checkpoint.TokenScan:
		r.log.InfoContext(ctx, "the token scan was interrupted for longer than Dataverse accepts delta tokens; it begins again",
			"issued", timeText(s.Issued), "kept_for", r.job.TokenLife)
		s.Restart()
		return s, nil
	case checkpoint.Snapshot:
		pages := newPageReader(r, record.NewKeySink(r.table), 1)
		pages.deltaLink = s.DeltaLink
		if _, err := pages.read(ctx, s.DeltaLink); Classify(err) == TokenRefused {
			return newRecovery(r).resync(ctx, s, err)
		}
		return s, nil
	case checkpoint.FullRefresh, checkpoint.Start, checkpoint.ReconcileDeletions, checkpoint.Changes:
	}
	return s, nil
}

// reportOpening logs how the sync continues from what was saved.
func (r *streamReader) reportOpening(ctx context.Context, opening checkpoint.Opening, saved, s *checkpoint.State) {
	switch opening {
	case checkpoint.FirstSync, checkpoint.ChangesFollowed, checkpoint.ChangesResumed:
	case checkpoint.NoStateRowsMayStand:
		r.doubtWarned = true
		r.log.WarnContext(ctx, "the sync has no saved state although earlier syncs may have sent rows; the table is re-read in full. If the destination kept "+
			"its rows, rows that were deleted in Dataverse in the meantime remain there: to remove them, run \"refresh and remove records\" for the stream")
	case checkpoint.RowsAreRemoved:
		r.log.InfoContext(ctx, "the destination removes the rows that the saved state speaks of; the table is re-read in full")
	case checkpoint.LinkUnusable:
		r.log.WarnContext(ctx, "the link in the saved state cannot be sent as a url; the table is re-read in full"+r.fateOfDeletions(s))
	case checkpoint.OtherOrganization:
		r.log.WarnContext(ctx, "the url leads to another organization than at the last sync, such as a copy; the table is re-read in full"+r.fateOfDeletions(s),
			"before", saved.Organization, "now", s.Organization)
	case checkpoint.AfterFullRefresh:
		r.log.WarnContext(ctx, "the stream was set to full refresh before; the table is re-read in full, and its changes are followed from now on"+r.fateOfDeletions(s))
	case checkpoint.TokenScanResumed, checkpoint.TokenScanRestarted:
		r.doubtWarned = true
		r.log.WarnContext(ctx, "the last sync was interrupted while it took a delta token. If the destination has rows that the sync sent after that, those "+
			"deleted in Dataverse in the meantime remain there: to remove them, run \"refresh and remove records\" for the stream", "since", timeText(s.DeletionsPossiblyUnknownSince))
	case checkpoint.SnapshotRestarted:
		r.log.WarnContext(ctx, "the table or its selected columns have changed since the snapshot was interrupted; it begins again at its first page")
	case checkpoint.SnapshotResumed, checkpoint.ReconcileResumed:
		r.log.InfoContext(ctx, "the snapshot continues where it was interrupted")
	}
}

// fateOfDeletions is what to report of deletions where a resync follows.
func (r *streamReader) fateOfDeletions(s *checkpoint.State) string {
	switch {
	case s.DeletionsUnknownSince.IsZero():
		return ""
	case s.KnownKeys != nil:
		return "; rows deleted since then are found by their keys"
	default:
		return "; rows deleted before that remain in the destination until you run \"refresh and remove records\" for the stream"
	}
}

// reportDoubts reports, at each sync until a refresh removes the rows, that the destination may hold rows that are deleted.
func (r *streamReader) reportDoubts(ctx context.Context, s *checkpoint.State) {
	if since := s.DeletionsUnknownSince; !since.IsZero() {
		r.log.WarnContext(ctx, "rows deleted in Dataverse while their deletions could not be followed, or not be sent, may remain in the destination; to remove "+
			"them, run \"refresh and remove records\" for the stream", "deletions_unknown_since", timeText(since))
	}
	since := s.DeletionsPossiblyUnknownSince
	if since.IsZero() {
		return
	}
	level := r.log.InfoContext
	if !r.doubtWarned && s.Doubted() {
		level = r.log.WarnContext
	}
	level(ctx, "if the destination kept rows of an earlier sync that no saved state covers, those deleted in Dataverse in the meantime remain there; to "+
		"remove them, run \"refresh and remove records\" for the stream", "deletions_possibly_unknown_since", timeText(since))
}

// warnUnsentDeletions warns once that deletions are not sent.
func (r *streamReader) warnUnsentDeletions(ctx context.Context) {
	if r.deletionsWarned {
		return
	}
	r.deletionsWarned = true
	r.log.WarnContext(ctx, "rows were deleted, but the configured catalog lacks _ab_cdc_deleted_at or the key, so the deletions are not sent; "+
		"refresh the connection's schema and select both")
}

// warnAge warns once, before it is too late, that syncs are too rare or take too long for the life of delta tokens. now is a
// time by the service's clock.
func (r *streamReader) warnAge(ctx context.Context, s *checkpoint.State, now time.Time) {
	if s.Issued.IsZero() || r.job.TokenLife <= 0 || r.ageWarned {
		return
	}
	if age := now.Sub(s.Issued); age > r.job.TokenLife/2 {
		r.ageWarned = true
		r.log.WarnContext(ctx, "the last sync was long ago, or took long: Dataverse forgets deletions and refuses delta tokens after some days; sync more often, or "+
			"have organization.expirechangetrackingindays raised", "age", age.Round(time.Minute), "kept_for", r.job.TokenLife)
	}
}

func timeText(t time.Time) string {
	if t.Equal(checkpoint.UnknownTime()) {
		return "an unknown time"
	}
	return t.Format(time.RFC3339)
}

// definition asks for the table as it is now. Its error holds the cause for which that matters, unless the table is gone.
func (r *streamReader) definition(ctx context.Context, cause error) (*dataverse.Table, error) {
	table, err := r.job.Environment.Table(ctx, r.table.LogicalName)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	if table == nil {
		return nil, &TableGoneError{Table: r.table.LogicalName}
	}
	return table, nil
}

// redefine continues with another definition of the table.
func (r *streamReader) redefine(table dataverse.Table, cause error) error {
	plan, err := record.Compile(table, r.stream)
	if err != nil {
		return errors.Join(cause, err)
	}
	r.table, r.plan = table, plan
	return nil
}
