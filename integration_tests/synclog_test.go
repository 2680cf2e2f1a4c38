package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// summaryPrefix begins the line of the log that holds the summary of a sync for programs.
const summaryPrefix = `{"sync_summary":`

// summary is the summary of a sync for programs, as far as it is compared with the destination.
type summary struct {
	Outcome string
	Totals  figures
	Streams []struct {
		Name, Outcome string
		Figures       figures
	}
	Nulled []struct {
		Stream, Column, Reason string
		Cells                  int
	} `json:"nulled_cells"`
	Failures []struct {
		Stream, Operation, Code, Message, Advice string
		RequestID                                string `json:"request_id"`
		FailureType                              string `json:"failure_type"`
	}
}

type figures struct{ Rows, Deletions, Retries int }

// summaryOf returns the summary in the log of a sync, nil if it has none, as that of a process that was killed.
func summaryOf(t *testing.T, report *destination.Report) *summary {
	t.Helper()
	for _, l := range report.Logs {
		if strings.HasPrefix(l.Message, summaryPrefix) {
			var line struct {
				Summary summary `json:"sync_summary"`
			}
			require.NoError(t, json.Unmarshal([]byte(l.Message), &line))
			return &line.Summary
		}
	}
	return nil
}

// requireEqualSummary requires that the summary of a sync, if there is one, equals what the destination counted.
func requireEqualSummary(t *testing.T, report *destination.Report) {
	t.Helper()
	s := summaryOf(t, report)
	if s == nil {
		return
	}
	var sum figures
	for _, stream := range s.Streams {
		counted := report.Streams[stream.Name]
		require.Equal(t, counted.Deletions, stream.Figures.Deletions, "deletions of %s", stream.Name)
		require.Equal(t, counted.Records-counted.Deletions, stream.Figures.Rows, "rows of %s", stream.Name)
		require.Equal(t, stream.Outcome == "complete", len(counted.Errors) == 0 && complete(counted), "%s of %s", stream.Outcome, stream.Name)
		sum.Rows += stream.Figures.Rows
		sum.Deletions += stream.Figures.Deletions
	}
	require.Equal(t, sum.Rows, s.Totals.Rows)
	require.Equal(t, sum.Deletions, s.Totals.Deletions)
}

func complete(s *destination.StreamReport) bool {
	return len(s.Statuses) > 0 && s.Statuses[len(s.Statuses)-1] == "COMPLETE"
}

// logOf returns the log of a sync, with everything that differs from run to run replaced. Columns of a table that hold times have
// one space between them.
func (l *lab) logOf(report *destination.Report) string {
	address, err := url.Parse(l.server.URL)
	require.NoError(l.t, err)
	var text strings.Builder
	for _, line := range report.Logs {
		message := line.Message
		if strings.HasPrefix(message, summaryPrefix) {
			message = indented(l.t, message)
		}
		message = strings.ReplaceAll(message, address.Host, "<host>")
		for _, replaced := range []struct{ pattern, by string }{
			{`\d{4}-\d\d-\d\dT[\d:.]+Z`, "<time>"}, {`\b(\d+m)?[\d.]+m?s\b`, "<time>"}, {`("\w+_seconds": )[\d.]+`, "${1}0"},
			{` +(waited|took|<time>)`, " $1"}, {`[0-9a-f]{8}-[0-9a-f-]{27}`, "<id>"},
			{`(source-microsoft-dataverse )\S+( reads)`, "${1}<version>${2}"}, {`("version": )"[^"]+"`, `${1}"<version>"`},
		} {
			message = regexp.MustCompile(replaced.pattern).ReplaceAllString(message, replaced.by)
		}
		fmt.Fprintf(&text, "%-5s %s\n", line.Level, message)
	}
	return text.String()
}

func indented(t *testing.T, text string) string {
	t.Helper()
	var pretty strings.Builder
	encoder := json.NewEncoder(&pretty)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(json.RawMessage(text)))
	return strings.TrimSpace(pretty.String())
}

func TestTheLogOfASyncIsTheExpectedOne(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"account": 80}})
	d, catalog := destination.New(), l.configured("account")
	l.server.Inject(faults.Throttling("1").On(faults.Table("account"), faults.Page(2), faults.Contains("name")))
	l.server.Inject(faults.Fault{Match: rowsOf("account", "name"), Then: faults.Value{Property: "numberofemployees", JSON: `"many"`}})
	first := l.sync(d, catalog)
	assertGolden(t, "synclog_first.txt", l.logOf(first))

	newWorkload(t, l.environment, 3).change("account", 30)
	second := l.sync(d, catalog)
	assertGolden(t, "synclog_changes.txt", l.logOf(second))
}

func TestTheSummaryReportsWhatWasNotDelivered(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"account": 80, "contact": 40, "task": 90}})
	d, catalog := destination.New(), l.configured("account", "contact", "task")
	l.server.Inject(faults.Fault{
		Match: faults.All{faults.Table("task"), faults.Page(2), faults.Contains("subject")},
		Then:  faults.Error{Status: http.StatusForbidden, Code: "0x80040220"},
	}.Always())
	report, result := l.read(d, catalog)
	require.Equal(t, 1, result.ExitCode)
	got := summaryOf(t, report)
	assert.Equal(t, "failed", got.Outcome)
	assert.Equal(t, 37, got.Streams[2].Figures.Rows, "of the page before")
	require.Len(t, got.Failures, 1)
	failure := got.Failures[0]
	assert.Equal(t, "task", failure.Stream)
	assert.Equal(t, "read a page of task", failure.Operation)
	assert.Equal(t, "0x80040220", failure.Code)
	assert.NotEmpty(t, failure.RequestID)
	assert.Equal(t, "config_error", failure.FailureType)
	assert.Equal(t, report.Streams["task"].Errors[0].Message, failure.Advice)
}

func TestAStreamWithAnEmptyStateIsEstimatedAsANewOne(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 3, Rows: map[string]int{"account": 80}})
	catalog := l.file("catalog.json", l.configured("account"))
	state := l.file("state.json", []byte(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"account"},"stream_state":{}}}]`))
	result := l.run("read", "--config", l.configFile(), "--catalog", catalog, "--state", state)
	require.Zero(t, result.ExitCode)
	var kinds []string
	for _, m := range messages(t, result) {
		switch {
		case m.Log != nil && strings.Contains(m.Log.Message, " reads 1 stream of "):
			assert.Contains(t, m.Log.Message, ": 1 incremental without a state, ")
		case m.Record != nil:
			kinds = append(kinds, "record")
		case m.Trace != nil && m.Trace.Estimate != nil:
			kinds = append(kinds, "estimate")
		}
	}
	assert.Equal(t, []string{"estimate", "record"}, kinds[:2], "the estimate comes before the rows")
}
