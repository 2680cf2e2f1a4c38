package protocol

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bitstrapped/airbyte"
)

// StreamState is a stream's checkpoint: it covers every record of the stream written before it. It is the value of an
// airbyte.StateWriter.
type StreamState struct {
	Stream string
	// State is any JSON value but null.
	State json.RawMessage
}

// StreamStatus is the status of a stream in a read.
type StreamStatus string

// The values of AirbyteStreamStatus. A stream is STARTED, then RUNNING, and at its end COMPLETE or INCOMPLETE.
const (
	Started    StreamStatus = "STARTED"
	Running    StreamStatus = "RUNNING"
	Complete   StreamStatus = "COMPLETE"
	Incomplete StreamStatus = "INCOMPLETE"
)

// FailureType is what resolves a failure: the user (config_error), a retry (transient_error), or a developer of the
// connector (system_error).
type FailureType string

// The failure types of AirbyteErrorTraceMessage.
const (
	ConfigError    FailureType = "config_error"
	TransientError FailureType = "transient_error"
	SystemError    FailureType = "system_error"
)

// Failure is an error message.
type Failure struct {
	Type FailureType
	// Message is for the user, Internal for the reader of the log.
	Message, Internal string
	// Stream is the stream that failed, "" if the whole command failed.
	Stream string
}

// envelope is an AirbyteMessage. Its members and those of the types below are defined in
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml.
type envelope struct {
	Type             string          `json:"type"`
	State            *stateLine      `json:"state,omitempty"`
	Log              *logLine        `json:"log,omitempty"`
	Spec             json.RawMessage `json:"spec,omitempty"`
	ConnectionStatus *connectionLine `json:"connectionStatus,omitempty"`
	Trace            *traceLine      `json:"trace,omitempty"`
}

type stateLine struct {
	Type        string      `json:"type"`
	Stream      streamState `json:"stream"`
	SourceStats sourceStats `json:"sourceStats"`
}

type sourceStats struct {
	RecordCount json.RawMessage `json:"recordCount"`
}

type logLine struct {
	Level   airbyte.LogLevel `json:"level"`
	Message string           `json:"message"`
}

type connectionLine struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

type traceLine struct {
	Type         string        `json:"type"`
	EmittedAt    int64         `json:"emitted_at"`
	Error        *errorLine    `json:"error,omitempty"`
	Estimate     *estimateLine `json:"estimate,omitempty"`
	StreamStatus *statusLine   `json:"stream_status,omitempty"`
}

type descriptor struct {
	Name string `json:"name"`
}

type errorLine struct {
	Message     string      `json:"message"`
	Internal    string      `json:"internal_message,omitempty"`
	FailureType FailureType `json:"failure_type"`
	Stream      *descriptor `json:"stream_descriptor,omitempty"`
}

// estimateLine always has both numbers: the platform fails without either (airbyte-platform, StreamStatsTracker.trackEstimates).
type estimateLine struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Rows  int64  `json:"row_estimate"`
	Bytes int64  `json:"byte_estimate"`
}

type statusLine struct {
	Stream  descriptor     `json:"stream_descriptor"`
	Status  StreamStatus   `json:"status"`
	Reasons []statusReason `json:"reasons,omitempty"`
}

type statusReason struct {
	Type        string       `json:"type"`
	RateLimited *rateLimited `json:"rate_limited,omitempty"`
}

type rateLimited struct {
	QuotaReset int64 `json:"quota_reset"`
}

func newState(state StreamState, records int64) envelope {
	line := stateLine{Type: "STREAM", SourceStats: sourceStats{RecordCount: floatText(records)}}
	line.Stream.Descriptor.Name = state.Stream
	line.Stream.State = state.State
	return envelope{Type: "STATE", State: &line}
}

// floatText returns a count with a decimal point, which the protocol requires of recordCount.
func floatText(n int64) json.RawMessage {
	return json.RawMessage(strconv.FormatInt(n, 10) + ".0")
}

func newStatus(stream string, status StreamStatus) *statusLine {
	return &statusLine{Stream: descriptor{Name: stream}, Status: status}
}

// newRateLimited returns a RUNNING with one reason. If quotaReset is zero, the reason has no time, as the protocol allows.
func newRateLimited(stream string, quotaReset time.Time) *statusLine {
	line := newStatus(stream, Running)
	reason := statusReason{Type: "RATE_LIMITED"}
	if !quotaReset.IsZero() {
		reason.RateLimited = &rateLimited{QuotaReset: quotaReset.UnixMilli()}
	}
	line.Reasons = []statusReason{reason}
	return line
}

// newConnection returns SUCCEEDED if there is no problem, else FAILED with one text of all problems.
func newConnection(problems []string) *connectionLine {
	switch len(problems) {
	case 0:
		return &connectionLine{Status: "SUCCEEDED"}
	case 1:
		return &connectionLine{Status: "FAILED", Message: problems[0]}
	}
	numbered := make([]string, len(problems))
	for i, problem := range problems {
		numbered[i] = fmt.Sprintf("(%d) %s", i+1, problem)
	}
	text := fmt.Sprintf("The configuration has %d problems. %s", len(problems), strings.Join(numbered, " "))
	return &connectionLine{Status: "FAILED", Message: text}
}
