package protocol

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// stateReader reads a state file. Lines are read one at a time: the output of a read may be larger than the memory.
type stateReader struct {
	path     string
	in       *bufio.Reader
	states   map[string]json.RawMessage
	warnings []string
	kind     Kind // of the lines so far
}

// read reads the file: lines if the first of them is a whole JSON object, else one document.
func (r *stateReader) read() error {
	first, err := r.firstLine()
	if err != nil || len(first) == 0 {
		return err
	}
	if text := bytes.TrimSpace(first); text[0] == '{' && json.Valid(text) {
		return r.readLines(first)
	}
	rest, err := io.ReadAll(r.in)
	if err != nil {
		return err
	}
	return r.readDocument(append(first, rest...))
}

// firstLine returns the first line that is not blank, empty at the end of the file.
func (r *stateReader) firstLine() ([]byte, error) {
	var blank []byte
	for {
		line, err := r.in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			return append(blank, line...), ignoreEOF(err)
		}
		if err != nil {
			return nil, ignoreEOF(err)
		}
		blank = append(blank, line...) // it counts in the positions of errors
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// readDocument reads an array of state messages, or one message over several lines.
func (r *stateReader) readDocument(data []byte) error {
	r.kind = Recognize(data)
	if r.kind != "" && !r.kind.hasMessages() {
		return r.swapped()
	}
	var document json.RawMessage
	if err := Decode(data, &document); err != nil {
		return invalidInput("The state file %s %v.", r.path, err)
	}
	messages := []json.RawMessage{document}
	if document[0] == '[' {
		if err := Decode(document, &messages); err != nil {
			return invalidInput("The state file %s %v.", r.path, err)
		}
	}
	for i, message := range messages {
		if err := addState(r.states, message); err != nil {
			return invalidInput("Message %d of the state file %s cannot be used: %v.", i+1, r.path, err)
		}
	}
	return nil
}

// hasMessages reports whether a file of the kind may have state messages.
func (k Kind) hasMessages() bool { return k == State || k == ReadOutput || k == FailedOutput }

// readLines reads the output of a read, or messages of it, from its first line on.
func (r *stateReader) readLines(line []byte) error {
	found, empty := false, true
	for number := 1; len(line) > 0; number++ {
		text := bytes.TrimSpace(line)
		r.recognize(text)
		empty = empty && isEmpty(text)
		last := line[len(line)-1] != '\n'
		switch mayHaveState := r.mayHaveState(text); {
		case (last || mayHaveState && r.kind != State) && r.kind != "" && !json.Valid(text):
			r.warn("Line %d of the state file %s is incomplete, as after a read that was killed. The line is ignored.", number, r.path)
		case mayHaveState:
			if err := addState(r.states, text); err != nil {
				return invalidInput("Line %d of the state file %s cannot be used: %v.", number, r.path, err)
			}
			found = found || !isEmpty(text)
		}
		var err error
		if line, err = r.in.ReadBytes('\n'); ignoreEOF(err) != nil {
			return err
		}
	}
	if !found && !empty {
		return r.swapped()
	}
	return nil
}

// recognize finds out of which command the lines are the output.
func (r *stateReader) recognize(line []byte) {
	if r.kind == "" || r.kind == FailedOutput {
		r.kind = cmp.Or(Recognize(line), r.kind)
	}
}

// mayHaveState reports whether a line is to be parsed: the records, which are most of the lines, are not.
func (r *stateReader) mayHaveState(line []byte) bool {
	if r.kind == ReadOutput || r.kind == FailedOutput {
		return bytes.Contains(line, []byte(`"type":"STATE"`)) || bytes.Contains(line, []byte(`"stream_state"`))
	}
	return len(line) > 0 && (r.kind == "" || r.kind == State)
}

// swapped returns the error of a file that has no state.
func (r *stateReader) swapped() error {
	switch r.kind {
	case ReadOutput, FailedOutput:
		return invalidInput("The state file %s is the output of a read that wrote no state. Pass the output of an earlier read with --state, "+
			"or omit --state to read every stream in full.", r.path)
	case "":
		return invalidInput("The state file %s has no state. Check the path given with --state.", r.path)
	default:
		return invalidInput("The file %s, given with --state, is %s, not a state. %s", r.path, r.kind, r.kind.instead())
	}
}

func (r *stateReader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}
