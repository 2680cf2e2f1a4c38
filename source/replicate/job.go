package replicate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/bitstrapped/airbyte"
	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// encodedPages is the number of pages of rows in memory at once, whatever the number of streams: one that is being
// encoded, and one that is being written.
const encodedPages = 2

// pageSource is where the pages of a scan come from.
type pageSource interface {
	// Page reads one page into the sink.
	Page(context.Context, dataverse.PageRequest, dataverse.Sink) (dataverse.Page, error)
}

// Environment is where rows come from.
type Environment interface {
	pageSource
	// Table reads a table's definition, nil if the environment has no such table.
	Table(ctx context.Context, name string) (*dataverse.Table, error)
}

// Output is where messages go. It is safe for concurrent use.
type Output interface {
	Tracker() airbyte.MessageTracker
	Status(stream string, s protocol.StreamStatus) error
	Fail(protocol.Failure) error
	RateLimited(stream string, quotaReset time.Time) error
	Estimate(stream string, rows, bytes int64) error
}

// Stream is a stream to read.
type Stream struct {
	Configured protocol.ConfiguredStream
	Table      *dataverse.Table // nil: the environment has no such table, or its definition cannot be read
	TableError error            // why the definition cannot be read; nil: it can, or there is no such table
	State      []byte           // stream_state as received, nil if there is none
	Rows       int64            // about how many the table has; 0: not known
	Metadata   *Metadata        // what the rows describe; nil: they are those of a table of the environment
	// Labels are those of the choice columns whose labels are selected, by column.
	Labels map[string]*record.Labels
}

// Job is one read of several streams.
type Job struct {
	Environment Environment
	Contents    Contents    // of notes, attachments, images and files; nil: they are not retrieved apart from their rows
	Definitions Definitions // needed for streams of metadata alone
	// Assign returns the environment as the application user sees it that is to read a table: the given one, as a state
	// names it, if it can. nil: there is one user, and Environment is read.
	Assign   func(table, user string) UserEnvironment
	Output   Output
	Log      *slog.Logger
	Explain  func(Stream, error) protocol.Failure // turns an error of a stream into what the user sees
	PageSize int
	Parallel func() int // how many streams to read at once, at least 1; asked before each stream
	// Slots returns how many requests of all streams may be under way at once, at least 1. nil: each table is read one page
	// after the other.
	Slots func() int
	// Room is the memory, in bytes, for the pages of one table that are under way at once; 0: any.
	Room         int64
	Organization string // of the environment
	ID           string // the platform's job id, empty outside the platform
	Attempt      int    // of the platform's job, from 0; 0 outside the platform
	// Origins are tables with change tracking, the first choice first, that are probably small. The delta token of one of them
	// bounds the scans of tables without change tracking.
	Origins      []dataverse.Table
	FailOnExpiry bool          // a refused delta token is an error instead of a reason for a resync
	TokenLife    time.Duration // for how long the service accepts delta tokens; 0: not known
	Now          func() time.Time
	Progress     Progress // nil: nothing is notified
	// Projects are read beside the streams. Exports is needed for them alone.
	Projects []Project
	Exports  Exports
	// KeepNoDate delivers 1900-01-01 of the projects as it is.
	KeepNoDate bool

	pool         *record.Pool // for encoded pages
	bounds       *versionBounds
	lanes        laneBudget
	rangesFailed atomic.Bool // the environment does not return rows by ranges of the key as expected
}

// Run reads all streams, and those of Projects. A stream that fails is reported and does not affect the others. failed is the number of
// streams that failed, including those that a cancelled context left incomplete. The error is that of the output, after
// which nothing more can be reported.
func (j *Job) Run(ctx context.Context, streams []Stream) (failed int, err error) {
	j.pool = record.NewPool(encodedPages)
	j.bounds = newVersionBounds(j)
	if j.Progress == nil {
		j.Progress = noProgress{}
	}
	var failures atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	ended, running := make(chan struct{}, len(streams)), 0
	group.Go(func() error { return j.readProjects(ctx, &failures) })
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for _, s := range inOrder(streams) {
		for running >= j.Parallel() {
			select {
			case <-ended:
				running--
			case <-look.C: // more may run at once now
			}
		}
		running++
		group.Go(func() error {
			defer func() { ended <- struct{}{} }()
			ok, err := j.read(ctx, s)
			if !ok {
				failures.Add(1)
			}
			return err
		})
	}
	err = group.Wait()
	return int(failures.Load()), err
}

// read reads one stream from STARTED to COMPLETE or INCOMPLETE. Its error is one of the output.
func (j *Job) read(ctx context.Context, s Stream) (ok bool, err error) {
	name := s.Configured.Name
	j.lanes.stream(1)
	defer j.lanes.stream(-1)
	select {
	case <-ctx.Done(): // nothing has been reported about the stream yet
		return false, nil
	default:
	}
	if err := j.Output.Status(name, protocol.Started); err != nil {
		return false, err
	}
	progress := j.Progress.Stream(name)
	progress.Started()
	out := newEmitter(name, j.Output, j.Log, progress)
	failure := j.readRecovering(ctx, s, out)
	if err := out.close(); err != nil {
		failure = err
	}
	var output outputError
	switch {
	case failure == nil:
		if err := j.Output.Status(name, protocol.Complete); err != nil {
			progress.Stopped(ctx)
			return true, err
		}
		progress.Complete(ctx)
		return true, nil
	case errors.As(failure, &output):
		progress.Stopped(ctx)
		return false, output.error
	case ctx.Err() != nil: // the process ends: what is open stays incomplete
		progress.Stopped(ctx)
		return false, j.Output.Status(name, protocol.Incomplete)
	}
	explained := j.Explain(s, failure)
	explained.Stream = name
	progress.Failed(ctx, failure, explained)
	if err := j.Output.Fail(explained); err != nil {
		return false, err
	}
	return false, j.Output.Status(name, protocol.Incomplete)
}

// readRecovering is readStream, but returns a panic as an error of the stream: a defect that shows with one table does
// not affect the others.
func (j *Job) readRecovering(ctx context.Context, s Stream, out *emitter) error {
	return recovering(s.Configured.Name, func() error { return readStream(ctx, j, s, out) })
}

// recovering returns a panic of a part of reading a stream as an error.
func recovering(stream string, read func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("read %s: panic: %v\n%s", stream, value, debug.Stack())
		}
	}()
	return read()
}
