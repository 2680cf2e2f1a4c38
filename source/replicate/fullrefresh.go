package replicate

import (
	"context"

	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// rowsSentTwice is the rest of the report of a full refresh that starts over.
const rowsSentTwice = " Rows already sent are sent again: a destination that appends without removing duplicates holds them twice."

// readFullRefresh reads all rows. A scan that the same job began continues where it stopped.
func (r *streamReader) readFullRefresh(ctx context.Context, sync checkpoint.Sync, saved *checkpoint.State) error {
	s, opening := sync.OpenFullRefresh(saved)
	switch opening {
	case checkpoint.FullRefreshDone:
		r.log.InfoContext(ctx, "This job has already read the stream completely.")
		if err := r.out.running(ctx); err != nil {
			return err
		}
		return r.save(ctx, s)
	case checkpoint.FullRefreshResumed:
		r.log.InfoContext(ctx, "The full refresh continues where it was interrupted.")
		r.dropEstimate()
	case checkpoint.FullRefreshRestarted:
		r.log.WarnContext(ctx, "The table or its selected columns have changed since the full refresh was interrupted, so it starts over."+rowsSentTwice)
	default:
	}
	if err := r.estimate(ctx); err != nil {
		return err
	}
	if r.metadata != nil { // its pages are the connector's own
		return r.scanFullRefresh(ctx, s)
	}
	_, err := newRecovery(r).run(ctx, s, func(ctx context.Context, s *checkpoint.State) error {
		if !s.InMiddle() && r.size.rows >= leastPages*int64(r.job.PageSize) && r.dividable() {
			s.ReadByRanges(keyrange.Divide(nil), r.target.plan.Select(), r.target.plan.Derived())
			s.Scanned = &keyrange.Totals{}
		}
		if s.Ranges != nil {
			r.out.progress.Phase(s.Phase)
			if err := r.readRanges(ctx, s); err != nil || s.Complete {
				return err
			}
		}
		return r.scanFullRefresh(ctx, s)
	})
	return err
}

// scanFullRefresh reads all rows, starting at the state's page.
func (r *streamReader) scanFullRefresh(ctx context.Context, s *checkpoint.State) error {
	r.out.progress.Phase(s.Phase)
	s.Begin(r.target.plan.Derived())
	c := r.newPageScan(s, r.target.firstPage())
	defer c.close()
	for s.Complete = false; !s.Complete; {
		page, err := c.read(ctx)
		if err != nil {
			return err
		}
		if s.Began.IsZero() {
			s.Began = page.At
		}
		if err := r.out.running(ctx); err != nil {
			return err
		}
		if err := c.deliver(ctx, nil); err != nil {
			return err
		}
		if page.Next != "" {
			c.advance(page.Next)
		} else {
			s.EndFullRefresh()
		}
		if err := r.save(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
