package replicate

import (
	"context"
	"fmt"
	"log/slog"

	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// streamReader reads one stream.
type streamReader struct {
	job         *Job
	environment Environment     // that the stream is read from
	user        UserEnvironment // the same where there are several application users; nil: there is one
	ownerAsked  bool            // the user of the delta token
	target      target
	// metadata is what the rows describe; nil: they are those of a table of the environment.
	metadata *Metadata
	out      *emitter
	log      *slog.Logger
	report   reporter
	stats    record.ColumnStats
	size     size
	moves    moves
	// rowsPerPage and keysPerPage are the page sizes that the last scans of rows and of keys came to; 0: none yet.
	rowsPerPage, keysPerPage int
	scan                     *keyScan // of this process, if the rows are read by ranges of the key; nil: there is none
	byPages                  bool     // ranges of the key have failed, so that one page is read after the other
}

// readStream reads a stream to its end.
func readStream(ctx context.Context, j *Job, s Stream, out *emitter) error {
	if s.TableError != nil {
		return s.TableError
	}
	if s.Table == nil {
		return &TableGoneError{Table: s.Configured.Name}
	}
	saved, err := checkpoint.Parse(s.State)
	if err != nil {
		return fmt.Errorf("read the state of %s: %w", s.Configured.Name, err)
	}
	t := target{stream: s.Configured, labels: s.Labels, contents: j.Contents != nil}
	if err := t.define(*s.Table); err != nil {
		return err
	}
	log := j.Log.With("stream", s.Configured.Name)
	r := &streamReader{
		job: j, target: t, metadata: s.Metadata, out: out, log: log,
		report: reporter{log: log, tokenLife: j.TokenLife}, size: size{rows: s.Rows},
	}
	defer r.assign(saved)()
	r.report.columns(ctx, &r.target)
	err = r.readMode(ctx, s, saved)
	for _, c := range r.stats.Nulled() {
		r.out.progress.Nulled(c.Name, c.Reason, c.Count)
	}
	if err == nil {
		r.report.values(ctx, &r.stats, r.target.plan)
	}
	return err
}

// readMode reads the stream as ModeOf decides.
func (r *streamReader) readMode(ctx context.Context, s Stream, saved *checkpoint.State) error {
	sync := r.sync(checkpoint.IsNull(s.State))
	switch ModeOf(s.Configured, s.Table) {
	case FollowsChanges:
		return r.readTracked(ctx, sync, saved)
	case ReadsByCursor:
		return r.readUntracked(ctx, sync, saved)
	case TrackingOff:
		return &NotTrackedError{Table: r.target.table.LogicalName}
	case ElasticTable:
		r.log.WarnContext(ctx, "The table is elastic and is read in full: Dataverse does not name the partition of a deleted elastic row, "+
			"so its changes cannot be followed. Refresh the source schema.")
	case NeverOffered:
		r.log.InfoContext(ctx, "The stream offers no incremental sync and is read in full.")
	case FullRefresh:
	}
	return r.readFullRefresh(ctx, sync, saved)
}

// sync returns the parameters with which a state is opened.
func (r *streamReader) sync(nullState bool) checkpoint.Sync {
	return checkpoint.Sync{
		Organization: r.job.Organization, Job: r.job.ID, Attempt: r.job.Attempt,
		Generation: r.target.stream.GenerationID, MinimumGeneration: r.target.stream.MinimumGenerationID, NullState: nullState,
		EntitySet: r.target.table.EntitySet, Columns: r.target.plan.Select(), Derived: r.target.plan.Derived(),
	}
}

// saveEnd emits the state that a scan ends with.
func (r *streamReader) saveEnd(ctx context.Context, s *checkpoint.State) error {
	if s.Phase == checkpoint.Changes {
		r.target.rememberColumns(s)
	}
	return r.save(ctx, s)
}

// save emits a state.
func (r *streamReader) save(ctx context.Context, s *checkpoint.State) error {
	if s.DeltaLink == "" {
		s.User = r.userName() // of the scan
	}
	r.moves.note(s.Link)
	return r.out.state(ctx, s)
}
