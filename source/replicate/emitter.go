package replicate

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// queuedMessages is the most messages of a stream that wait to be written. The pool limits pages as well.
const queuedMessages = 8

// message is one message of a stream: exactly one of its fields is set.
type message struct {
	page  *record.Page
	write func() error
	state []byte
}

// emitter writes a stream's messages in order while the stream continues to read: the next page is requested as soon as
// the one before it is encoded. A state is written after the records that it covers, as it was when it was emitted.
//
// Records and states are emitted by one goroutine at a time. The other methods are safe for concurrent use.
type emitter struct {
	stream string
	output Output
	log    *slog.Logger
	// progress is notified of records once they are written, and of waits.
	progress StreamProgress
	queue    chan message
	done     chan struct{}
	failed   atomic.Pointer[outputError]

	mu          sync.Mutex // of the two fields that follow
	isRunning   bool       // the status RUNNING was emitted
	isThrottled bool       // and then RATE_LIMITED
	lastState   []byte     // nil once a record follows it
}

// newEmitter starts the writing. The emitter must be closed.
func newEmitter(stream string, output Output, log *slog.Logger, progress StreamProgress) *emitter {
	e := &emitter{
		stream: stream, output: output, log: log.With("stream", stream), progress: progress,
		queue: make(chan message, queuedMessages), done: make(chan struct{}),
	}
	go e.work()
	return e
}

func (e *emitter) work() {
	defer close(e.done)
	for m := range e.queue {
		if e.failed.Load() != nil {
			m.drop()
			continue
		}
		if err := e.write(m); err != nil {
			e.failed.Store(&outputError{err})
		}
	}
}

func (e *emitter) write(m message) error {
	switch {
	case m.page != nil:
		return e.writePage(m.page)
	case m.state != nil:
		return e.output.Tracker().State(protocol.StreamState{Stream: e.stream, State: m.state})
	default:
		return m.write()
	}
}

// writePage writes the records of a page. They count once all of them are written.
func (e *emitter) writePage(page *record.Page) error {
	write, length := e.output.Tracker().Record, page.Bytes()
	if err := page.Write(func(records protocol.Records) error { return write(records, e.stream, "") }); err != nil {
		return err
	}
	e.progress.Delivered(page.Count-page.Deletions, page.Deletions, length)
	return nil
}

func (m message) drop() {
	if m.page != nil {
		m.page.Release()
	}
}

// emit queues a message. Its error is that of the output, for this message or an earlier one, or that of the context.
func (e *emitter) emit(ctx context.Context, m message) error {
	if failed := e.failed.Load(); failed != nil {
		m.drop()
		return *failed
	}
	select {
	case e.queue <- m:
		return nil
	case <-ctx.Done():
		m.drop()
		return ctx.Err()
	}
}

// close waits until all messages are written, and returns the output's error.
func (e *emitter) close() error {
	close(e.queue)
	<-e.done
	if failed := e.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// running emits the status RUNNING once.
func (e *emitter) running(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isRunning {
		return nil
	}
	e.isRunning = true
	return e.emit(ctx, message{write: func() error { return e.output.Status(e.stream, protocol.Running) }})
}

// throttled emits that the service makes the stream wait. It returns no error: the next message returns an error of the
// output.
func (e *emitter) throttled(ctx context.Context, until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.isThrottled = true
	e.progress.Throttled(until)
	e.try(ctx, func() error { return e.output.RateLimited(e.stream, until) })
}

// unthrottled emits that such a wait has ended.
func (e *emitter) unthrottled(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isThrottled {
		e.isThrottled, e.isRunning = false, true
		e.try(ctx, func() error { return e.output.Status(e.stream, protocol.Running) })
	}
}

func (e *emitter) try(ctx context.Context, write func() error) {
	if err := e.emit(ctx, message{write: write}); err != nil {
		e.log.DebugContext(ctx, "a status could not be emitted", "error", err)
	}
}

// records emits the records of a page, which it releases.
func (e *emitter) records(ctx context.Context, page *record.Page) error {
	e.lastState = nil
	return e.emit(ctx, message{page: page})
}

// state emits a state. It covers all records emitted before it. The last message is not repeated.
func (e *emitter) state(ctx context.Context, s *checkpoint.State) error {
	raw, err := s.Encode()
	if err != nil {
		return err
	}
	if bytes.Equal(raw, e.lastState) {
		return nil
	}
	if err := e.emit(ctx, message{state: raw}); err != nil {
		return err
	}
	e.lastState = raw
	return nil
}

// estimate emits the expected number of rows and bytes of the stream.
func (e *emitter) estimate(ctx context.Context, rows, bytes int64) error {
	return e.emit(ctx, message{write: func() error { return e.output.Estimate(e.stream, rows, bytes) }})
}
