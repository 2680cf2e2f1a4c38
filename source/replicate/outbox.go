package replicate

import (
	"context"
	"sync/atomic"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// waiting is how many messages of a stream wait to be written at most. Pages are bounded by their room in memory.
const waiting = 8

// message is what a stream has to say: exactly one of its fields.
type message struct {
	page  *record.Page
	tell  func() error
	state []byte
}

// outbox writes a stream's messages in their order, while the stream reads on: its next page is asked for as soon as
// the one ahead of it is encoded. A state is written behind the records that it covers, as it was when it was sent.
type outbox struct {
	stream string
	output Output
	queue  chan message
	done   chan struct{}
	failed atomic.Pointer[outputError]
}

// openOutbox starts the writing. The outbox is to be closed.
func openOutbox(stream string, output Output) *outbox {
	b := &outbox{stream: stream, output: output, queue: make(chan message, waiting), done: make(chan struct{})}
	go b.work()
	return b
}

func (b *outbox) work() {
	defer close(b.done)
	for m := range b.queue {
		if b.failed.Load() != nil {
			m.drop()
			continue
		}
		if err := b.write(m); err != nil {
			b.failed.Store(&outputError{err})
		}
	}
}

func (b *outbox) write(m message) error {
	switch {
	case m.page != nil:
		record := b.output.Tracker().Record
		return m.page.Write(func(records protocol.Records) error { return record(records, b.stream, "") })
	case m.state != nil:
		return b.output.Tracker().State(protocol.StreamState{Stream: b.stream, State: m.state})
	default:
		return m.tell()
	}
}

func (m message) drop() {
	if m.page != nil {
		m.page.Release()
	}
}

// send hands a message over. Its error is one of the output, met with this message or one before it, or the context's.
func (b *outbox) send(ctx context.Context, m message) error {
	if failed := b.failed.Load(); failed != nil {
		m.drop()
		return *failed
	}
	select {
	case b.queue <- m:
		return nil
	case <-ctx.Done():
		m.drop()
		return ctx.Err()
	}
}

// close waits until all is written, and returns the output's error.
func (b *outbox) close() error {
	close(b.queue)
	<-b.done
	if failed := b.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}
