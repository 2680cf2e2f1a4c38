package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/source/progress"
)

// writtenReport reads the report that a run wrote.
func (l *lab) writtenReport(path string) progress.Report {
	l.t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(l.t, err)
	var report progress.Report
	require.NoError(l.t, json.Unmarshal(text, &report))
	return report
}

func outcomesOf(r progress.Report) map[string]progress.Outcome {
	found := map[string]progress.Outcome{}
	for _, s := range r.Streams {
		found[s.Name] = s.Outcome
	}
	return found
}

func TestAReportIsWrittenHoweverASyncEnds(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 8, Rows: map[string]int{"account": 300, "task": 300}})
	path := filepath.Join(l.directory, "report.json")
	d, catalog := destination.New(), l.configured("account", "task")

	t.Run("stopped", func(t *testing.T) {
		l.server.Inject(faults.Fault{Match: faults.Contains("$skiptoken"), When: faults.Timing{Count: faults.Forever}, Then: faults.Delay(20 * time.Millisecond)})
		states := 0
		result, err := connector.Stream(t.Context(), append(l.readArgs(d, catalog), "--report", path), l.variables(), func(p *binary.Process, line []byte) {
			if bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) {
				if states++; states == 3 {
					assert.NoError(t, p.Signal(syscall.SIGTERM))
				}
			}
		})
		require.NoError(t, err)
		assert.Equal(t, syscall.SIGTERM, result.Signal)
		report := l.writtenReport(path)
		assert.Equal(t, progress.Incomplete, report.Outcome)
		assert.Equal(t, map[string]progress.Outcome{"account": progress.Incomplete, "task": progress.Incomplete}, outcomesOf(report))
		assert.Empty(t, report.Failures)
	})
	t.Run("failed", func(t *testing.T) {
		l.server.Inject(faults.Fault{Match: faults.Contains("/tasks"), When: faults.Timing{Count: faults.Forever}, Then: faults.Error{
			Status: http.StatusForbidden, Code: "0x80040220", Message: "SecLib::AccessCheckEx failed.",
		}})
		result := l.run(append(l.readArgs(d, catalog), "--report", path)...)
		assert.Equal(t, 1, result.ExitCode)
		report := l.writtenReport(path)
		assert.Equal(t, progress.Failed, report.Outcome)
		assert.Equal(t, map[string]progress.Outcome{"account": progress.Complete, "task": progress.Failed}, outcomesOf(report))
		require.Len(t, report.Failures, 1)
		assert.Equal(t, "task", report.Failures[0].Stream)
		assert.Equal(t, "0x80040220", report.Failures[0].Code)
		assert.NotEmpty(t, report.Failures[0].RequestID)
	})
	t.Run("not begun", func(t *testing.T) {
		l.config["client_secret_value"] = "not-the-value-of-a-client-secret"
		result := l.run(append(l.readArgs(d, catalog), "--report", path)...)
		assert.Equal(t, 1, result.ExitCode)
		report := l.writtenReport(path)
		assert.Equal(t, progress.Failed, report.Outcome)
		assert.Empty(t, report.Streams)
		require.Len(t, report.Failures, 1)
		assert.Contains(t, report.Failures[0].Advice, "AADSTS7000215")
	})
}

func TestAReportThatCannotBeWrittenEndsTheReadAtOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 8})
	d, catalog := destination.New(), l.configured("account")
	before := l.server.Stats().Requests
	path := filepath.Join(l.directory, "missing", "report.html")
	result := l.run(append(l.readArgs(d, catalog), "--report", path)...)
	assert.Equal(t, 1, result.ExitCode)
	require.Len(t, result.Lines, 1)
	assert.Contains(t, string(result.Lines[0]), "The report "+path+" cannot be written: no such file or directory.")
	assert.Contains(t, string(result.Lines[0]), `"failure_type":"config_error"`)
	assert.Equal(t, before, l.server.Stats().Requests, "requests")
}
