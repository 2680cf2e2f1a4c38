package replicate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

const organization = "0c0ffee0-0000-0000-0000-000000000001"

func account() *dataverse.Table {
	return &dataverse.Table{
		LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: true,
		Columns: []dataverse.Column{
			{Property: "accountid", Type: dataverse.UniqueIdentifier},
			{Property: "modifiedon", Type: dataverse.DateTime, Behavior: dataverse.UserLocal},
			{Property: "name", Type: dataverse.String},
		},
	}
}

// streamOf configures a table with the key, the name and the columns of change data capture.
func streamOf(table *dataverse.Table, mode airbyte.SyncMode, state string) replicate.Stream {
	s := replicate.Stream{
		Table: table,
		Configured: protocol.ConfiguredStream{
			Name: table.LogicalName, SyncMode: mode, SupportedSyncModes: catalog.Stream(*table).SupportedSyncModes,
			Columns: map[string]protocol.Property{
				"accountid": {Type: []string{"null", "string"}}, "name": {Type: []string{"null", "string"}},
				catalog.UpdatedAt: {}, catalog.DeletedAt: {},
			},
		},
	}
	if state != "" {
		s.State = []byte(state)
	}
	return s
}

func incremental(state string) replicate.Stream {
	return streamOf(account(), airbyte.SyncModeIncremental, state)
}

func fullRefresh(state string) replicate.Stream {
	return streamOf(account(), airbyte.SyncModeFullRefresh, state)
}

// outcome is what a run leaves behind.
type outcome struct {
	failed   int
	err      error
	messages []string
	lines    []string // the messages as they were written
	log      string
}

// recordLength is the length of the first RECORD line.
func (o outcome) recordLength(t *testing.T) int {
	t.Helper()
	at := slices.IndexFunc(o.lines, func(line string) bool { return strings.Contains(line, `"RECORD"`) })
	require.GreaterOrEqual(t, at, 0)
	return len(o.lines[at])
}

// run reads streams from a service, outside the platform unless change says so.
func run(t *testing.T, env replicate.Environment, change func(*replicate.Job), streams ...replicate.Stream) outcome {
	t.Helper()
	return runIn(t.Context(), t, env, change, streams...)
}

func runIn(ctx context.Context, t *testing.T, env replicate.Environment, change func(*replicate.Job), streams ...replicate.Stream) outcome {
	t.Helper()
	var out, log bytes.Buffer
	job := newJob(env, &out, &log)
	if change != nil {
		change(job)
	}
	failed, err := job.Run(ctx, streams)
	return outcome{failed: failed, err: err, lines: slices.Collect(strings.Lines(out.String())), messages: messages(t, &out), log: log.String()}
}

func newJob(env replicate.Environment, out, log io.Writer) *replicate.Job {
	return &replicate.Job{
		Environment: env, Output: protocol.NewWriter(out), Log: slog.New(slog.NewTextHandler(log, nil)),
		Explain: func(_ replicate.Stream, err error) protocol.Failure {
			return protocol.Failure{Type: protocol.SystemError, Message: err.Error()}
		},
		PageSize: 5000, Organization: organization, Now: serviceTime, Parallel: func() int { return 4 },
	}
}

// inJob makes a run one of the platform's.
func inJob(id string) func(*replicate.Job) {
	return func(j *replicate.Job) { j.ID = id }
}

// messages reads an output as short texts, such as "account COMPLETE", "account RECORD {...}", "account STATE 2.0 {...}".
func messages(t *testing.T, out *bytes.Buffer) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(out.String()) {
		all = append(all, message(t, line))
	}
	return all
}

func message(t *testing.T, line string) string {
	t.Helper()
	type descriptor struct{ Name string }
	var m struct {
		Type   string
		Record struct {
			Stream string
			Data   json.RawMessage
		}
		State struct {
			Stream struct {
				Descriptor descriptor      `json:"stream_descriptor"`
				State      json.RawMessage `json:"stream_state"`
			}
			Stats struct{ RecordCount json.RawMessage } `json:"sourceStats"`
		}
		Trace struct {
			Status struct {
				Descriptor descriptor `json:"stream_descriptor"`
				Status     string
				Reasons    []struct {
					Type    string
					Limited struct {
						Reset int64 `json:"quota_reset"`
					} `json:"rate_limited"`
				}
			} `json:"stream_status"`
			Estimate *struct {
				Name string
				Rows int64 `json:"row_estimate"`
				Size int64 `json:"byte_estimate"`
			}
			Error *struct {
				Descriptor descriptor `json:"stream_descriptor"`
				Message    string
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(line), &m), line)
	switch {
	case m.Type == "RECORD":
		return fmt.Sprintf("%s RECORD %s", m.Record.Stream, m.Record.Data)
	case m.Type == "STATE":
		return fmt.Sprintf("%s STATE %s %s", m.State.Stream.Descriptor.Name, m.State.Stats.RecordCount, m.State.Stream.State)
	case m.Trace.Error != nil:
		return fmt.Sprintf("%s ERROR %s", m.Trace.Error.Descriptor.Name, m.Trace.Error.Message)
	case m.Trace.Estimate != nil:
		return fmt.Sprintf("%s ESTIMATE %d rows, %d bytes", m.Trace.Estimate.Name, m.Trace.Estimate.Rows, m.Trace.Estimate.Size)
	case len(m.Trace.Status.Reasons) > 0:
		reason := m.Trace.Status.Reasons[0]
		return fmt.Sprintf("%s %s %s until %s", m.Trace.Status.Descriptor.Name, m.Trace.Status.Status, reason.Type,
			time.UnixMilli(reason.Limited.Reset).UTC().Format(time.RFC3339))
	default:
		return m.Trace.Status.Descriptor.Name + " " + m.Trace.Status.Status
	}
}

// record is the message of an account's version.
func record(id, cursor string) string {
	return `account RECORD {"accountid":"` + id + `","name":"` + id + `","_ab_cdc_updated_at":"` + cursor + `","_ab_cdc_deleted_at":null}`
}

// tombstone is the message of an account's deletion.
func tombstone(id, cursor string) string {
	return `account RECORD {"accountid":"` + id + `","_ab_cdc_updated_at":"` + cursor + `","_ab_cdc_deleted_at":"` + cursor + `"}`
}

// escaped is a link as it stands in a state.
func escaped(link dataverse.Link) string { return strings.ReplaceAll(string(link), "&", `\u0026`) }

// states are the states among the messages.
func (o outcome) states() []string {
	var states []string
	for _, m := range o.messages {
		if _, rest, found := strings.Cut(m, " STATE "); found {
			_, state, _ := strings.Cut(rest, " ")
			states = append(states, state)
		}
	}
	return states
}

// lastState is the state that the platform keeps.
func (o outcome) lastState() string {
	states := o.states()
	return states[len(states)-1]
}

// records are the records among the messages.
func (o outcome) records() []string {
	var records []string
	for _, m := range o.messages {
		if strings.Contains(m, " RECORD ") {
			records = append(records, m)
		}
	}
	return records
}

// last is the last message.
func (o outcome) last() string { return o.messages[len(o.messages)-1] }
