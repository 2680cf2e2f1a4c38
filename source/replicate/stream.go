package replicate

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// streamReader reads one stream. What it knows of the table may change while it reads.
type streamReader struct {
	job    *Job
	stream protocol.ConfiguredStream
	table  dataverse.Table
	plan   *record.Plan
	out    *emitter
	log    *slog.Logger
	rows   int64 // how many the table has, about; 0: not known, or estimated already
	moves  moves
	stats  record.ColumnStats

	deletionsWarned bool // that deletions are not sent
	ageWarned       bool // that the delta token is old
	doubtWarned     bool // that deletions may be unknown
}

// readStream reads a stream to its end.
func readStream(ctx context.Context, j *Job, s Stream, out *emitter) error {
	if s.Table == nil {
		return &TableGoneError{Table: s.Configured.Name}
	}
	saved, err := checkpoint.Parse(s.State)
	if err != nil {
		return fmt.Errorf("read the state of %s: %w", s.Configured.Name, err)
	}
	plan, err := record.Compile(*s.Table, s.Configured)
	if err != nil {
		return err
	}
	r := &streamReader{
		job: j, stream: s.Configured, table: *s.Table, plan: plan, out: out, rows: s.Rows, log: j.Log.With("stream", s.Configured.Name),
	}
	r.warnColumns(ctx)
	if err := r.readMode(ctx, s, saved); err != nil {
		return err
	}
	r.warnValues(ctx)
	return nil
}

// readMode reads the stream as ModeOf decides.
func (r *streamReader) readMode(ctx context.Context, s Stream, saved *checkpoint.State) error {
	sync := r.sync(checkpoint.IsNull(s.State))
	switch ModeOf(s.Configured, s.Table) {
	case FollowsChanges:
		return r.readTracked(ctx, sync, saved)
	case TrackingOff:
		return &NotTrackedError{Table: r.table.LogicalName}
	case ElasticTable:
		r.log.WarnContext(ctx, "the table is elastic and is read in full: Dataverse does not name the partition of a deleted elastic row, "+
			"so its changes cannot be followed; refresh the connection's schema")
	case NeverOffered:
		r.log.InfoContext(ctx, "the stream offers no incremental sync and is read in full")
	case FullRefresh:
	}
	return r.readFullRefresh(ctx, sync, saved)
}

// sync is what a state is opened with.
func (r *streamReader) sync(nullState bool) checkpoint.Sync {
	return checkpoint.Sync{
		Organization: r.job.Organization, Job: r.job.ID, Attempt: r.job.Attempt,
		Generation: r.stream.GenerationID, MinimumGeneration: r.stream.MinimumGenerationID, NullState: nullState,
		EntitySet: r.table.EntitySet, Columns: r.plan.Select(),
	}
}

// firstPage is the first page of the table's rows.
func (r *streamReader) firstPage() dataverse.Link {
	return dataverse.NewLink(r.table.EntitySet, r.plan.Select())
}

// firstKeys is the first page of the table's keys alone.
func (r *streamReader) firstKeys() dataverse.Link {
	return dataverse.NewLink(r.table.EntitySet, []string{r.table.PrimaryID})
}

// saveEnd emits the state that a scan ends with.
func (r *streamReader) saveEnd(ctx context.Context, s *checkpoint.State) error {
	if s.Phase == checkpoint.Changes {
		r.rememberColumns(s)
	}
	return r.save(ctx, s)
}

// save emits a state.
func (r *streamReader) save(ctx context.Context, s *checkpoint.State) error {
	r.moves.note(s.Link)
	return r.out.state(ctx, s)
}

// warnColumns warns of selected columns that do not exist, and of a key that is not selected.
func (r *streamReader) warnColumns(ctx context.Context) {
	if missing := r.plan.Missing; len(missing) > 0 {
		r.log.WarnContext(ctx, "columns of the configured catalog do not exist in Dataverse and are left out; "+
			"refresh the connection's schema to drop them", "columns", strings.Join(missing, ","))
	}
	for _, column := range r.table.Key() {
		if _, selected := r.stream.Columns[column]; !selected && len(r.stream.PrimaryKey) > 0 {
			r.log.WarnContext(ctx, "the configured catalog lacks the key, so the destination cannot tell which versions are of one row; "+
				"select the column, or refresh the connection's schema", "column", column)
		}
	}
}

// warnValues warns once of selected columns that came in no row, and of values that were sent as null.
func (r *streamReader) warnValues(ctx context.Context) {
	if missing := r.stats.NeverSeen(r.plan); len(missing) > 0 {
		r.log.WarnContext(ctx, "columns came in no row of the table although they were asked for, and are sent as null", "columns", strings.Join(missing, ","))
	}
	for _, c := range r.stats.Nulled() {
		r.log.WarnContext(ctx, "values of a column are not of the type that the configured catalog declares, and were sent as null; refresh the connection's schema",
			"column", c.Name, "values", c.Count)
	}
}
