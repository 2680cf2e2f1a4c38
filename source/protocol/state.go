package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ReadState reads the file of --state and returns each stream's state by the stream's name, byte for byte, and warnings for
// the user.
//
// The file is an array of state messages (the platform, PyAirbyte), a single state message, or lines: the output of an
// earlier read as it was printed, or the state messages in it. Lines of other messages are skipped, as is the last line if
// it is not complete, because the read was killed. There is no state, and no error, if the path is "", if the file is
// empty, null, {} or [], and for a stream whose state is {} or absent. A stream whose state is null has the state "null":
// the platform sends it for streams that it wants to be read again while the destination keeps their rows. The stream
// states of a GLOBAL message without a shared state count as such. States with a namespace belong to streams of another
// source and are ignored. If a stream has two states, the last counts.
//
// The error is an *InputError. If the file does not exist, it wraps fs.ErrNotExist.
func ReadState(path string) (states map[string]json.RawMessage, warnings []string, err error) {
	states = map[string]json.RawMessage{}
	if path == "" {
		return states, nil, nil
	}
	file, err := openInput(path)
	if err == nil {
		defer file.Close() //nolint:errcheck // it was only read
		r := stateReader{path: path, in: bufio.NewReaderSize(file, 1<<20), states: states}
		err = r.read()
		warnings = r.warnings
	}
	var input *InputError
	if err != nil && !errors.As(err, &input) {
		err = withoutPath(err)
		err = &InputError{fmt.Sprintf("The state file %s cannot be read: %v. Check the path given with --state.", path, err), err}
	}
	if err != nil {
		return nil, nil, err
	}
	return states, warnings, nil
}

// stateMessage is an AirbyteStateMessage, or an AirbyteMessage that has one. Members that are not set may be null.
type stateMessage struct {
	Type   string           `json:"type"`
	Stream *streamState     `json:"stream"`
	Global *globalState     `json:"global"`
	Data   json.RawMessage  `json:"data"`
	State  *json.RawMessage `json:"state"`
}

type globalState struct {
	SharedState  json.RawMessage `json:"shared_state"`
	StreamStates []streamState   `json:"stream_states"`
}

type streamState struct {
	Descriptor struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace,omitempty"`
	} `json:"stream_descriptor"`
	State json.RawMessage `json:"stream_state"`
}

// addState adds the states that a message has.
func addState(states map[string]json.RawMessage, data json.RawMessage) error {
	if isEmpty(data) {
		return nil
	}
	var message stateMessage
	if err := Decode(data, &message); err != nil {
		return fmt.Errorf("it %w", err)
	}
	switch {
	case message.Type == "STATE" && message.State != nil:
		return addState(states, *message.State)
	case isOtherMessage(message.Type):
		return nil
	case message.Stream != nil:
		return addStream(states, *message.Stream)
	case message.Global != nil:
		return addGlobal(states, *message.Global)
	case message.Type == "LEGACY" && isEmpty(message.Data):
		return nil
	default:
		return errors.New("it is a legacy state, one for all streams, or not a state message; run \"Refresh and remove records\" on the streams to read them in full")
	}
}

// isOtherMessage reports whether messages of the type have no state.
func isOtherMessage(typ string) bool {
	switch typ {
	case "RECORD", "LOG", "TRACE", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS":
		return true
	default:
		return false
	}
}

func addGlobal(states map[string]json.RawMessage, global globalState) error {
	if !isEmpty(global.SharedState) {
		return errors.New("it has a state that streams share, which this source never writes; " +
			"run \"Refresh and remove records\" on the streams to read them in full")
	}
	for _, stream := range global.StreamStates {
		if err := addStream(states, stream); err != nil {
			return err
		}
	}
	return nil
}

func addStream(states map[string]json.RawMessage, stream streamState) error {
	name := stream.Descriptor.Name
	if name == "" {
		return errors.New("it has a state without the name of a stream")
	}
	if stream.Descriptor.Namespace != "" {
		return nil
	}
	delete(states, name)
	switch {
	case !isEmpty(stream.State):
		states[name] = stream.State
	case string(bytes.TrimSpace(stream.State)) == "null":
		states[name] = json.RawMessage("null")
	}
	return nil
}

// isEmpty reports whether a JSON value is absent, null, an empty object, or an empty array.
func isEmpty(value json.RawMessage) bool {
	var compact bytes.Buffer
	if len(value) > 0 && json.Compact(&compact, value) != nil {
		return false
	}
	switch compact.String() {
	case "", "null", "{}", "[]":
		return true
	default:
		return false
	}
}
