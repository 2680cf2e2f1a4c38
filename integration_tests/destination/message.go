package destination

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Message is a line of the connector's stdout. It has exactly one body, that of its type.
type Message struct {
	Type             string            `json:"type"`
	Record           *Record           `json:"record"`
	State            json.RawMessage   `json:"state"`
	Log              *Log              `json:"log"`
	Trace            *Trace            `json:"trace"`
	Spec             json.RawMessage   `json:"spec"`
	ConnectionStatus *ConnectionStatus `json:"connectionStatus"`
	Catalog          json.RawMessage   `json:"catalog"`
}

// Record is a row, or the deletion of one.
type Record struct {
	Stream    string          `json:"stream"`
	Namespace json.RawMessage `json:"namespace"`
	EmittedAt jsontext.Value  `json:"emitted_at"`
	Data      Row             `json:"data"`
	Meta      json.RawMessage `json:"meta"`
}

// Log is a line of the log.
type Log struct {
	Level      string `json:"level"`
	Message    string `json:"message"`
	StackTrace string `json:"stack_trace"`
}

// Trace is an error or the status of a stream.
type Trace struct {
	Type         string         `json:"type"`
	EmittedAt    jsontext.Value `json:"emitted_at"`
	Error        *Error         `json:"error"`
	StreamStatus *StreamStatus  `json:"stream_status"`
	Estimate     *Estimate      `json:"estimate"`
}

// Error is an error as the platform shows it.
type Error struct {
	Message         string      `json:"message"`
	InternalMessage string      `json:"internal_message"`
	StackTrace      string      `json:"stack_trace"`
	FailureType     string      `json:"failure_type"`
	Stream          *Descriptor `json:"stream_descriptor"`
}

// Descriptor names a stream.
type Descriptor struct {
	Name      string          `json:"name"`
	Namespace json.RawMessage `json:"namespace"`
}

// StreamStatus is how far a stream has been read.
type StreamStatus struct {
	Stream  Descriptor        `json:"stream_descriptor"`
	Status  string            `json:"status"`
	Reasons []json.RawMessage `json:"reasons"`
}

// Estimate is how many rows and bytes a stream is likely to bring.
type Estimate struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Rows  *int64 `json:"row_estimate"`
	Bytes *int64 `json:"byte_estimate"`
}

// ConnectionStatus is the result of check.
type ConnectionStatus struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// isLineBreak reports whether some readers of lines, Python's str.splitlines among them, break a line at a character that
// is not a line feed.
func isLineBreak(r rune) bool {
	switch r {
	case '\u0085', '\u2028', '\u2029', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e':
		return true
	default:
		return false
	}
}

// UnmarshalJSONFrom reads a row and copies its values as they are.
func (r *Row) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if kind := d.PeekKind(); kind != '{' {
		return fmt.Errorf("the data is %v, not an object", kind)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*r = Row{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		column := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		(*r)[column] = bytes.Clone(value)
	}
	_, err := d.ReadToken()
	return err
}

// Parse reads a line of stdout. The error is how the line violates the protocol: it is no JSON object, or more than
// one, its names repeat, its type is unknown, its body is another type's, or it has members that the protocol lacks.
func Parse(line []byte) (Message, error) {
	var m Message
	if len(line) == 0 || line[0] != '{' {
		return m, errors.New("the line is no JSON object")
	}
	if bytes.ContainsFunc(line, isLineBreak) {
		return m, errors.New("the line holds a character at which some readers break lines")
	}
	if err := gojson.Unmarshal(line, &m, gojson.RejectUnknownMembers(true)); err != nil {
		if _, isSyntax := errors.AsType[*jsontext.SyntacticError](err); isSyntax {
			return m, fmt.Errorf("the line is not one JSON object with unique names and good UTF-8: %w", err)
		}
		return m, fmt.Errorf("the line is no message: %w", err)
	}
	bodies := map[string]bool{
		"RECORD": m.Record != nil, "STATE": m.State != nil, "LOG": m.Log != nil, "TRACE": m.Trace != nil,
		"SPEC": m.Spec != nil, "CONNECTION_STATUS": m.ConnectionStatus != nil, "CATALOG": m.Catalog != nil,
	}
	if own, known := bodies[m.Type]; !known || !own {
		return m, fmt.Errorf("a message of type %q without its body", m.Type)
	}
	for name, present := range bodies {
		if present && name != m.Type {
			return m, fmt.Errorf("a message of type %q with the body of a %s", m.Type, name)
		}
	}
	return m, nil
}
