package protocol_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// stateLine is a STATE message as the connector prints it.
func stateLine(stream, state string) string {
	return `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"` + stream + `"},"stream_state":` + state +
		`},"sourceStats":{"recordCount":1.0}}}` + "\n"
}

// stateMessage is a state message without its envelope.
func stateMessage(stream, state string) string {
	return `{"type":"STREAM","stream":{"stream_descriptor":{"name":"` + stream + `"},"stream_state":` + state + "}}\n"
}

const (
	logMessage    = `{"type":"LOG","log":{"level":"INFO","message":"a \"STATE\" follows"}}` + "\n"
	recordMessage = `{"type":"RECORD","record":{"stream":"account","data":{"name":"\"stream_state\""},"emitted_at":1}}` + "\n"
	statusMessage = `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"stream_descriptor":{"name":"account"},"status":"RUNNING"}}}` + "\n"
)

func TestTheOutputOfAReadIsAState(t *testing.T) {
	complete := map[string]string{"account": `{"v":2}`, "contact": `{"v":1}`}
	output := logMessage + statusMessage + recordMessage + stateLine("account", `{"v":1}`) + stateLine("contact", `{"v":1}`) +
		recordMessage + stateLine("account", `{"v":2}`)
	tests := []struct {
		name, content string
		want          map[string]string
		warned        bool
	}{
		{"the whole output", output, complete, false},
		{"its STATE lines alone", stateLine("account", `{"v":2}`) + stateLine("contact", `{"v":1}`), complete, false},
		{"the output of two reads", output + stateLine("account", `{"v":3}`), map[string]string{"account": `{"v":3}`, "contact": `{"v":1}`}, false},
		{"lines that end as on Windows", strings.ReplaceAll(output, "\n", "\r\n"), complete, false},
		{"blank lines", "\n\n" + strings.ReplaceAll(output, "\n", "\n\n"), complete, false},
		{"no end of the last line", strings.TrimSuffix(output, "\n"), complete, false},
		{"a record that was cut off", output + recordMessage[:40], complete, true},
		{"a state that was cut off", output + stateLine("contact", `{"v":9}`)[:60], complete, true},
		{"the output of a killed read and of the next", stateLine("account", `{"v":1}`) + stateLine("contact", `{"v":0}`)[:60] + output, complete, true},
		{"other output between the lines", "{}\n" + output + "exit status 1\n", complete, false},
		{"state messages without their envelope", stateMessage("account", `{"v":1}`) + stateMessage("account", `{"v":2}`), map[string]string{"account": `{"v":2}`}, false},
		{"an array of the lines", "[" + strings.ReplaceAll(strings.TrimSpace(output), "\n", ",") + "]", complete, false},
		{"a null after a state", output + stateLine("contact", "null"), map[string]string{"account": `{"v":2}`, "contact": "null"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			states, warnings, err := protocol.ReadState(file(t, test.content))
			require.NoError(t, err)
			assert.Equal(t, test.want, texts(states))
			if !test.warned {
				assert.Empty(t, warnings)
				return
			}
			require.Len(t, warnings, 1)
			assert.Contains(t, warnings[0], "is incomplete, as after a read that was killed. The line is ignored.")
		})
	}
}

func TestAnOutputThatIsNoStateIsRejected(t *testing.T) {
	tests := []struct{ name, content, says string }{
		{"a read that failed before its first state", logMessage + statusMessage, "is the output of a read that wrote no state."},
		{"records alone", recordMessage + recordMessage, "is the output of a read that wrote no state."},
		{"a check", logMessage + `{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}`, "is the output of check, not a state."},
		{"a discovery", logMessage + `{"type":"CATALOG","catalog":{"streams":[]}}`, "is the catalog that discover prints, not a state."},
		{"a configured catalog", `{"streams":[{"stream":{"name":"account"}}]}`, "is a configured catalog, not a state. Pass it with --catalog."},
		{"a configuration", `{"url":"https://contoso.crm.dynamics.com"}`, "is a configuration, not a state. Pass it with --config."},
		{"a configuration of many lines", "{\n\"client_id\": \"x\"\n}", "is a configuration, not a state. Pass it with --config."},
		{"a state of no stream", stateLine("", `{"v":1}`), "Line 1 of the state file"},
		{"a broken state", stateMessage("account", `{"v":1}`) + stateMessage("account", `{"v":}`), "Line 2 of the state file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := protocol.ReadState(file(t, test.content))
			assert.ErrorContains(t, err, test.says)
		})
	}
}
