package replicate

import (
	"context"
	"slices"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readReconcile finds the rows that the destination has although they are deleted: the known keys without a row. The
// changes include a row that is deleted or created again after it was looked up. If the catalog lacks a column that
// deletions need, the keys remain among the known ones and are looked up again once it has the column.
func (r *streamReader) readReconcile(ctx context.Context, s *checkpoint.State) error {
	if err := r.out.running(ctx); err != nil {
		return err
	}
	c := r.newPageScan(s, "")
	defer c.close()
	reconciled := true
	for keys := range slices.Chunk(s.KnownKeys.List(), keysPerRequest) {
		exists, at, err := newLookup(r).existing(ctx, keys)
		if err != nil {
			return err
		}
		deleted := slices.DeleteFunc(keys, func(key string) bool { return exists[key] })
		if len(deleted) == 0 {
			continue
		}
		if !r.target.plan.Deletions() {
			r.report.unsentDeletions(ctx)
			reconciled = false
			break
		}
		if err := c.encoder.Begin(ctx, at); err != nil {
			return err
		}
		if err := c.deliver(ctx, deleted); err != nil {
			return err
		}
		if err := r.save(ctx, s); err != nil {
			return err
		}
	}
	s.EndReconcile(reconciled)
	return r.saveEnd(ctx, s)
}
