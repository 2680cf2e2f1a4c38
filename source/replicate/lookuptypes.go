package replicate

import (
	"context"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// The types of lookups come as annotations, and it is not documented whether a scan of changes keeps its delta link if it is
// requested with annotations. So the first token of a table whose lookups need types always comes from a scan of the keys, without
// them. The rows, read by a scan of their own or by their keys, come with the types. Changes are requested with them too, and
// their delta link is kept if there is one. If there is none, the same changes are read again without types, and the changed
// rows by their keys; the state keeps that for all later syncs.

// readTypesByKeys returns to the delta link, and from now on reads changed rows by their keys.
func (v *recovery) readTypesByKeys(ctx context.Context, s *checkpoint.State, cause error) {
	v.r.reportTypesByKeys(ctx, s, cause)
	s.Restart()
}

// reportTypesByKeys keeps in the state that changes do not come with the types of lookups.
func (r *streamReader) reportTypesByKeys(ctx context.Context, s *checkpoint.State, cause error) {
	s.TypesByKeys = true
	r.log.WarnContext(ctx, "Dataverse does not return changes together with the types of lookups. From now on, changed rows are read by their keys, "+
		"which takes more requests. To read them with the changes again, deselect the columns whose names end in _value_type.", "reason", cause.Error())
}

// typesRefused reports whether the service refuses a delta link only because the types of lookups are requested with it: it
// responds to the same link without them.
func (v *recovery) typesRefused(ctx context.Context, s *checkpoint.State, cause error) bool {
	if s.TypesByKeys || !v.r.target.plan.LookupTypes() || !returnsNoChanges(cause) {
		return false
	}
	return v.r.tryDeltaLink(ctx, s) == nil
}

// readSnapshotByKeys reads the rest of a snapshot whose last page has no delta link if it is requested with the types of
// lookups. Without them it has one, which proves that no page is missing.
func (c *pageScan) readSnapshotByKeys(ctx context.Context, cause error) error {
	r, s := c.r, c.state
	r.reportTypesByKeys(ctx, s, cause)
	keys := record.NewKeySink(r.target.table)
	pages := newKeyReader(r, keys, r.job.PageSize)
	pages.track, pages.deltaLinkAtEnd = true, true
	pages.size.resume(c.pages.size.toSave())
	c.pages = pages
	rows := newRowReader(r, c.encoder, dataverse.MaxPageSize)
	for {
		page, err := c.read(ctx)
		if err != nil {
			return err
		}
		if err := r.out.running(ctx); err != nil {
			return err
		}
		err = newLookup(r).rows(ctx, rows, r.target.plan.Select(), keys.Keys(), func(dataverse.Page) error {
			return c.deliver(ctx, nil)
		})
		if err != nil {
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
