package replicate

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// reader reads one stream.
type reader struct {
	*Job
	stream protocol.ConfiguredStream
	table  dataverse.Table
	plan   *record.Plan
	log    *slog.Logger
	out    *outbox
	rows   int64 // how many the table has, about; 0: not known, or told already

	saved        []byte // the last state, if no record came after it
	running      bool   // the status RUNNING was sent
	limited      bool   // and then RATE_LIMITED
	deletionsOff bool   // the user was told that deletions are not sent
	ageTold      bool   // the user was told that the delta token is old

	at    dataverse.Link // of the last state
	pages int            // how often it has moved since a walk began again
}

// readRows chooses how a stream is read and reads it to its end.
func (j *Job) readRows(ctx context.Context, s Stream, out *outbox) error {
	if s.TableError != nil {
		return s.TableError
	}
	if s.Table == nil {
		return &TableGoneError{Table: s.Configured.Name}
	}
	state, err := ParseState(s.State)
	if err != nil {
		return fmt.Errorf("read the state of %s: %w", s.Configured.Name, err)
	}
	plan, err := record.Compile(*s.Table, s.Configured)
	if err != nil {
		return err
	}
	r := &reader{
		Job: j, stream: s.Configured, table: *s.Table, plan: plan, out: out, rows: s.Rows, log: j.Log.With("stream", s.Configured.Name),
	}
	if len(plan.Missing) > 0 {
		r.log.WarnContext(ctx, "columns of the configured catalog do not exist in Dataverse and are left out; "+
			"refresh the connection's schema to drop them", "columns", strings.Join(plan.Missing, ","))
	}
	r.warnKey(ctx)
	tracked, err := r.tracked(ctx)
	if err != nil {
		return err
	}
	if tracked {
		return r.readTracked(ctx, state)
	}
	return r.readFull(ctx, state)
}

// warnKey tells that a destination cannot tell rows apart.
func (r *reader) warnKey(ctx context.Context) {
	for _, column := range r.table.Key() {
		if _, selected := r.stream.Columns[column]; !selected && len(r.stream.PrimaryKey) > 0 {
			r.log.WarnContext(ctx, "the configured catalog lacks the key, so the destination cannot tell which versions are of one row; "+
				"select the column, or refresh the connection's schema", "column", column)
		}
	}
}

// tracked says whether the stream's changes are to be followed. PyAirbyte asks for incremental of every stream: one
// that never offered it is read whole.
func (r *reader) tracked(ctx context.Context) (bool, error) {
	switch {
	case r.stream.SyncMode != airbyte.SyncModeIncremental:
		return false, nil
	case r.stream.Offers(airbyte.SyncModeIncremental) && catalog.Incremental(r.table):
		return true, nil
	case r.stream.Offers(airbyte.SyncModeIncremental) && !r.table.Tracked:
		return false, &NotTrackedError{Table: r.table.LogicalName}
	case r.stream.Offers(airbyte.SyncModeIncremental):
		r.log.WarnContext(ctx, "the table is elastic and is read whole: Dataverse does not say of which partition a deleted elastic row was, "+
			"so its changes cannot be followed; refresh the connection's schema")
		return false, nil
	default:
		r.log.InfoContext(ctx, "the stream offers no incremental sync and is read whole")
		return false, nil
	}
}

// readFull reads all rows. A walk that the same job has begun goes on where it stood.
func (r *reader) readFull(ctx context.Context, saved *State) error {
	s := State{Phase: Full, Link: r.firstPage(), Job: r.ID, Organization: r.Organization, Began: r.Now().UTC().Truncate(time.Second)}
	if saved != nil { // rows were sent before, or are sent by a page that was cut off
		s.Greatest, s.Rising = saved.Greatest, saved.Greatest != ""
	}
	switch {
	case saved == nil || saved.Phase != Full || saved.Job != r.ID || saved.Organization != r.Organization:
	case saved.Complete && r.ID != "":
		r.log.InfoContext(ctx, "this job has read the stream to its end already")
		if err := r.run(ctx); err != nil {
			return err
		}
		return r.checkpoint(ctx, *saved)
	case !saved.Complete && r.continues(saved.Link):
		r.log.InfoContext(ctx, "going on with the reading that was interrupted")
		s.Link, s.PageSize, s.Restarts, s.Began = saved.Link, saved.PageSize, saved.Restarts, saved.Began
		r.rows = 0 // how many are left is not known
	case !saved.Complete && saved.Link != "":
		r.log.WarnContext(ctx, "the table or its selected columns have changed since the reading was interrupted; it begins again"+sentTwice)
	}
	_, err := r.persist(ctx, &s, r.readAll)
	return err
}

func (r *reader) firstPage() dataverse.Link {
	return dataverse.NewLink(r.table.EntitySet, r.plan.Select())
}

// continues says whether a saved page is one of today's entity set and selection.
func (r *reader) continues(link dataverse.Link) bool {
	return link.Usable() && link.EntitySet() == r.table.EntitySet && sameColumns(link.Select(), r.plan.Select())
}

// run tells once that rows are on their way.
func (r *reader) run(ctx context.Context) error {
	if r.running {
		return nil
	}
	r.running = true
	return r.status(ctx, protocol.Running)
}

func (r *reader) status(ctx context.Context, s protocol.StreamStatus) error {
	return r.out.send(ctx, message{tell: func() error { return r.Output.Status(r.stream.Name, s) }})
}

// waits returns what tells the platform that the service makes the stream wait.
func (r *reader) waits(ctx context.Context) func(until time.Time) {
	if r.out == nil { // the request serves other streams
		return nil
	}
	return func(until time.Time) {
		r.limited = true
		r.tell(ctx, func() error { return r.Output.RateLimited(r.stream.Name, until) })
	}
}

// goOn tells that a wait has ended.
func (r *reader) goOn(ctx context.Context) {
	if r.limited {
		r.limited, r.running = false, true
		r.tell(ctx, func() error { return r.Output.Status(r.stream.Name, protocol.Running) })
	}
}

// tell sends a status on which nothing depends. An error of the output comes back with the next message.
func (r *reader) tell(ctx context.Context, status func() error) {
	if err := r.out.send(ctx, message{tell: status}); err != nil {
		r.log.DebugContext(ctx, "a wait could not be told", "error", err)
	}
}

// checkpoint sends a state. It covers all records of the stream sent before it. One that has just been sent is not
// repeated.
func (r *reader) checkpoint(ctx context.Context, s State) error {
	if s.Phase != Full {
		s.TokenOf = r.versions.found()
	}
	raw, err := s.Encode()
	if err != nil {
		return err
	}
	if s.Link != r.at {
		r.at = s.Link
		r.pages++
	}
	if bytes.Equal(raw, r.saved) {
		return nil
	}
	if err := r.out.send(ctx, message{state: raw}); err != nil {
		return err
	}
	r.saved = raw
	return nil
}

// send hands the records of a page over to be written.
func (r *reader) send(ctx context.Context, page *record.Page) error {
	r.saved = nil
	return r.out.send(ctx, message{page: page})
}
