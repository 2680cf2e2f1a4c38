package destination

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

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
	Stream    string                     `json:"stream"`
	Namespace json.RawMessage            `json:"namespace"`
	EmittedAt json.Number                `json:"emitted_at"`
	Data      map[string]json.RawMessage `json:"data"`
	Meta      json.RawMessage            `json:"meta"`
}

// Log is a line of the log.
type Log struct {
	Level      string `json:"level"`
	Message    string `json:"message"`
	StackTrace string `json:"stack_trace"`
}

// Trace is an error or the status of a stream.
type Trace struct {
	Type         string        `json:"type"`
	EmittedAt    json.Number   `json:"emitted_at"`
	Error        *Error        `json:"error"`
	StreamStatus *StreamStatus `json:"stream_status"`
	Estimate     *Estimate     `json:"estimate"`
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
	Name  string       `json:"name"`
	Type  string       `json:"type"`
	Rows  *json.Number `json:"row_estimate"`
	Bytes *json.Number `json:"byte_estimate"`
}

// ConnectionStatus is the result of check.
type ConnectionStatus struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// lineBreaks are the characters beyond line feed at which some readers of lines, Python's str.splitlines among them,
// break a line.
const lineBreaks = "\u0085\u2028\u2029\r\v\f\x1c\x1d\x1e"

// Parse reads a line of stdout. The error is how the line violates the protocol: it is no JSON object, or more than
// one, its names repeat, its type is unknown, its body is another type's, or it has members that the protocol lacks.
func Parse(line []byte) (Message, error) {
	var m Message
	if len(line) == 0 || line[0] != '{' {
		return m, errors.New("the line is no JSON object")
	}
	if !jsontext.Value(line).IsValid() {
		return m, errors.New("the line is not one JSON object with unique names and good UTF-8")
	}
	if bytes.ContainsAny(line, lineBreaks) {
		return m, errors.New("the line holds a character at which some readers break lines")
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
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
