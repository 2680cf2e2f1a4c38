package protocol_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

var emittedAt = regexp.MustCompile(`"emitted_at":\d{13}\b`)

// written returns the line that a call writes, with a fixed time of emission.
func written(t *testing.T, call func(w *protocol.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, call(protocol.NewWriter(&out)))
	require.Equal(t, 1, strings.Count(out.String(), "\n"), "a message is one line")
	return emittedAt.ReplaceAllString(strings.TrimSuffix(out.String(), "\n"), `"emitted_at":0`)
}

func TestMessagesHaveTheProtocolsFields(t *testing.T) {
	reset := time.UnixMilli(1_800_000_000_123)
	tests := []struct {
		name string
		call func(w *protocol.Writer) error
		want string
	}{
		{"a specification is compact", func(w *protocol.Writer) error {
			return w.Spec([]byte("{\n  \"connectionSpecification\": { \"a\": 1.50 }\n}\n"))
		}, `{"type":"SPEC","spec":{"connectionSpecification":{"a":1.50}}}`},
		{"a connection that works", func(w *protocol.Writer) error { return w.ConnectionStatus(nil) },
			`{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}`},
		{"a connection with a problem", func(w *protocol.Writer) error { return w.ConnectionStatus([]string{"url is empty."}) },
			`{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"url is empty."}}`},
		{"a connection with two problems", func(w *protocol.Writer) error {
			return w.ConnectionStatus([]string{"url is empty.", "client_id is missing."})
		}, `{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED",` +
			`"message":"The configuration has 2 problems. (1) url is empty. (2) client_id is missing."}}`},
		{"an empty catalog", func(w *protocol.Writer) error { return w.Catalog(protocol.Catalog{}) },
			`{"type":"CATALOG","catalog":{"streams":[]}}`},
		{"a status", func(w *protocol.Writer) error { return w.Status("account", protocol.Started) },
			`{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":0,"stream_status":` +
				`{"stream_descriptor":{"name":"account"},"status":"STARTED"}}}`},
		{"a rate limit", func(w *protocol.Writer) error { return w.RateLimited("account", reset) },
			`{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":0,"stream_status":` +
				`{"stream_descriptor":{"name":"account"},"status":"RUNNING",` +
				`"reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":1800000000123}}]}}}`},
		{"a rate limit of unknown end", func(w *protocol.Writer) error { return w.RateLimited("account", time.Time{}) },
			`{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":0,"stream_status":` +
				`{"stream_descriptor":{"name":"account"},"status":"RUNNING","reasons":[{"type":"RATE_LIMITED"}]}}}`},
		{"an estimate has both figures, also if one is zero", func(w *protocol.Writer) error {
			return w.Estimate("account", 12, 0)
		}, `{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":0,"estimate":` +
			`{"name":"account","type":"STREAM","row_estimate":12,"byte_estimate":0}}}`},
		{"a failure of a stream", func(w *protocol.Writer) error {
			return w.Fail(protocol.Failure{Type: protocol.ConfigError, Message: "m", Internal: "i", Stream: "account"})
		}, `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":0,"error":{"message":"m","internal_message":"i",` +
			`"failure_type":"config_error","stream_descriptor":{"name":"account"}}}}`},
		{"a failure of the command", func(w *protocol.Writer) error {
			return w.Fail(protocol.Failure{Type: protocol.SystemError, Message: "m"})
		}, `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":0,"error":{"message":"m","failure_type":"system_error"}}}`},
		{"a failure without anything more for the log", func(w *protocol.Writer) error {
			return w.Fail(protocol.Failure{Type: protocol.ConfigError, Message: "m", Internal: "m"})
		}, `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":0,"error":{"message":"m","failure_type":"config_error"}}}`},
		{"a log keeps < and &", func(w *protocol.Writer) error {
			return w.Tracker().Log(airbyte.LogLevelWarn, `<a & "b">`)
		}, `{"type":"LOG","log":{"level":"WARN","message":"<a & \"b\">"}}`},
		{"line separators are escaped in a log", func(w *protocol.Writer) error {
			return w.Tracker().Log(airbyte.LogLevelInfo, "a\nb\u0085c\u2028d\u2029e\rf")
		}, `{"type":"LOG","log":{"level":"INFO","message":"a\nb\u0085c\u2028d\u2029e\rf"}}`},
		{"line separators are escaped in a state", func(w *protocol.Writer) error {
			return w.Tracker().State(account("{\n\"a\": \"\u0085\u2028\u2029\", \"n\": 12345678901234567890.10 }"))
		}, `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"account"},"stream_state":` +
			`{"a":"\u0085\u2028\u2029","n":12345678901234567890.10}},"sourceStats":{"recordCount":0.0}}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			line := written(t, test.call)
			assert.Equal(t, test.want, line)
			assert.True(t, json.Valid([]byte(line)))
		})
	}
}

func TestASpecificationThatIsNotJSONIsRejected(t *testing.T) {
	var out bytes.Buffer
	assert.ErrorContains(t, protocol.NewWriter(&out).Spec([]byte("{")), "not JSON")
	assert.Empty(t, out.String())
}

func TestSecretsAreMaskedInTextsButNotInData(t *testing.T) {
	var out bytes.Buffer
	writer := protocol.NewWriter(&out)
	writer.Redact(func(text string) string { return strings.ReplaceAll(text, "hunter2", "****") })
	tracker := writer.Tracker()
	require.NoError(t, tracker.Log(airbyte.LogLevelInfo, "log hunter2"))
	require.NoError(t, writer.ConnectionStatus([]string{"status hunter2"}))
	require.NoError(t, writer.Fail(protocol.Failure{Message: "message hunter2", Internal: "internal hunter2"}))
	texts := out.String()
	assert.NotContains(t, texts, "hunter2")
	for _, masked := range []string{"log ****", "status ****", "message ****", "internal ****"} {
		assert.Contains(t, texts, masked)
	}

	out.Reset()
	require.NoError(t, tracker.Record(records("hunter2"), "account", ""))
	require.NoError(t, tracker.State(account(`{"link":"hunter2"}`)))
	assert.Equal(t, 2, strings.Count(out.String(), "hunter2"), "a row or a link with the text arrives unchanged")
}
