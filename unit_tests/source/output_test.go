package source_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// output is what a run wrote to stdout.
type output struct {
	text     string
	messages []message
}

// message has the members of an AirbyteMessage that these tests check.
type message struct {
	Type             string
	Spec             json.RawMessage
	ConnectionStatus struct{ Status, Message string }
	Log              struct{ Level, Message string }
	Catalog          struct {
		Streams []struct {
			Name               string
			SupportedSyncModes []string `json:"supported_sync_modes"`
		}
	}
	Record struct {
		Stream string
		Data   map[string]any
	}
	State struct {
		Stream struct {
			Descriptor struct{ Name string } `json:"stream_descriptor"`
			State      json.RawMessage       `json:"stream_state"`
		}
	}
	Trace struct {
		Type  string
		Error struct {
			Message     string
			Internal    string                `json:"internal_message"`
			FailureType string                `json:"failure_type"`
			Stream      struct{ Name string } `json:"stream_descriptor"`
		}
		StreamStatus struct {
			Stream struct{ Name string } `json:"stream_descriptor"`
			Status string
		} `json:"stream_status"`
	}
}

func parse(t *testing.T, text string) output {
	t.Helper()
	o := output{text: text}
	for line := range strings.Lines(text) {
		var m message
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		o.messages = append(o.messages, m)
	}
	return o
}

// of returns the messages of a type.
func (o output) of(typ string) []message {
	var found []message
	for _, m := range o.messages {
		if m.Type == typ {
			found = append(found, m)
		}
	}
	return found
}

// failures returns the error traces.
func (o output) failures() []message {
	var found []message
	for _, m := range o.of("TRACE") {
		if m.Trace.Type == "ERROR" {
			found = append(found, m)
		}
	}
	return found
}

// statuses returns a stream's statuses in their order.
func (o output) statuses(stream string) []string {
	var found []string
	for _, m := range o.of("TRACE") {
		if m.Trace.Type == "STREAM_STATUS" && m.Trace.StreamStatus.Stream.Name == stream {
			found = append(found, m.Trace.StreamStatus.Status)
		}
	}
	return found
}

// assertFailed asserts that a run ended with one error, which is of no stream.
func assertFailed(t *testing.T, code int, o output, typ, beginning string) {
	t.Helper()
	assert.Equal(t, 1, code)
	failures := o.failures()
	require.Len(t, failures, 1, o.text)
	failure := failures[0].Trace.Error
	assert.Equal(t, typ, failure.FailureType)
	assert.True(t, strings.HasPrefix(failure.Message, beginning), failure.Message)
	assert.Empty(t, failure.Stream.Name)
	assert.NotContains(t, failure.Message, "goroutine")
}

// assertRefused asserts that a check ended with FAILED.
func assertRefused(t *testing.T, code int, o output, parts ...string) {
	t.Helper()
	assert.Equal(t, 0, code)
	statuses := o.of("CONNECTION_STATUS")
	require.Len(t, statuses, 1, o.text)
	assert.Equal(t, "FAILED", statuses[0].ConnectionStatus.Status)
	for _, part := range parts {
		assert.Contains(t, statuses[0].ConnectionStatus.Message, part)
	}
	assert.Empty(t, o.failures())
}
