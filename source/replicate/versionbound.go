package replicate

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

const (
	// smallTable is the most rows of a table whose delta token is taken as a version bound: they fit on one page.
	smallTable = 1000
	// maxOrigins is how many tables are asked for a delta token before a sync does without one.
	maxOrigins = 5
	// boundLife is for how long a bound is used for other streams. A later one would only include more rows.
	boundLife = time.Minute
)

// versionBounds provides version bounds to the streams of a job. A bound is the version of a new delta token: versions are
// counted through the whole database, and a token leaves out the versions of transactions that are still open, because the
// changes since the token include them (Microsoft, "Use change tracking to synchronize data with external systems").
type versionBounds struct {
	job     *Job
	mutex   *semaphore.Weighted // of what follows; waiting for it ends with the context
	origins []dataverse.Table   // those that have not failed
	bound   uint64
	taken   time.Time // when the bound was taken, by this machine's clock
}

func newVersionBounds(j *Job) *versionBounds {
	return &versionBounds{job: j, mutex: semaphore.NewWeighted(1), origins: j.Origins[:min(len(j.Origins), maxOrigins)]}
}

// get returns a version such that no open transaction can still commit a lower one, 0 if none can be retrieved.
func (b *versionBounds) get(ctx context.Context, r *streamReader) (uint64, error) {
	if err := b.mutex.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer b.mutex.Release(1)
	if b.bound > 0 && b.job.Now().Sub(b.taken) < boundLife {
		return b.bound, nil
	}
	for len(b.origins) > 0 {
		b.taken = b.job.Now()
		bound, err := b.take(ctx, r, b.origins[0])
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err == nil && bound > 0 {
			b.bound = bound
			return bound, nil
		}
		r.log.DebugContext(ctx, "no version bound can be retrieved from the table", "table", b.origins[0].LogicalName, "error", err)
		b.origins = b.origins[1:]
	}
	return 0, nil
}

// take returns the version of a new delta token of a table, 0 if the table has several pages or the token has another form.
func (b *versionBounds) take(ctx context.Context, r *streamReader, t dataverse.Table) (uint64, error) {
	page, err := r.environment.Page(ctx, dataverse.PageRequest{
		Table: t.LogicalName, Link: dataverse.NewLink(t.EntitySet, []string{t.PrimaryID}), Size: smallTable, TrackChanges: true,
		OnThrottled: func(until time.Time) { r.out.throttled(ctx, until) },
		OnRetry:     r.out.progress.Retried,
	}, record.NewKeySink(t))
	r.out.unthrottled(ctx)
	if err != nil || page.Next != "" {
		return 0, err
	}
	version, _ := tokenVersion(page.Delta)
	return version, nil
}
