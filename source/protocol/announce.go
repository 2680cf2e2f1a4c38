package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Spec writes the SPEC message for a ConnectorSpecification, given as JSON, in compact form.
func (w *Writer) Spec(specification []byte) error {
	if !json.Valid(specification) {
		return errors.New("write the specification: it is not JSON")
	}
	return w.send(envelope{Type: "SPEC", Spec: specification})
}

// ConnectionStatus writes the result of check: SUCCEEDED if there is no problem, else FAILED with all problems in one text.
func (w *Writer) ConnectionStatus(problems []string) error {
	status := newConnection(problems)
	status.Message = w.Redacted(status.Message)
	return w.send(envelope{Type: "CONNECTION_STATUS", ConnectionStatus: status})
}

// Catalog writes the result of discover one stream at a time: the whole line is never in memory.
func (w *Writer) Catalog(c Catalog) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := bufio.NewWriterSize(lineWriter{w}, catalogBuffer)
	_, _ = line.WriteString(`{"type":"CATALOG","catalog":{"streams":[`) // Flush returns the error
	for i, s := range c.sorted() {
		if i > 0 {
			_ = line.WriteByte(',')
		}
		_, _ = line.Write(s.text)
	}
	_, _ = line.WriteString("]}}\n")
	return line.Flush()
}

// catalogBuffer is the capacity of a pipe on Linux in bytes.
const catalogBuffer = 64 << 10

// lineWriter writes parts of a line. The caller holds the Writer's lock until the end of the line.
type lineWriter struct{ *Writer }

func (l lineWriter) Write(part []byte) (int, error) {
	if err := l.write(part); err != nil {
		return 0, err
	}
	return len(part), nil
}

// Status writes the status of a stream.
func (w *Writer) Status(stream string, s StreamStatus) error {
	return w.status(newStatus(stream, s))
}

// RateLimited writes that the service makes a stream wait until quotaReset, which is omitted if it is zero. The next record
// or RUNNING of the stream ends that status.
func (w *Writer) RateLimited(stream string, quotaReset time.Time) error {
	return w.status(newRateLimited(stream, quotaReset))
}

// Estimate writes how many rows and bytes a stream is expected to have. Later estimates replace earlier ones.
func (w *Writer) Estimate(stream string, rows, bytes int64) error {
	line := &estimateLine{Name: stream, Type: "STREAM", Rows: rows, Bytes: bytes}
	return w.trace(traceLine{Type: "ESTIMATE", Estimate: line})
}

// Fail writes an error. Its message is for users and has no stack trace. The internal message is omitted if it is the same.
func (w *Writer) Fail(f Failure) error {
	line := &errorLine{Message: w.Redacted(f.Message), Internal: w.Redacted(f.Internal), FailureType: f.Type}
	if line.Internal == line.Message {
		line.Internal = ""
	}
	if f.Stream != "" {
		line.Stream = &descriptor{Name: f.Stream}
	}
	if err := w.trace(traceLine{Type: "ERROR", Error: line}); err != nil {
		return fmt.Errorf("write an error: %w", err)
	}
	return nil
}

func (w *Writer) status(line *statusLine) error {
	return w.trace(traceLine{Type: "STREAM_STATUS", StreamStatus: line})
}

func (w *Writer) trace(line traceLine) error {
	return w.send(envelope{Type: "TRACE", Trace: &line})
}
