package replicate

import (
	"context"
	"slices"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readReconcile finds out which rows that the destination has are deleted: those of the known keys that do not exist. One
// that is deleted or created again after it was looked for comes with the changes. Where the catalog lacks what a deletion
// needs they stay among the known keys, to be looked for once it has it.
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
