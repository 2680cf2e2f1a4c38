package replicate

import (
	"context"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readStart reads the first page of a tracked table. Where it is the only one, its rows and the delta token come in one
// response, so that no change can be missing between them. Else the page is dropped unsent. It is not asked for where the
// table is known to be large.
func (r *streamReader) readStart(ctx context.Context, s *checkpoint.State) error {
	if r.rows > int64(r.job.PageSize) {
		s.ScanForToken()
		return nil
	}
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
	// Should the page be cut off on its way out, all rows are read again, and then what has changed since the token.
	s.TakeToken(page.Delta, page.At)
	if err := r.out.running(ctx); err != nil {
		return err
	}
	if err := c.deliver(ctx, nil); err != nil {
		return err
	}
	s.EndOnlyPage()
	return r.saveEnd(ctx, s)
}

// readSnapshot reads all rows of a tracked table, from the state's page on.
func (r *streamReader) readSnapshot(ctx context.Context, s *checkpoint.State) error {
	c := r.newTrackedScan(s)
	defer c.close()
	for {
		page, err := c.read(ctx)
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

// newTrackedScan prepares a scan of all rows as change tracking. Its last page has a delta link: without one the service
// has not sent all rows.
func (r *streamReader) newTrackedScan(s *checkpoint.State) *pageScan {
	c := r.newPageScan(s, r.target.firstPage())
	c.pages.track = true
	c.pages.deltaLinkAtEnd = true
	return c
}
