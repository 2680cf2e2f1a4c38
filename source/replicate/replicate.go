// Package replicate reads streams: whole, or the changes since the last sync by Dataverse's change tracking. It keeps
// their checkpoints, and reads several at once.
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

// encodedPages is how many pages of rows exist in memory at once, whatever the number of streams: one that waits for
// the end of its body, and one that is being written.
const encodedPages = 2

// Environment is where rows come from.
type Environment interface {
	// Page reads one page into the sink.
	Page(context.Context, dataverse.PageRequest, dataverse.Sink) (dataverse.Page, error)
	// Table reads a table's definition, nil if there is none any more.
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
	Table      *dataverse.Table // nil: the environment has no such table
	State      []byte           // stream_state as it came, nil if none did
	Rows       int64            // how many the table has, about; 0: not known
}

// Job is one read of several streams.
type Job struct {
	Environment  Environment
	Output       Output
	Log          *slog.Logger
	Explain      func(error) protocol.Failure // what to tell the user of an error
	PageSize     int
	Parallel     func() int    // how many streams to read at once, at least 1; asked before each stream
	Organization string        // of the environment
	ID           string        // the platform's job id, empty outside the platform
	FailOnExpiry bool          // a delta token that is of no use any more is an error, and no reason to read from the start
	TokenLife    time.Duration // for how long the service takes delta tokens; 0: not known
	Now          func() time.Time

	room     *record.Pool // for encoded pages
	versions versions
}

// Run reads all streams. One that fails is told and leaves the others alone; the result is how many failed, those among
// them that a cancelled context left incomplete. The error is that of the output: then nothing more can be told.
func (j *Job) Run(ctx context.Context, streams []Stream) (failed int, err error) {
	j.room = record.NewPool(encodedPages)
	j.versions.recall(streams, j.Organization)
	scouting := j.scout(ctx, streams)
	var failures atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	ended, running := make(chan struct{}, len(streams)), 0
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for left := inOrder(streams, scouting.scout); len(left) > 0; {
		for running >= j.Parallel() {
			select {
			case <-ended:
				running--
			case <-look.C: // there may be more places now
			}
		}
		running++
		var s Stream
		s, left = scouting.next(ctx, left)
		group.Go(func() error {
			defer func() { ended <- struct{}{} }()
			if s.Configured.Name == scouting.scout {
				defer scouting.end()
			}
			ok, err := j.read(ctx, s)
			if !ok {
				failures.Add(1)
			}
			if ok && s.Configured.Name == scouting.scout {
				j.prove(ctx, s)
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
	select {
	case <-ctx.Done(): // nothing was told of the stream yet
		return false, nil
	default:
	}
	if err := j.Output.Status(name, protocol.Started); err != nil {
		return false, err
	}
	out := openOutbox(name, j.Output)
	failure := j.rows(ctx, s, out)
	if err := out.close(); err != nil {
		failure = err
	}
	var output outputError
	switch {
	case failure == nil:
		return true, j.Output.Status(name, protocol.Complete)
	case errors.As(failure, &output):
		return false, output.error
	case ctx.Err() != nil: // the process is told to end: what is open stays incomplete
		return false, j.Output.Status(name, protocol.Incomplete)
	}
	told := j.Explain(failure)
	told.Stream = name
	if err := j.Output.Fail(told); err != nil {
		return false, err
	}
	return false, j.Output.Status(name, protocol.Incomplete)
}

// rows is readRows with a panic as an error of the stream: a defect that one table meets leaves the others alone.
func (j *Job) rows(ctx context.Context, s Stream, out *outbox) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("read %s: panic: %v\n%s", s.Configured.Name, value, debug.Stack())
		}
	}()
	return j.readRows(ctx, s, out)
}

// outputError is a failure to write messages. It ends all streams.
type outputError struct{ error }

// TableGoneError says that the environment has no table of a stream's name any more, or none that can be addressed.
type TableGoneError struct{ Table string }

func (e *TableGoneError) Error() string {
	return fmt.Sprintf("the environment has no table %s that the Web API can read", e.Table)
}

// NotTrackedError says that change tracking was on for a table when its stream was discovered and is off now.
type NotTrackedError struct{ Table string }

func (e *NotTrackedError) Error() string {
	return fmt.Sprintf("change tracking is off for table %s", e.Table)
}
