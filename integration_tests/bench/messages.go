package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// recordStart is how the connector's RECORD lines begin.
const recordStart = `{"type":"RECORD"`

// messages takes the output of a read as it comes. It counts records without looking into them, and keeps the few
// other messages that tell how the read went. The zero value is ready.
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

// Write takes a piece of output, which may begin and end anywhere.
func (m *messages) Write(piece []byte) (int, error) {
	taken := len(piece)
	m.Bytes += int64(taken)
	for len(piece) > 0 {
		part, ended := piece, false
		if end := bytes.IndexByte(piece, '\n'); end >= 0 {
			part, ended = piece[:end], true
		}
		if err := m.take(part, ended); err != nil {
			return 0, err
		}
		piece = piece[len(part):]
		if ended {
			piece = piece[1:]
		}
	}
	return taken, nil
}

// take takes a part of one line.
func (m *messages) take(part []byte, ended bool) error {
	if !m.inRecord {
		whole := part
		if len(m.line) > 0 || !ended && len(part) < len(recordStart) {
			m.line = append(m.line, part...)
			whole = m.line
		}
		m.inRecord = bytes.HasPrefix(whole, []byte(recordStart))
		switch {
		case m.inRecord:
			m.line = m.line[:0]
		case !ended && len(m.line) == 0:
			m.line = append(m.line, part...)
		case ended:
			err := m.note(whole)
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

// message is what the bench wants to know of a message that is no RECORD.
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

// note keeps what a message tells.
func (m *messages) note(line []byte) error {
	var said message
	if err := json.Unmarshal(line, &said); err != nil {
		return fmt.Errorf("the connector printed a line that is no message: %q: %w", line[:min(len(line), 100)], err)
	}
	switch {
	case said.Type == "RECORD":
		m.Records++ // written in another way than recordStart
	case said.Type == "STATE":
		return m.noteState(said.State)
	case said.Trace.Error != nil:
		m.Errors = append(m.Errors, said.Trace.Error.Message+" ("+said.Trace.Error.Internal+")")
	case said.Trace.Status != nil:
		if m.Complete == nil {
			m.Complete = map[string]bool{}
		}
		m.Complete[said.Trace.Status.Stream.Name] = said.Trace.Status.Status == "COMPLETE"
	}
	return nil
}

func (m *messages) noteState(raw json.RawMessage) error {
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
