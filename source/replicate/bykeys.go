package replicate

import (
	"context"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// readByKeys follows changes whose pages do not have the selected columns. It takes only the keys from the pages and
// reads the rows by them.
func (c *changesScan) readByKeys(ctx context.Context) error {
	keys := record.NewKeySink(c.r.target.table)
	pages := newKeyReader(c.r, keys, dataverse.MaxPageSize)
	pages.deltaLink, pages.deltaLinkAtEnd = c.scan.pages.deltaLink, true
	pages.startAt(&c.r.keysPerPage)
	pages.size.resume(c.state.PageSize)
	c.scan.pages = pages
	rows := newRowReader(c.r, c.scan.encoder, dataverse.MaxPageSize)
	for {
		page, err := c.scan.read(ctx)
		if err != nil {
			return err
		}
		if err := c.check(page); err != nil {
			return err
		}
		if err := c.r.out.running(ctx); err != nil {
			return err
		}
		err = newLookup(c.r).rows(ctx, rows, c.r.target.plan.Select(), keys.Keys(), func(dataverse.Page) error {
			c.noteSent()
			return c.scan.deliver(ctx, nil)
		})
		if err != nil {
			return err
		}
		if err := c.scan.encoder.Begin(ctx, page.At); err != nil {
			return err
		}
		if err := c.finish(ctx, page, keys.Deleted()); err != nil || page.Next == "" {
			return err
		}
	}
}
