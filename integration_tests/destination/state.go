package destination

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// State is the body of a STATE message as it was sent.
type State struct {
	Raw json.RawMessage
	// StreamState is what the source continues from.
	StreamState json.RawMessage
	// Records is the number of records since the state before.
	Records int
}

type stateBody struct {
	Type   string `json:"type"`
	Stream *struct {
		Descriptor Descriptor      `json:"stream_descriptor"`
		State      json.RawMessage `json:"stream_state"`
	} `json:"stream"`
	SourceStats *struct {
		RecordCount json.RawMessage `json:"recordCount"`
	} `json:"sourceStats"`
}

// state checks a state, and keeps it unless the platform loses it. Members other than those of stateBody are refused,
// "id" among them: the platform numbers states itself.
func (s *Sync) state(raw json.RawMessage) {
	var body stateBody
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&body)
	switch {
	case err != nil:
		err = fmt.Errorf("a state that is not of the protocol: %w", err)
	case body.Type != "STREAM" || body.Stream == nil:
		err = fmt.Errorf("a state of the type %q", body.Type)
	case body.Stream.Descriptor.Namespace != nil:
		err = errors.New("a state with a namespace")
	case !bytes.HasPrefix(body.Stream.State, []byte("{")):
		err = errors.New("a state whose stream_state is no object")
	case body.SourceStats == nil:
		err = errors.New("a state without sourceStats")
	}
	if err != nil {
		s.violated("", err)
		return
	}
	name := body.Stream.Descriptor.Name
	p, configured := s.streams[name]
	if !configured {
		s.violated(name, errors.New("a state of a stream that is not configured"))
		return
	}
	if s.states++; s.keep < 0 || s.states <= s.keep {
		s.destination.states[name] = raw
	}
	if err := p.state(raw, body); err != nil {
		s.violated(name, err)
	}
}

// state checks the count, which has to be written as a decimal.
func (p *progress) state(raw json.RawMessage, body stateBody) error {
	if err := p.open("state"); err != nil {
		return err
	}
	records := p.uncovered
	p.uncovered = 0
	state := State{Raw: raw, StreamState: body.Stream.State, Records: records}
	states := p.report.States
	p.report.States = append(states, state)
	if len(states) > 0 && bytes.Equal(states[len(states)-1].StreamState, state.StreamState) {
		return errors.New("a state that is the same as the one before")
	}
	text := string(body.SourceStats.RecordCount)
	count, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || !strings.Contains(text, "."):
		return fmt.Errorf("the recordCount %s is not written as a decimal", text)
	case count != float64(records):
		return fmt.Errorf("the recordCount is %s after %d records", text, records)
	default:
		return nil
	}
}

// State returns the stream_state of a stream that was kept last, nil if there is none.
func (d *Destination) State(stream string) json.RawMessage {
	var body stateBody
	if raw := d.states[stream]; raw == nil || json.Unmarshal(raw, &body) != nil || body.Stream == nil {
		return nil
	}
	return body.Stream.State
}

// SetState puts a stream_state in place of the last one, which may be the value null. nil removes it.
func (d *Destination) SetState(stream string, state json.RawMessage) error {
	delete(d.states, stream)
	if state == nil {
		return nil
	}
	body := map[string]any{"type": "STREAM", "stream": map[string]any{
		"stream_descriptor": map[string]any{"name": stream}, "stream_state": state,
	}}
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write the state of %s: %w", stream, err)
	}
	d.states[stream] = raw
	return nil
}

// StateFile returns the content of a file for --state, as the platform writes it: an array of the states as they came.
func (d *Destination) StateFile() []byte {
	var file bytes.Buffer
	file.WriteByte('[')
	for i, name := range slices.Sorted(maps.Keys(d.states)) {
		if i > 0 {
			file.WriteByte(',')
		}
		file.Write(d.states[name])
	}
	file.WriteByte(']')
	return file.Bytes()
}

// StateFileOfPyAirbyte returns the same as PyAirbyte writes it, which writes a missing member as null
// (https://github.com/airbytehq/PyAirbyte/blob/main/airbyte/shared/state_providers.py).
func (d *Destination) StateFileOfPyAirbyte() ([]byte, error) {
	file := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(d.states)) {
		var body map[string]json.RawMessage
		if err := json.Unmarshal(d.states[name], &body); err != nil {
			return nil, fmt.Errorf("read the state of %s: %w", name, err)
		}
		file = append(file, map[string]any{
			"type": "STREAM",
			"stream": map[string]any{
				"stream_descriptor": map[string]any{"name": name, "namespace": nil}, "stream_state": d.State(name),
			},
			"global": nil, "data": nil, "destinationStats": nil, "sourceStats": body["sourceStats"],
		})
	}
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the states: %w", err)
	}
	return raw, nil
}

// HasState reports whether a stream has a state, and not none or the value null.
func (d *Destination) HasState(stream string) bool {
	state := d.State(stream)
	return state != nil && string(state) != "null"
}
