package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ReadState reads the file of --state and returns each stream's state by the stream's name, byte for byte.
//
// The file is what callers of sources hand over: an array of state messages (the platform, PyAirbyte), a single one, or
// STATE lines' messages with their envelope. There is no state, and no error, where the path is "", where the file is
// empty, null, {} or [], and for a stream whose state is {} or absent. A stream whose state is null has the state "null":
// the platform nulls the state of streams that it wants to be read again while the destination keeps their rows. A message of type GLOBAL is taken apart if it shares no state.
// States under a namespace belong to streams of another source and are left out. Of two states of a stream the last counts.
//
// The error is a sentence that says what is wrong with the file. Where there is no such file it is an fs.ErrNotExist.
func ReadState(path string) (map[string]json.RawMessage, error) {
	states := map[string]json.RawMessage{}
	if path == "" {
		return states, nil
	}
	data, err := readInput(path)
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	messages, err := splitState(data)
	if err != nil {
		return nil, fmt.Errorf("the state %s %w", path, err)
	}
	for i, message := range messages {
		if err := addState(states, message); err != nil {
			return nil, fmt.Errorf("state %s, message %d: %w", path, i+1, err)
		}
	}
	return states, nil
}

// stateMessage is an AirbyteStateMessage, or an AirbyteMessage around one. Dumps of it hold nulls for what is unset.
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
	if isNothing(data) {
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
	if isNothing(data) {
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
	case message.Type == "LEGACY" && isNothing(message.Data):
		return nil
	default:
		return errors.New("this is a state of the old kind, one blob for all streams, or no state message at all; " +
			"refresh the connection's streams to read them anew")
	}
}

func addGlobal(states map[string]json.RawMessage, global globalState) error {
	if !isNothing(global.SharedState) {
		return errors.New("the state is shared between streams, which this source never writes; " +
			"refresh the connection's streams to read them anew")
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
		return errors.New("the state names no stream")
	}
	if stream.Descriptor.Namespace != "" {
		return nil
	}
	delete(states, name)
	switch {
	case !isNothing(stream.State):
		states[name] = stream.State
	case string(bytes.TrimSpace(stream.State)) == "null":
		states[name] = json.RawMessage("null")
	}
	return nil
}

// isNothing tells whether a JSON value is absent, null, an empty object or an empty array.
func isNothing(value json.RawMessage) bool {
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
