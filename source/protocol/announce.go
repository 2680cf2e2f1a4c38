package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Spec writes the SPEC message around a ConnectorSpecification, which comes as JSON and goes out compact.
func (w *Writer) Spec(specification []byte) error {
	if !json.Valid(specification) {
		return errors.New("write the specification: it is not JSON")
	}
	return w.send(envelope{Type: "SPEC", Spec: specification})
}

// ConnectionStatus writes the answer to check: SUCCEEDED where there is no problem, else FAILED with the problems in one
// readable text.
func (w *Writer) ConnectionStatus(problems []string) error {
	status := newConnection(problems)
	status.Message = w.redacted(status.Message)
	return w.send(envelope{Type: "CONNECTION_STATUS", ConnectionStatus: status})
}

// Catalog writes the answer to discover, stream by stream: the line is never in memory as a whole.
func (w *Writer) Catalog(c Catalog) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := bufio.NewWriterSize(lineWriter{w}, catalogBuffer)
	_, _ = line.WriteString(`{"type":"CATALOG","catalog":{"streams":[`) // line keeps the error for Flush
	for i, s := range c.sorted() {
		if i > 0 {
			_ = line.WriteByte(',')
		}
		_, _ = line.Write(s.text)
	}
	_, _ = line.WriteString("]}}\n")
	return line.Flush()
}

// catalogBuffer is as much as a pipe of Linux takes at once.
const catalogBuffer = 64 << 10

// lineWriter writes parts of a line. The writer's lock is held until the line has ended.
type lineWriter struct{ *Writer }

func (l lineWriter) Write(part []byte) (int, error) {
	if err := l.write(part); err != nil {
		return 0, err
	}
	return len(part), nil
}

// Status announces how far a stream has come.
func (w *Writer) Status(stream string, s StreamStatus) error {
	return w.status(newStatus(stream, s))
}

// RateLimited announces that the service makes a stream wait, and until when if that is known: a zero quotaReset is left
// out. The next record or RUNNING ends the announcement.
func (w *Writer) RateLimited(stream string, quotaReset time.Time) error {
	return w.status(newRateLimited(stream, quotaReset))
}

// Estimate announces how many rows and bytes a stream will bring. Later estimates replace earlier ones.
func (w *Writer) Estimate(stream string, rows, bytes int64) error {
	line := &estimateLine{Name: stream, Type: "STREAM", Rows: rows, Bytes: bytes}
	return w.trace(traceLine{Type: "ESTIMATE", Estimate: line})
}

// Fail writes the TRACE of an error. Its message may hold no stack trace: users read it. The internal message is left
// out where it says the same.
func (w *Writer) Fail(f Failure) error {
	line := &errorLine{Message: w.redacted(f.Message), Internal: w.redacted(f.Internal), FailureType: f.Type}
	if line.Internal == line.Message {
		line.Internal = ""
	}
	if f.Stream != "" {
		line.Stream = &descriptor{Name: f.Stream}
	}
	if err := w.trace(traceLine{Type: "ERROR", Error: line}); err != nil {
		return fmt.Errorf("report a failure: %w", err)
	}
	return nil
}

func (w *Writer) status(line *statusLine) error {
	return w.trace(traceLine{Type: "STREAM_STATUS", StreamStatus: line})
}

func (w *Writer) trace(line traceLine) error {
	return w.send(envelope{Type: "TRACE", Trace: &line})
}
