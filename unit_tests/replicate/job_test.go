package replicate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// tableNamed is an untracked table of one page, and its first link.
func tableNamed(name string) (*dataverse.Table, dataverse.Link) {
	table := account()
	table.LogicalName, table.EntitySet, table.Tracked = name, name+"s", false
	return table, dataverse.Link(name + "s?$select=accountid,name")
}

// of are the messages of one stream.
func (o outcome) of(stream string) []string {
	var messages []string
	for _, m := range o.messages {
		if rest, found := strings.CutPrefix(m, stream+" "); found {
			messages = append(messages, rest)
		}
	}
	return messages
}

func TestAStreamThatFailsLeavesTheOthersRead(t *testing.T) {
	responses := map[dataverse.Link]response{}
	var streams []replicate.Stream
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		table, link := tableNamed(name)
		responses[link] = response{rows: []string{row("a1", "2026-03-01T00:00:00Z")}}
		if name == "two" {
			responses[link] = response{err: errors.New("read a page of two: the service is away")}
		}
		streams = append(streams, streamOf(table, airbyte.SyncModeFullRefresh, ""))
	}
	streams[4].Table = nil
	got := run(t, script(responses), nil, streams...)
	require.NoError(t, got.err)
	assert.Equal(t, 2, got.failed)
	assert.Equal(t, []string{"STARTED", "ERROR read a page of two: the service is away", "INCOMPLETE"}, got.of("two"))
	assert.Equal(t, []string{"STARTED", "ERROR the environment has no table five that the Web API can read", "INCOMPLETE"}, got.of("five"))
	for _, name := range []string{"one", "three", "four", "six"} {
		messages := got.of(name)
		require.Len(t, messages, 6, name)
		assert.Equal(t, []string{"STARTED", "RUNNING"}, messages[:2])
		assert.True(t, strings.HasPrefix(messages[2], "STATE 0.0 "))
		assert.True(t, strings.HasPrefix(messages[3], "RECORD "))
		assert.True(t, strings.HasPrefix(messages[4], "STATE 1.0 "))
		assert.Equal(t, "COMPLETE", messages[5])
	}
}

func TestAPanicInOneStreamLeavesTheOthersRead(t *testing.T) {
	one, first := tableNamed("one")
	two, second := tableNamed("two")
	service := script(map[dataverse.Link]response{
		first:  {before: func() { panic("a row too many") }},
		second: {rows: []string{row("a1", "2026-03-01T00:00:00Z")}},
	})
	got := run(t, service, nil, streamOf(one, airbyte.SyncModeFullRefresh, ""), streamOf(two, airbyte.SyncModeFullRefresh, ""))
	require.NoError(t, got.err)
	assert.Equal(t, 1, got.failed)
	messages := got.of("one")
	require.Len(t, messages, 3)
	assert.Contains(t, messages[1], "ERROR read one: panic: a row too many")
	assert.Equal(t, "INCOMPLETE", messages[2])
	assert.Contains(t, got.of("two"), "COMPLETE")
}

func TestABrokenRowSendsNothingOfItsPage(t *testing.T) {
	s := trackedTable()
	s.responses[second] = []response{{rows: []string{row("a3", "2026-03-01T00:00:00Z"), `{"name":"no key"}`}}}
	got := run(t, s, nil, incremental(""))
	assert.Equal(t, []string{record("a1", noon), record("a2", noon)}, got.records())
	assert.Equal(t, snapshotState(second, `"max_cursor":"`+noon+`",`+ofOrganization()), got.lastState())
	assert.Equal(t, "account INCOMPLETE", got.last())
}

func TestRemovedColumnsBringAWarning(t *testing.T) {
	stream := fullRefresh("")
	stream.Configured.Columns["ownerid"] = protocol.Property{}
	got := run(t, script(twoPages()), nil, stream)
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Contains(t, got.log, "columns=ownerid")
	assert.Contains(t, got.log, "stream=account")
}

func TestAStreamWithoutItsKeyBringsAWarning(t *testing.T) {
	stream := fullRefresh("")
	delete(stream.Configured.Columns, "accountid")
	got := run(t, script(twoPages()), nil, stream)
	assert.NotContains(t, got.log, "lacks the key", "the stream has no key")
	stream.Configured.PrimaryKey = [][]string{{"accountid"}}
	got = run(t, script(twoPages()), nil, stream)
	assert.Contains(t, got.log, "The configured catalog lacks the key")
	assert.Contains(t, got.log, "column=accountid")
	assert.Equal(t, "account COMPLETE", got.last())
}

