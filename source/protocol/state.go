package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ReadState reads the file of --state and returns each stream's state by the stream's name, byte for byte.
//
// The file is an array of state messages (the platform, PyAirbyte), a single state message, or either with the envelope
// that STATE lines have. There is no state, and no error, if the path is "", if the file is empty, null, {} or [], and for
// a stream whose state is {} or absent. A stream whose state is null has the state "null": the platform sends it for
// streams that it wants to be read again while the destination keeps their rows. The stream states of a GLOBAL message
// without a shared state count as such. States with a namespace belong to streams of another source and are ignored. If a
// stream has two states, the last counts.
//
// The error is an *InputError. If the file does not exist, it wraps fs.ErrNotExist.
func ReadState(path string) (map[string]json.RawMessage, error) {
	states := map[string]json.RawMessage{}
	if path == "" {
		return states, nil
	}
	data, err := readInput(path)
	if err != nil {
		return nil, &InputError{fmt.Sprintf("The state cannot be read: %v. Check the path given with --state.", err), err}
	}
	messages, err := splitState(data)
	if err != nil {
		return nil, invalidInput("The state file %s %v.", path, err)
	}
	for i, message := range messages {
		if err := addState(states, message); err != nil {
			return nil, invalidInput("Message %d of the state file %s cannot be used: %v.", i+1, path, err)
		}
	}
	return states, nil
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

func splitState(data []byte) ([]json.RawMessage, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	var document json.RawMessage
	if err := decode(data, &document); err != nil {
		return nil, err
	}
	if isEmpty(data) {
		return nil, nil
	}
	if bytes.TrimSpace(data)[0] != '[' {
		return []json.RawMessage{data}, nil
	}
	var messages []json.RawMessage
	err := decode(data, &messages)
	return messages, err
}

func addState(states map[string]json.RawMessage, data json.RawMessage) error {
	if isEmpty(data) {
		return nil
	}
	var message stateMessage
	if err := decode(data, &message); err != nil {
		return fmt.Errorf("it %w", err)
	}
	switch {
	case message.Type == "STATE" && message.State != nil:
		return addState(states, *message.State)
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
