package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// recordStart is how the connector's RECORD lines begin.
const recordStart = `{"type":"RECORD"`

// messages is a writer for the output of a read. It counts records without parsing them and keeps the few other messages
// that show how the read went. The zero value is ready to use.
type messages struct {
	Records  int64
	Bytes    int64
	Covered  float64                    // records that STATEs count
	States   map[string]json.RawMessage // the last STATE of each stream, as the state file has it
	Complete map[string]bool            // streams whose last status is COMPLETE
	Errors   []string                   // texts of TRACE ERROR

	line     []byte // the beginning of a line that has not ended
	inRecord bool
}

// Write adds a piece of output, which may begin and end anywhere.
func (m *messages) Write(piece []byte) (int, error) {
	size := len(piece)
	m.Bytes += int64(size)
	for len(piece) > 0 {
		part, ended := piece, false
		if end := bytes.IndexByte(piece, '\n'); end >= 0 {
			part, ended = piece[:end], true
		}
		if err := m.addPart(part, ended); err != nil {
			return 0, err
		}
		piece = piece[len(part):]
		if ended {
			piece = piece[1:]
		}
	}
	return size, nil
}

// addPart adds a part of one line.
func (m *messages) addPart(part []byte, ended bool) error {
	if !m.inRecord {
		line := part
		if len(m.line) > 0 || !ended && len(part) < len(recordStart) {
			m.line = append(m.line, part...)
			line = m.line
		}
		m.inRecord = bytes.HasPrefix(line, []byte(recordStart))
		switch {
		case m.inRecord:
			m.line = m.line[:0]
		case !ended && len(m.line) == 0:
			m.line = append(m.line, part...)
		case ended:
			err := m.addLine(line)
			m.line = m.line[:0]
			return err
		}
	}
	if ended && m.inRecord {
		m.Records++
		m.inRecord = false
	}
	return nil
}

// message has the members that the bench needs of a message other than RECORD.
type message struct {
	Type  string          `json:"type"`
	State json.RawMessage `json:"state"`
	Trace struct {
		Error *struct {
			Message  string `json:"message"`
			Internal string `json:"internal_message"`
		} `json:"error"`
		Status *struct {
			Stream descriptor `json:"stream_descriptor"`
			Status string     `json:"status"`
		} `json:"stream_status"`
	} `json:"trace"`
}

type descriptor struct {
	Name string `json:"name"`
}

// addLine adds a message.
func (m *messages) addLine(line []byte) error {
	var parsed message
	if err := json.Unmarshal(line, &parsed); err != nil {
		return fmt.Errorf("the connector printed a line that is not a message: %q: %w", line[:min(len(line), 100)], err)
	}
	switch {
	case parsed.Type == "RECORD":
		m.Records++ // begins in another way than recordStart
	case parsed.Type == "STATE":
		return m.addState(parsed.State)
	case parsed.Trace.Error != nil:
		m.Errors = append(m.Errors, parsed.Trace.Error.Message+" ("+parsed.Trace.Error.Internal+")")
	case parsed.Trace.Status != nil:
		if m.Complete == nil {
			m.Complete = map[string]bool{}
		}
		m.Complete[parsed.Trace.Status.Stream.Name] = parsed.Trace.Status.Status == "COMPLETE"
	}
	return nil
}

func (m *messages) addState(raw json.RawMessage) error {
	var state struct {
		Stream struct {
			Descriptor descriptor `json:"stream_descriptor"`
		} `json:"stream"`
		Stats struct {
			Records float64 `json:"recordCount"`
		} `json:"sourceStats"`
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return fmt.Errorf("read a state: %w", err)
	}
	if m.States == nil {
		m.States = map[string]json.RawMessage{}
	}
	m.States[state.Stream.Descriptor.Name] = raw
	m.Covered += state.Stats.Records
	return nil
}
