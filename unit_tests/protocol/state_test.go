package protocol_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

func TestStatesOfKnownCallersAreUnderstood(t *testing.T) {
	tests := []struct {
		name, content string
		want          map[string]string
	}{
		{"an empty file", ``, nil},
		{"a blank file", " \n", nil},
		{"an empty file of an editor", "\ufeff", nil},
		{"a byte order mark", "\ufeff" + `[{"stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}}]`,
			map[string]string{"account": `{"v": 1}`}},
		{"an empty array", `[]`, nil},
		{"an empty object", `{ }`, nil},
		{"null", `null`, nil},
		{"a null message", `[null]`, nil},
		{"a single message", `{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}}`,
			map[string]string{"account": `{"v": 1}`}},
		{"two streams", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}},
			{"type": "STREAM", "stream": {"stream_descriptor": {"name": "contact"}, "stream_state": {"v": 2}}}]`,
			map[string]string{"account": `{"v": 1}`, "contact": `{"v": 2}`}},
		{"a dump with nulls", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account", "namespace": null},
			"stream_state": {"v": 1}}, "global": null, "data": null, "sourceStats": null, "destinationStats": null}]`,
			map[string]string{"account": `{"v": 1}`}},
		{"a message without a type", `[{"stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}}]`,
			map[string]string{"account": `{"v": 1}`}},
		{"a message in its envelope", `{"type": "STATE", "state": {"type": "STREAM",
			"stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}}}`,
			map[string]string{"account": `{"v": 1}`}},
		{"a stream whose state was nulled", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"},
			"stream_state": null}}]`, map[string]string{"account": `null`}},
		{"a stream with an empty state", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"},
			"stream_state": { }}}]`, nil},
		{"a stream without a state", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}}}]`, nil},
		{"a stream's later state", `[
			{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}},
			{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 2}}}]`,
			map[string]string{"account": `{"v": 2}`}},
		{"a stream's later null", `[
			{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}},
			{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"}, "stream_state": null}}]`,
			map[string]string{"account": `null`}},
		{"a stream of another namespace", `[{"type": "STREAM", "stream": {"stream_descriptor":
			{"name": "account", "namespace": "dbo"}, "stream_state": {"v": 1}}}]`, nil},
		{"a global state that shares nothing", `[{"type": "GLOBAL", "global": {"shared_state": null, "stream_states": [
			{"stream_descriptor": {"name": "account"}, "stream_state": {"v": 1}}]}}]`,
			map[string]string{"account": `{"v": 1}`}},
		{"an empty legacy state", `[{"type": "LEGACY", "data": {}}]`, nil},
		{"a state in text form", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"},
			"stream_state": "None"}}]`, map[string]string{"account": `"None"`}},
		{"the older source's delta token", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account",
			"namespace": null}, "stream_state": {"$deltatoken": "1895!11/21/2026 09:45:06"}}}]`,
			map[string]string{"account": `{"$deltatoken": "1895!11/21/2026 09:45:06"}`}},
		{"a number no float holds", `[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "account"},
			"stream_state": {"n": 12345678901234567890.10}}}]`, map[string]string{"account": `{"n": 12345678901234567890.10}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			states, _, err := protocol.ReadState(file(t, test.content))
			require.NoError(t, err)
			assert.Equal(t, test.want, texts(states))
		})
	}
}

func texts(states map[string]json.RawMessage) map[string]string {
	var texts map[string]string
	for name, state := range states {
		if texts == nil {
			texts = map[string]string{}
		}
		texts[name] = string(state)
	}
	return texts
}

func TestNoPathMeansNoState(t *testing.T) {
	states, _, err := protocol.ReadState("")
	require.NoError(t, err)
	assert.NotNil(t, states)
	assert.Empty(t, states)
}

func TestAMissingStateFileIsDistinguished(t *testing.T) {
	_, _, err := protocol.ReadState(filepath.Join(t.TempDir(), "state.json"))
	require.ErrorIs(t, err, os.ErrNotExist, "the caller decides whether that matters")
}

func TestAStateThatCannotBeUsedIsRejected(t *testing.T) {
	tests := []struct{ name, content, says string }{
		{"broken JSON", `[{"type": "STREAM"`, "is not valid JSON. Line 1, column 19: the file ends too early: }] is missing. Complete the file."},
		{"a text", `"state"`, "cannot be used: it has a string where an object is expected"},
		{"a stream that is a text", `[{"type": "STREAM", "stream": "account"}]`, "it has a string where an object is expected, at stream"},
		{"a legacy state", `[{"type": "LEGACY", "data": {"account": 1}}]`, "run \"Refresh and remove records\" on the streams"},
		{"a legacy blob", `{"account": {"$deltatoken": "1"}}`, "a legacy state"},
		{"a message without a stream", `[{"type": "STREAM", "stream": null}]`, "not a state message"},
		{"a shared state", `[{"type": "GLOBAL", "global": {"shared_state": {"v": 1}, "stream_states": []}}]`,
			"a state that streams share"},
		{"a stream without a name", `[{"type": "STREAM", "stream": {"stream_state": {"v": 1}}}]`, "a state without the name of a stream"},
		{"the second message", `[{"type": "LEGACY"}, {"type": "STREAM"}]`, "Message 2 of the state file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := protocol.ReadState(file(t, test.content))
			assert.ErrorContains(t, err, test.says)
			assert.NotRegexp(t, `json:|Go |struct|protocol\.|stateMessage`, err.Error(), "users know no Go")
		})
	}
}

func TestAStateFileThatCannotBeOpenedIsAnError(t *testing.T) {
	_, _, err := protocol.ReadState(t.TempDir())
	assert.ErrorContains(t, err, "cannot be read: is a directory. Check the path given with --state.")
}

func TestTheSampleStateBelongsToTheSampleCatalog(t *testing.T) {
	states, _, err := protocol.ReadState("../../integration_tests/sample_state.json")
	require.NoError(t, err)
	catalog, err := protocol.ReadConfiguredCatalog("../../integration_tests/configured_catalog.json")
	require.NoError(t, err)
	for _, stream := range catalog.Streams {
		assert.True(t, stream.Offers(stream.SyncMode), stream.Name)
		assert.Contains(t, stream.Columns, stream.PrimaryKey[0][0])
		delete(states, stream.Name)
	}
	assert.Empty(t, states)
}

func FuzzReadState(f *testing.F) {
	f.Add([]byte(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"account"},"stream_state":{"v":1}}}]`))
	f.Add([]byte(`{"type":"GLOBAL","global":{"shared_state":null,"stream_states":[{"stream_descriptor":{"name":"a"}}]}}`))
	f.Add([]byte(`[null, {"type":"STATE","state":{"type":"STATE","state":null}}]`))
	f.Add([]byte(`{}`))
	path := filepath.Join(f.TempDir(), "state.json")
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(path, content, 0o600))
		states, _, err := protocol.ReadState(path)
		if err != nil {
			assert.Nil(t, states, "an error comes without states")
			return
		}
		for name, state := range states {
			assert.NotEmpty(t, name)
			assert.True(t, json.Valid(state), "the state of %q is JSON", name)
			assert.NotContains(t, []string{"{}", "[]"}, string(state))
		}
	})
}
