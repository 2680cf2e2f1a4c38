package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

// prepared is a record's line as an encoder returns it, with the time at which the page began.
func prepared(data string) string {
	return `{"type":"RECORD","record":{"stream":"account","emitted_at":1700000000000,"data":{"v":"` + data + `"}}}` + "\n"
}

func records(data ...string) protocol.Records {
	records := protocol.Records{Count: len(data)}
	for _, d := range data {
		records.Lines = append(records.Lines, prepared(d)...)
	}
	return records
}

func account(state string) protocol.StreamState {
	return protocol.StreamState{Stream: "account", State: json.RawMessage(state)}
}

// writes counts what reaches the operating system.
type writes struct {
	all  bytes.Buffer
	each []string
	err  error
}

func (w *writes) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.each = append(w.each, string(p))
	return w.all.Write(p)
}

func TestAStateCarriesTheCountOfItsStreamsRecords(t *testing.T) {
	var out bytes.Buffer
	tracker := protocol.NewWriter(&out).Tracker()
	require.NoError(t, tracker.Record(records("1", "2"), "account", ""))
	require.NoError(t, tracker.Record(records("3"), "contact", ""))
	require.NoError(t, tracker.Record(records("4"), "account", ""))
	require.NoError(t, tracker.State(account(`{"v":1}`)))
	require.NoError(t, tracker.Record(records("5"), "account", ""))
	require.NoError(t, tracker.State(account(`{"v":2}`)))
	require.NoError(t, tracker.State(account(`{"v":3}`)))
	require.NoError(t, tracker.State(protocol.StreamState{Stream: "contact", State: json.RawMessage(`{}`)}))

	state := func(stream, state, count string) string {
		return `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"` + stream +
			`"},"stream_state":` + state + `},"sourceStats":{"recordCount":` + count + `}}}` + "\n"
	}
	want := prepared("1") + prepared("2") + prepared("3") + prepared("4") + state("account", `{"v":1}`, "3.0") +
		prepared("5") + state("account", `{"v":2}`, "1.0") + state("account", `{"v":3}`, "0.0") + state("contact", `{}`, "1.0")
	assert.Equal(t, want, emittedAt.ReplaceAllString(out.String(), `"emitted_at":1700000000000`))
}

func TestEveryMessageIsWrittenAtOnce(t *testing.T) {
	messages := map[string]func(w *protocol.Writer) error{
		"a chunk of records": func(w *protocol.Writer) error { return w.Tracker().Record(records("1", "2", "3"), "account", "") },
		"a state":            func(w *protocol.Writer) error { return w.Tracker().State(account(`{}`)) },
		"a log":              func(w *protocol.Writer) error { return w.Tracker().Log(airbyte.LogLevelInfo, "text") },
		"a status":           func(w *protocol.Writer) error { return w.Status("account", protocol.Running) },
		"a failure":          func(w *protocol.Writer) error { return w.Fail(protocol.Failure{Message: "text"}) },
		"an estimate":        func(w *protocol.Writer) error { return w.Estimate("account", 1, 1) },
		"the spec":           func(w *protocol.Writer) error { return w.Spec([]byte(`{}`)) },
		"the catalog":        func(w *protocol.Writer) error { return w.Catalog(protocol.Catalog{}) },
		"check's word":       func(w *protocol.Writer) error { return w.ConnectionStatus(nil) },
	}
	for name, message := range messages {
		t.Run(name, func(t *testing.T) {
			out := &writes{}
			require.NoError(t, message(protocol.NewWriter(out)))
			require.Len(t, out.each, 1, "one system call, and nothing waits for the next message")
			assert.True(t, strings.HasPrefix(out.each[0], `{"type":"`))
			assert.True(t, strings.HasSuffix(out.each[0], "}\n"))
		})
	}
}

func TestAWriteNeverCutsALine(t *testing.T) {
	out := &writes{}
	tracker := protocol.NewWriter(out).Tracker()
	for _, size := range []int{100 << 10, 100 << 10, 100 << 10, 300 << 10, 600 << 10, 10} {
		require.NoError(t, tracker.Record(records(strings.Repeat("x", size)), "account", ""))
	}
	require.NoError(t, tracker.State(account(`{}`)))
	for i, write := range out.each {
		assert.True(t, strings.HasSuffix(write, "\n"), "write %d of %d ends a line", i+1, len(out.each))
	}
	assert.Len(t, out.each, 7, "nothing is lost")
}