func TestAStreamWithNothingToReadFails(t *testing.T) {
	stream := fullRefresh("")
	stream.Configured.Columns = map[string]protocol.Property{"ownerid": {}}
	s := script(nil)
	got := run(t, s, nil, stream)
	assert.Equal(t, []string{
		"account STARTED", "account ERROR none of the selected columns of account exists in Dataverse", "account INCOMPLETE",
	}, got.messages)
	assert.Empty(t, s.asked)
}

func TestACancelledReadLeavesItsStreamsIncomplete(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := trackedTable()
	s.responses[second][0].before = cancel
	got := runIn(ctx, t, s, nil, incremental(""))
	assert.Equal(t, 1, got.failed)
	assert.Equal(t, []string{
		record("a1", noon), record("a2", noon),
		"account STATE 2.0 " + snapshotState(second, `"max_cursor":"`+noon+`",`+ofOrganization()),
		"account INCOMPLETE",
	}, got.messages[len(got.messages)-4:])
}

func TestACancelledReadStartsNoStream(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := runIn(ctx, t, trackedTable(), nil, incremental(""))
	assert.Equal(t, 1, got.failed)
	assert.Empty(t, got.messages)
}

// cut lets so many writes through and then fails.
type cut struct {
	left int
	out  bytes.Buffer
}

var errPipe = errors.New("broken pipe")

func (c *cut) Write(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, errPipe
	}
	return c.out.Write(p)
}

func TestAnOutputThatFailsEndsAllStreams(t *testing.T) {
	complete := &cut{left: 100}
	_, err := newJob(trackedTable(), complete, io.Discard).Run(t.Context(), []replicate.Stream{incremental("")})
	require.NoError(t, err)
	writes := 100 - complete.left
	for left := range writes {
		t.Run(fmt.Sprintf("after %d writes", left), func(t *testing.T) {
			out := &cut{left: left}
			s := trackedTable()
			table, link := tableNamed("other")
			s.responses[link] = []response{{}}
			streams := []replicate.Stream{incremental(""), streamOf(table, airbyte.SyncModeFullRefresh, "")}
			_, err := newJob(s, out, io.Discard).Run(t.Context(), streams)
			require.ErrorIs(t, err, errPipe)
			assert.NotContains(t, out.out.String(), `"ERROR"`, "the output's failure is no stream's error")
		})
	}
}

// forgetful is an output that loses one state and works on.
type forgetful struct {
	*protocol.Writer
	lost bool
}

func (f *forgetful) Tracker() airbyte.MessageTracker {
	tracker := f.Writer.Tracker()
	state := tracker.State
	tracker.State = func(v any) error {
		if !f.lost {
			f.lost = true
			return errPipe
		}
		return state(v)
	}
	return tracker
}

func TestAStateThatCannotBeWrittenEndsTheRead(t *testing.T) {
	var out bytes.Buffer
	job := newJob(trackedTable(), io.Discard, io.Discard)
	job.Output = &forgetful{Writer: protocol.NewWriter(&out)}
	failed, err := job.Run(t.Context(), []replicate.Stream{incremental("")})
	require.ErrorIs(t, err, errPipe)
	assert.Equal(t, 1, failed)
	for _, m := range messages(t, &out) {
		assert.NotContains(t, m, "ERROR")
		assert.NotContains(t, m, "COMPLETE")
	}
}

// crowd holds back pages until four are asked for at once. Then it gives way, so that a fifth could come.
type crowd struct {
	*service
	waiting atomic.Int64
	once    sync.Once
	four    chan struct{}
}

func (c *crowd) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	if c.waiting.Add(1) == 4 {
		c.once.Do(func() { close(c.four) })
	}
	<-c.four
	for range 1000 {
		runtime.Gosched()
	}
	return c.service.Page(ctx, q, sink)
}

func TestFourStreamsAreReadAtOnceAndNoMore(t *testing.T) {
	const tables = 20
	responses := map[dataverse.Link]response{}
	var streams []replicate.Stream
	for i := range tables {
		table, link := tableNamed(fmt.Sprintf("table%d", i))
		responses[link] = response{}
		streams = append(streams, streamOf(table, airbyte.SyncModeFullRefresh, ""))
	}
	got := run(t, &crowd{service: script(responses), four: make(chan struct{})}, nil, streams...)
	assert.Zero(t, got.failed)
	open, most := 0, 0
	for _, m := range got.messages {
		switch {
		case strings.HasSuffix(m, " STARTED"):
			open++
		case strings.HasSuffix(m, " COMPLETE"):
			open--
		}
		most = max(most, open)
	}
	assert.Equal(t, 4, most)
	assert.Zero(t, open)
}
