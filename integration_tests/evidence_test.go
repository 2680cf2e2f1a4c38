package integration_tests_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// proofless are responses that prove nothing about a token, a page, a selection or a table: those of a proxy or a firewall,
// and those of a plug-in.
func proofless() map[string]faults.Effect {
	html := func(status int) faults.Effect {
		return faults.Response{Status: status, Body: []byte("<html><body><h1>Request blocked</h1></body></html>")}
	}
	return map[string]faults.Effect{
		"400 with HTML":           html(http.StatusBadRequest),
		"404 with HTML":           html(http.StatusNotFound),
		"410 with HTML":           html(http.StatusGone),
		"404 without a body":      faults.Response{Status: http.StatusNotFound, Body: []byte{}, ContentType: "application/json"},
		"410 without a body":      faults.Response{Status: http.StatusGone, Body: []byte{}, ContentType: "application/json"},
		"400 0x80040265, plug-in": faults.Error{Status: http.StatusBadRequest, Code: "0x80040265", Message: "ISV code aborted the operation."},
		"400 0x80040203":          faults.Error{Status: http.StatusBadRequest, Code: "0x80040203", Message: "Invalid argument."},
	}
}

// rowsOf matches requests for rows of a table that have a part in their address.
func rowsOf(table, part string) faults.All {
	return faults.All{faults.Table(table), faults.Contains(part)}
}

func TestAnInconclusiveResponseKeepsTheToken(t *testing.T) {
	t.Parallel()
	for response, effect := range proofless() {
		for place, part := range map[string]string{"delta link": "$deltatoken", "page of changes": "$skiptoken"} {
			t.Run(response+" at the "+place, func(t *testing.T) {
				l := newLab(t, simulator.Options{Seed: 16, Rows: map[string]int{"task": 130}})
				l.config["on_expired_token"] = "fail"
				d, catalog := destination.New(), l.configured("task")
				l.sync(d, catalog)
				changed := newWorkload(t, l.environment, 16).change("task", 40)
				injection := l.server.Inject(faults.Fault{Match: rowsOf("task", part), Then: effect})
				report := l.sync(d, catalog)
				assert.Equal(t, 1, injection.Hits())
				assert.Equal(t, len(changed), report.Records(), "each change once")
				assert.Empty(t, warnings(report, "re-read"))
				l.equal(d, "task")
			})
		}
	}
}

func TestAnInconclusiveResponseRestartsNoSnapshot(t *testing.T) {
	t.Parallel()
	for response, effect := range proofless() {
		t.Run(response, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 16, Rows: map[string]int{"task": 130, "contoso_child": 130}})
			d, catalog := destination.New(), l.configured("task", "contoso_child")
			for _, table := range []string{"task", "contoso_child"} {
				l.server.Inject(faults.Fault{Match: rowsOf(table, "$skiptoken"), When: faults.Timing{Nth: 2}, Then: effect})
			}
			report := l.sync(d, catalog)
			assert.Equal(t, 260, report.Records(), "each row once")
			l.equal(d, "task", "contoso_child")
		})
	}
}

func TestAnInconclusiveResponseKeepsTheSelection(t *testing.T) {
	t.Parallel()
	for response, effect := range proofless() {
		t.Run(response, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 16, Rows: map[string]int{"task": 60}})
			d, catalog := destination.New(), l.configured("task")
			all := maps.Clone(catalog.Stream("task").Stream.JSONSchema.Properties)
			catalog.Stream("task").Deselect("description")
			l.sync(d, catalog)
			catalog.Stream("task").Stream.JSONSchema.Properties = all
			changed := newWorkload(t, l.environment, 16).change("task", 10)
			injection := l.server.Inject(faults.Fault{Match: rowsOf("task", "$deltatoken"), Then: effect})
			assert.Equal(t, len(changed), l.sync(d, catalog).Records())
			assert.Equal(t, 1, injection.Hits())
			var state struct {
				ByKeys bool `json:"by_keys"`
			}
			require.NoError(t, json.Unmarshal(d.State("task"), &state))
			assert.False(t, state.ByKeys, "changed rows still come with the changes")
		})
	}
}

func TestAnInconclusiveResponseDeletesNoRow(t *testing.T) {
	t.Parallel()
	for response, effect := range proofless() {
		t.Run(response, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 16, Rows: map[string]int{"task": 60}})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			require.NoError(t, l.environment.Delete("task", newWorkload(t, l.environment, 16).shuffled("task")[0]))
			l.environment.Expire("task")
			injection := l.server.Inject(faults.Fault{Match: rowsOf("task", "$filter"), Then: effect})
			assert.Equal(t, 1, l.sync(d, catalog).Streams["task"].Deletions)
			assert.Equal(t, 1, injection.Hits())
			l.equal(d, "task")
		})
	}
}

func TestARefusalOfDataverseIsNamedAsItsReason(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 16, Rows: map[string]int{"task": 60}})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	l.environment.Expire("task")
	l.config["on_expired_token"] = "fail"
	before := string(d.State("task"))
	report, result := l.read(d, catalog)
	assert.Equal(t, 1, result.ExitCode)
	require.Len(t, report.Streams["task"].Errors, 1)
	failure := report.Streams["task"].Errors[0]
	assert.True(t, strings.Contains(failure.Message, "on_expired_token"), failure.Message)
	assert.Equal(t, before, string(d.State("task")))
}
