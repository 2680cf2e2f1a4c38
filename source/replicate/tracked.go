package replicate

import (
	"context"
	"fmt"

	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readTracked reads a tracked table: all its rows the first time, then what has changed.
func (r *streamReader) readTracked(ctx context.Context, sync checkpoint.Sync, saved *checkpoint.State) error {
	s, opening := sync.Open(saved)
	r.report.opening(ctx, opening, saved, s)
	if opening == checkpoint.SnapshotResumed {
		r.dropEstimate()
	}
	if err := r.estimate(ctx); err != nil {
		return err
	}
	s, err := r.checkToken(ctx, s)
	if err != nil {
		return err
	}
	s, err = newRecovery(r).run(ctx, s, r.readPhases)
	if err != nil {
		return err
	}
	r.report.doubts(ctx, s)
	return nil
}

// readPhases runs the remaining phases.
func (r *streamReader) readPhases(ctx context.Context, s *checkpoint.State) error {
	for {
		var err error
		switch s.Phase {
		case checkpoint.Start:
			err = r.readStart(ctx, s)
		case checkpoint.TokenScan:
			r.out.progress.Phase(s.Phase)
			err = r.readTokenScan(ctx, s)
		case checkpoint.Snapshot:
			r.out.progress.Phase(s.Phase)
			err = r.readSnapshot(ctx, s)
		case checkpoint.ReconcileDeletions:
			r.out.progress.Phase(s.Phase)
			err = r.readReconcile(ctx, s)
		case checkpoint.Changes:
			switch {
			case !s.Run.UpToDate:
				r.out.progress.Phase(s.Phase)
				err = r.readChanges(ctx, s)
			case s.DeletionsUnknownSince.IsZero() || s.KnownKeys == nil || !r.target.plan.Deletions():
				return nil
			default: // deletions that could not be sent before can be now
				s.Reconcile()
			}
		case checkpoint.FullRefresh, checkpoint.ByVersion, checkpoint.ByTime, checkpoint.PackageExport, checkpoint.PackageRows:
			err = fmt.Errorf("%w: its phase is %q", checkpoint.ErrBadState, s.Phase)
		}
		if err != nil {
			return err
		}
	}
}

// checkToken checks that the service still accepts the delta token of a snapshot that was interrupted for long, before
// the rest of the rows is read to no purpose. This machine's clock only decides whether to check. A token scan loses
// nothing by a restart.
func (r *streamReader) checkToken(ctx context.Context, s *checkpoint.State) (*checkpoint.State, error) {
	if s.Issued.IsZero() || r.job.TokenLife <= 0 || r.job.Now().Sub(s.Issued) <= r.job.TokenLife {
		return s, nil
	}
	switch s.Phase {
	case checkpoint.TokenScan:
		r.log.InfoContext(ctx, "The token scan was interrupted for longer than Dataverse accepts delta tokens, so it starts over.",
			"issued", timeText(s.Issued), "kept_for", r.job.TokenLife)
		s.Restart()
		return s, nil
	case checkpoint.Snapshot:
		err := r.tryDeltaLink(ctx, s)
		switch {
		case Classify(err) != TokenRefused:
			return s, nil
		case r.asksOwner(ctx, s, err):
			return r.checkToken(ctx, s)
		default:
			return newRecovery(r).resync(ctx, s, err)
		}
	case checkpoint.FullRefresh, checkpoint.ByVersion, checkpoint.ByTime, checkpoint.Start, checkpoint.ReconcileDeletions, checkpoint.Changes,
		checkpoint.PackageExport, checkpoint.PackageRows:
	}
	return s, nil
}

// tryDeltaLink requests one key of the changes since the state's delta token.
func (r *streamReader) tryDeltaLink(ctx context.Context, s *checkpoint.State) error {
	pages := newKeyReader(r, record.NewKeySink(r.target.table), 1)
	pages.deltaLink = s.DeltaLink
	_, err := pages.read(ctx, s.DeltaLink)
	return err
}
