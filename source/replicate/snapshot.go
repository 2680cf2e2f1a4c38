package replicate

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readStart reads the first page of a tracked table. If it is the only one, its rows and the delta token arrive in one
// response, so that no change can be lost between them. Otherwise the page is dropped unsent. It is not requested if
// the table is known to be large, or if lookups have to come with their types.
func (r *streamReader) readStart(ctx context.Context, s *checkpoint.State) error {
	if r.size.rows > int64(r.pageSize(r.job.PageSize)) || r.target.plan.LookupTypes() { // no page with a token comes with types
		s.ScanForToken()
		return nil
	}
	r.out.progress.Phase(s.Phase)
	s.Begin(r.target.plan.Derived())
	c := r.newTrackedScan(s)
	defer c.close()
	c.unsaved = true
	page, err := c.read(ctx)
	if err != nil {
		return err
	}
	if page.Next != "" {
		s.ScanForToken()
		return nil
	}
	// If the page is cut off on its way out, the next sync reads all rows again, and then the changes since the token.
	s.TakeToken(page.Delta, page.At)
	s.User = r.userName()
	if err := r.out.running(ctx); err != nil {
		return err
	}
	if err := c.deliver(ctx, nil); err != nil {
		return err
	}
	s.EndOnlyPage()
	return r.saveEnd(ctx, s)
}

// readSnapshot reads all rows of a tracked table, starting at the state's page, or the ranges of keys that are left.
func (r *streamReader) readSnapshot(ctx context.Context, s *checkpoint.State) error {
	if s.Ranges != nil {
		return r.readRanges(ctx, s)
	}
	s.Begin(r.target.plan.Derived())
	c := r.newTrackedScan(s)
	defer c.close()
	for {
		page, err := c.read(ctx)
		if errors.Is(err, errDeltaLinkLost) {
			return c.readSnapshotByKeys(ctx, err)
		}
		if err != nil {
			return err
		}
		if err := r.out.running(ctx); err != nil {
			return err
		}
		if err := c.deliver(ctx, nil); err != nil {
			return err
		}
		if page.Next == "" {
			s.EndSnapshot()
			return r.saveEnd(ctx, s)
		}
		c.advance(page.Next)
		if err := r.save(ctx, s); err != nil {
			return err
		}
	}
}

// newTrackedScan prepares a scan of all rows with change tracking. Its last page has a delta link; without one the
// service has not sent all rows.
func (r *streamReader) newTrackedScan(s *checkpoint.State) *pageScan {
	c := r.newPageScan(s, r.target.firstPage())
	c.pages.track = true
	c.pages.deltaLinkAtEnd = true
	return c
}