func TestMessagesOfManyGoroutinesAreWholeLines(t *testing.T) {
	var out bytes.Buffer
	writer := protocol.NewWriter(&out)
	tracker := writer.Tracker()
	const streams, pages = 8, 50
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			name := fmt.Sprintf("stream%d", i)
			for range pages {
				assert.NoError(t, tracker.Record(records(name, name, name), name, ""))
				assert.NoError(t, tracker.Log(airbyte.LogLevelInfo, name))
				assert.NoError(t, tracker.State(protocol.StreamState{Stream: name, State: json.RawMessage(`{"v":1}`)}))
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	assert.Len(t, lines, streams*pages*5)
	for _, line := range lines {
		require.True(t, json.Valid([]byte(line)), line)
		if strings.Contains(line, `"STATE"`) {
			require.Contains(t, line, `"recordCount":3.0`, "a state counts its own stream's records alone")
		}
	}
}

func TestAFailedWriteIsReportedByAllLaterCalls(t *testing.T) {
	broken := errors.New("broken pipe")
	out := &writes{err: broken}
	writer := protocol.NewWriter(out)
	require.ErrorIs(t, writer.Status("account", protocol.Started), broken)

	out.err = nil
	tracker := writer.Tracker()
	assert.ErrorIs(t, tracker.Record(records("1"), "account", ""), broken)
	assert.ErrorIs(t, tracker.State(account(`{}`)), broken)
	assert.ErrorIs(t, tracker.Log(airbyte.LogLevelInfo, "text"), broken)
	assert.ErrorIs(t, writer.Fail(protocol.Failure{Message: "text"}), broken)
	assert.ErrorIs(t, writer.Err(), broken)
	assert.Empty(t, out.each, "lines after a gap would look complete")
}

func TestAValueOtherThanAChunkOrStateIsRejected(t *testing.T) {
	var out bytes.Buffer
	writer := protocol.NewWriter(&out)
	tracker := writer.Tracker()
	assert.ErrorContains(t, tracker.Record(map[string]any{"a": 1}, "account", ""), "instead of protocol.Records")
	assert.ErrorContains(t, tracker.Record(records("1"), "account", "dbo"), "no namespaces")
	assert.ErrorContains(t, tracker.Record(protocol.Records{Lines: []byte("1")}, "account", ""), "has no end")
	for _, unstamped := range []string{"{}\n", prepared("1") + "{}\n", prepared("1") + "\n", `{"emitted_at":17` + "\n", `{"emitted_at":1,"data":{}}` + "\n"} {
		assert.ErrorContains(t, tracker.Record(protocol.Records{Lines: []byte(unstamped)}, "account", ""), "no emitted_at", unstamped)
	}
	assert.ErrorContains(t, tracker.State("state"), "instead of protocol.StreamState")
	assert.ErrorContains(t, tracker.State(account("")), "state of account: it is empty")
	assert.ErrorContains(t, tracker.State(account("null")), "state of account: it is empty")
	assert.ErrorContains(t, tracker.State(account("{")), "encode the state of account")
	require.NoError(t, tracker.Record(protocol.Records{}, "account", ""), "an empty chunk is fine")
	require.NoError(t, writer.Err(), "the output itself has no error")
	assert.Empty(t, out.String())
}

func TestTimesNeverFallFromLineToLineAcrossStreams(t *testing.T) {
	var out bytes.Buffer
	writer := protocol.NewWriter(&out)
	early := records("begun first", "and written last")
	require.NoError(t, writer.Status("contact", protocol.Started))
	require.NoError(t, writer.Tracker().Record(records("begun last"), "contact", ""))
	require.NoError(t, writer.Tracker().Record(early, "account", ""))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				assert.NoError(t, writer.Status(fmt.Sprintf("stream%d", i), protocol.Running))
				assert.NoError(t, writer.Tracker().Record(records("a", "b"), "account", ""))
			}
		})
	}
	wg.Wait()
	last := int64(1_700_000_000_001)
	for _, found := range regexp.MustCompile(`"emitted_at":(\d+)`).FindAllStringSubmatch(out.String(), -1) {
		at, err := strconv.ParseInt(found[1], 10, 64)
		require.NoError(t, err)
		require.GreaterOrEqual(t, at, last)
		last = at
	}
}

func TestAColumnOrStreamNamedEmittedAtIsNotChanged(t *testing.T) {
	var out bytes.Buffer
	writer := protocol.NewWriter(&out)
	line := `{"type":"RECORD","record":{"stream":"a\"emitted_at\":1","emitted_at":1700000000000,"data":{"emitted_at":1600000000000,"x":1}}}` + "\n"
	require.NoError(t, writer.Tracker().Record(protocol.Records{Lines: []byte(line), Count: 1}, `a"emitted_at":1`, ""))
	assert.NotContains(t, out.String(), "1700000000000")
	assert.Contains(t, out.String(), `"stream":"a\"emitted_at\":1"`)
	assert.Contains(t, out.String(), `{"emitted_at":1600000000000,"x":1}`)
}
