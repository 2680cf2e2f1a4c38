package integration_tests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// interrupt reads, and disturbs the process once, when the given number of states has come.
func (l *lab) interrupt(d *destination.Destination, c destination.Catalog, states int, disturb func(*binary.Process) error) binary.Result {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), runTimeout)
	defer cancel()
	seen := 0
	result, err := connector.Stream(ctx, l.readArgs(d, c), l.variables(), func(p *binary.Process, line []byte) {
		if !bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) {
			return
		}
		if seen++; seen == states {
			assert.NoError(l.t, disturb(p))
		}
	})
	require.NoError(l.t, err)
	require.NoError(l.t, ctx.Err(), "the connector hangs")
	return result
}

func TestATerminatedReadKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"account": 600, "task": 600}})
			l.server.Inject(faults.Fault{Match: faults.Contains("$skiptoken"), When: faults.Timing{Count: faults.Forever}, Then: faults.Delay(20 * time.Millisecond)})
			d, catalog := destination.New(), l.configured("account", "task")
			result := l.interrupt(d, catalog, 3, func(p *binary.Process) error { return p.Signal(signal) })
			assert.Equal(t, signal, result.Signal)
			assert.Empty(t, result.Stderr)
			report, _ := l.apply(d, catalog, result)
			for name, s := range report.Streams {
				require.NotEmpty(t, s.Statuses)
				assert.Equal(t, "INCOMPLETE", s.Statuses[len(s.Statuses)-1], name)
			}
			assert.Empty(t, report.Errors, "the stream is not at fault")
			l.sync(d, catalog)
			l.equal(d, "account", "task")
		})
	}
}

// endings are how an output breaks, and whether a run ended so.
func endings() map[string]struct {
	disturb func(*binary.Process) error
	ended   func(binary.Result) bool
} {
	type ending = struct {
		disturb func(*binary.Process) error
		ended   func(binary.Result) bool
	}
	return map[string]ending{
		"the process is killed by force": {
			func(p *binary.Process) error { return p.Signal(syscall.SIGKILL) },
			func(r binary.Result) bool { return r.Signal == syscall.SIGKILL },
		},
		"the reader of stdout goes away": {
			func(p *binary.Process) error { return p.CloseOutput() },
			func(r binary.Result) bool { return r.ExitCode == 1 || r.Signal == syscall.SIGPIPE },
		},
	}
}

func TestTheNextReadResumesFromTheLastStatesOfACutOutput(t *testing.T) {
	t.Parallel()
	for name, e := range endings() {
		for _, states := range []int{1, 5, 11} {
			for rest, keep := range map[string]bool{"keeping": true, "dropping": false} {
				t.Run(fmt.Sprintf("%s behind %d states, the destination %s what none covers", name, states, rest), func(t *testing.T) {
					t.Parallel()
					l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"account": 300, "task": 300}})
					d, catalog := destination.New(), l.configured("account", "task")
					result := l.interrupt(d, catalog, states, e.disturb)
					assert.True(t, e.ended(result), "code %d, signal %s", result.ExitCode, result.Signal)
					assert.NotContains(t, result.Stderr, "goroutine")
					result.Rest = nil // half a line, which readers drop
					if !keep {
						result.Lines = result.Lines[:slices.Max(cuts(result))]
					}
					l.apply(d, catalog, result) // every STATE is held against the records before it
					report := l.sync(d, catalog)
					if states > 5 {
						assert.Less(t, report.Records(), 600)
					}
					l.equal(d, "account", "task")
				})
			}
		}
	}
}

func TestAReadRecoversFromFaultsOfTheService(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]faults.Fault{
		"a limit of requests":         faults.Throttling("1"),
		"a gateway that fails":        faults.GatewayError(502),
		"a response that is cut":      faults.Cut(2000),
		"a page of HTML":              faults.LoginPage(),
		"a response that is not JSON": faults.BrokenJSON(),
		"a query that took too long":  faults.SQLTimeout(),
		"a token that was taken back": faults.RevokedToken(),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"task": 90}})
			d, catalog := destination.New(), l.configured("task")
			fault.When.Nth = 2
			injection := l.server.Inject(fault.On(faults.Contains("/tasks?")))
			report := l.sync(d, catalog)
			assert.Equal(t, 1, injection.Hits())
			assert.Equal(t, 90, report.Records())
			l.equal(d, "task")
		})
	}
}

func TestALinkToAnotherHostOrAnEarlierPageIsNotFollowed(t *testing.T) {
	t.Parallel()
	for message, next := range map[string]func(l *lab) string{
		"leads out of the environment": func(*lab) string { return "https://evil.example.com/api/data/v9.2/tasks?$skiptoken=x" },
		"had sent before": func(l *lab) string {
			requests := l.server.Requests()
			for _, r := range requests {
				if r.Path == "/api/data/v9.2/tasks" {
					return l.server.URL + r.Path + "?" + r.RawQuery
				}
			}
			return ""
		},
	} {
		t.Run("a link that "+message, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"task": 20}})
			d, catalog := destination.New(), l.configured("task")
			l.sync(destination.New(), catalog)
			body, err := json.Marshal(map[string]any{"value": []any{}, "@odata.nextLink": next(l)})
			require.NoError(t, err)
			l.server.Inject(faults.Fault{Match: faults.Contains("/tasks?"), Then: faults.Response{Status: 200, ContentType: "application/json", Body: body}})
			report, result := l.read(d, catalog)
			assert.Equal(t, 1, result.ExitCode)
			assert.Equal(t, []string{"STARTED", "INCOMPLETE"}, report.Streams["task"].Statuses)
			require.Len(t, report.Streams["task"].Errors, 1)
			assert.Equal(t, "system_error", report.Streams["task"].Errors[0].FailureType)
			assert.Contains(t, report.Streams["task"].Errors[0].Message, message)
		})
	}
}

func TestATrackedScanWithoutADeltaLinkIsNotComplete(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"task": 20}})
	catalog := l.configured("task")
	l.server.Inject(faults.Fault{Match: faults.Contains("/tasks?"), Then: faults.Response{Status: 200, ContentType: "application/json", Body: []byte(`{"value":[]}`)}}.Always())
	report, result := l.read(destination.New(), catalog)
	assert.Equal(t, 1, result.ExitCode)
	require.Len(t, report.Streams["task"].Errors, 1)
	assert.Empty(t, report.Streams["task"].States)
}
