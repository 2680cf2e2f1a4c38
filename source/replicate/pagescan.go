package replicate

import (
	"cmp"
	"context"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// pageScan reads one page of rows after another, sends each between two states, and advances its state.
type pageScan struct {
	r       *streamReader
	state   *checkpoint.State
	encoder *record.Encoder
	pages   *pageReader    // of what the state's links lead to
	first   dataverse.Link // where the state has no link
	began   time.Time      // when the first page came, by the service's clock
	unsaved bool           // no saved state points to the current page
	bytes   int64          // length of the records of the last page that was sent
}

// newPageScan prepares a scan that starts at the state's link, or at the first link. It must be closed to return the
// memory of a page that was not sent.
func (r *streamReader) newPageScan(s *checkpoint.State, first dataverse.Link) *pageScan {
	encoder := record.NewEncoder(r.target.plan, record.Options{
		MaxCursor: s.MaxCursor, Pool: r.job.pool, Stats: &r.stats,
		KeepRepeats: s.Phase == checkpoint.FullRefresh && (r.target.table.Virtual || r.metadata != nil),
	})
	c := &pageScan{r: r, state: s, encoder: encoder, pages: newRowReader(r, encoder, r.job.PageSize), first: first}
	if r.metadata != nil {
		c.pages = newMetadataReader(r, encoder)
	}
	c.pages.startAt(&r.rowsPerPage)
	c.pages.size.resume(s.PageSize)
	return c
}

// close returns the memory of a page that was not sent.
func (c *pageScan) close() { c.encoder.Discard() }

// read reads the page at the state's link.
func (c *pageScan) read(ctx context.Context) (dataverse.Page, error) {
	page, err := c.pages.read(ctx, cmp.Or(c.state.Link, c.first))
	if err == nil && c.began.IsZero() {
		c.began = page.At
	}
	return page, err
}

// advance moves the state to the next page.
func (c *pageScan) advance(next dataverse.Link) { c.state.Advance(next, c.pages.size.toSave()) }

// deliver sends the page's rows and deletions. A destination may keep records that no later state covers, and the next
// process has to supersede them. If the last state lacks their cursors or keys, a state that has them is emitted before
// the records and points to the same page.
func (c *pageScan) deliver(ctx context.Context, deleted []string) error {
	for _, key := range deleted {
		c.encoder.Delete(key)
	}
	newestKey, newestVersion, hasNewest := c.encoder.Newest()
	page, s := c.encoder.Records(), c.state
	emitted := false
	defer func() {
		if !emitted {
			page.Release()
		}
	}()
	if page.Count == 0 {
		return nil
	}
	knew, keys := !c.unsaved && s.MaxCursor >= c.encoder.MaxCursor(), s.KnownKeys
	s.MaxCursor = max(s.MaxCursor, c.encoder.MaxCursor()) // other ranges of keys may be further
	c.encoder.Keys(func(key []byte) { knew = s.Hold(key) && knew })
	s.Trim()
	if !knew || s.KnownKeys != keys {
		if err := c.r.save(ctx, s); err != nil {
			return err
		}
	}
	rows, size := int64(page.Count), page.Bytes()
	c.bytes = size
	emitted = true
	c.r.delivered(page.Count)
	if err := c.r.out.records(ctx, page); err != nil {
		return err
	}
	if err := c.r.correctEstimate(ctx, s.Phase, rows, size); err != nil {
		return err
	}
	if hasNewest {
		s.See(checkpoint.Row{Key: newestKey, Version: newestVersion})
	}
	for _, key := range deleted {
		s.Release(key)
	}
	return nil
}
