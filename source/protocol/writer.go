package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/bitstrapped/airbyte"
)

// Writer writes a source's messages, one a line. It is the only writer of standard output and is safe for concurrent use:
// whole lines leave in the order of the calls, and emitted_at never falls from one line to the next. Each call is one
// write, without a buffer: records come in chunks that are as large as a buffer would be. After a write has failed, all
// later calls return its error.
type Writer struct {
	mu      sync.Mutex
	out     io.Writer
	err     error            // of the write that failed
	records map[string]int64 // written since the stream's last STATE
	redact  func(string) string
	clock   clock
}

// NewWriter returns a Writer to out. Texts are not redacted until Redact is called.
func NewWriter(out io.Writer) *Writer {
	return &Writer{
		out:     out,
		records: map[string]int64{},
		redact:  func(text string) string { return text },
	}
}

// Tracker returns the functions through which streams write. Record takes a Records and no namespace, State a
// StreamState; any other value is an error.
func (w *Writer) Tracker() airbyte.MessageTracker {
	return airbyte.MessageTracker{Record: w.record, State: w.state, Log: w.log}
}

// Redact sets the function that masks secrets in texts. The Writer applies it to logs, traces, and the connection status,
// never to records or states, which are the user's data and must arrive unchanged.
func (w *Writer) Redact(f func(string) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.redact = f
}

// Err returns the error of the write that failed, nil if none has.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Writer) record(v any, stream, namespace string) error {
	records, ok := v.(Records)
	if !ok {
		return fmt.Errorf("write records of %s: got a %T instead of protocol.Records", stream, v)
	}
	if namespace != "" {
		return fmt.Errorf("write records of %s: this source has no namespaces, but got %q", stream, namespace)
	}
	if len(records.Lines) > 0 && !bytes.HasSuffix(records.Lines, []byte("\n")) {
		return fmt.Errorf("write records of %s: the last line has no end", stream)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := stampRecords(records.Lines, w.clock.now()); err != nil {
		return fmt.Errorf("write records of %s: %w", stream, err)
	}
	if err := w.write(records.Lines); err != nil {
		return err
	}
	w.records[stream] += int64(records.Count)
	return nil
}

func (w *Writer) state(v any) error {
	state, ok := v.(StreamState)
	if !ok {
		return fmt.Errorf("write a state: got a %T instead of protocol.StreamState", v)
	}
	if len(state.State) == 0 || string(state.State) == "null" {
		return fmt.Errorf("write the state of %s: it is empty", state.Stream)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	line, err := encode(newState(state, w.records[state.Stream]))
	if err != nil {
		return fmt.Errorf("encode the state of %s: %w", state.Stream, err)
	}
	if err := w.write(line); err != nil {
		return err
	}
	w.records[state.Stream] = 0
	return nil
}

func (w *Writer) log(level airbyte.LogLevel, text string) error {
	return w.send(envelope{Type: "LOG", Log: &logLine{Level: level, Message: w.Redacted(text)}})
}

// send writes a message.
func (w *Writer) send(message envelope) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if message.Trace != nil {
		message.Trace.EmittedAt = w.clock.now()
	}
	line, err := encode(message)
	if err != nil {
		return fmt.Errorf("encode a %s message: %w", message.Type, err)
	}
	return w.write(line)
}

// write writes whole lines, unless an earlier write failed: lines after a gap would look complete.
func (w *Writer) write(lines []byte) error {
	if w.err != nil || len(lines) == 0 {
		return w.err
	}
	if _, err := w.out.Write(lines); err != nil {
		w.err = fmt.Errorf("write standard output: %w", err)
	}
	return w.err
}

// Redacted returns a text with its secrets masked, as the Writer would write it.
func (w *Writer) Redacted(text string) string {
	w.mu.Lock()
	redact := w.redact
	w.mu.Unlock()
	return redact(text)
}

// encode returns a message as one line. It does not escape <, >, and &, but escapes the line separators outside ASCII,
// where readers that split lines as Python's str.splitlines does would cut the message.
func encode(message envelope) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return nil, err
	}
	return escapeSeparators(line.Bytes()), nil
}

// escapeSeparators escapes U+0085, U+2028, and U+2029, which JSON allows in strings only.
func escapeSeparators(line []byte) []byte {
	for _, separator := range []struct{ raw, escaped string }{
		{"\u0085", `\u0085`}, {"\u2028", `\u2028`}, {"\u2029", `\u2029`},
	} {
		if bytes.Contains(line, []byte(separator.raw)) {
			line = bytes.ReplaceAll(line, []byte(separator.raw), []byte(separator.escaped))
		}
	}
	return line
}
