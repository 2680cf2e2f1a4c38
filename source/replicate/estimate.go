package replicate

import (
	"context"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// size is about how many rows a stream will deliver.
type size struct {
	rows     int64 // 0: not known
	measured bool  // the estimate with the length of actual rows has been emitted
}

// estimate emits the expected size of a scan of all rows before its first page arrives, which may be thousands of pages of keys
// later. The platform needs both numbers, so the length of a row is guessed from the types of its columns.
func (r *streamReader) estimate(ctx context.Context) error {
	if r.size.rows == 0 {
		return nil
	}
	return r.out.estimate(ctx, r.size.rows, r.size.rows*r.target.plan.TypicalLength())
}

// correctEstimate replaces the estimate, once, by one with the average length of the rows on the first page.
func (r *streamReader) correctEstimate(ctx context.Context, phase checkpoint.Phase, rows, bytes int64) error {
	if r.size.rows == 0 || r.size.measured || phase == checkpoint.Changes || phase == checkpoint.ReconcileDeletions {
		return nil
	}
	r.size.measured = true
	total := max(r.size.rows, rows)
	if r.metadata != nil {
		total = r.metadata.estimate(rows)
	}
	return r.out.estimate(ctx, total, int64(float64(bytes)/float64(rows)*float64(total)))
}

// dropEstimate notes that a scan continues, so that the number of its rows is not known.
func (r *streamReader) dropEstimate() {
	r.size.rows = 0
	r.out.progress.NoEstimate()
}
