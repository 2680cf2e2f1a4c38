package integration_tests_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/report"
)

// doctor returns what doctor reports to programs, and its exit code.
func (l *lab) doctor(args ...string) (report.Report, int) {
	l.t.Helper()
	text, result := l.runForPeople(append([]string{"doctor", "--json"}, args...)...)
	assert.Empty(l.t, result.Stderr)
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var r report.Report
	require.NoError(l.t, decoder.Decode(&r), text)
	return r, result.ExitCode
}

// codesOf returns the codes of the findings of a severity.
func codesOf(r report.Report, s inspect.Severity) []inspect.Code {
	var codes []inspect.Code
	for _, f := range r.Findings {
		if f.Severity == s {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

func TestDoctorFindsNothingWrongWithAGoodEnvironment(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3, Rows: map[string]int{"account": 100}})
	l.config["include_tables"] = []string{"account", "contact"}
	r, code := l.doctor()
	assert.Zero(t, code)
	assert.Equal(t, report.Ready, r.Verdict)
	assert.Empty(t, codesOf(r, inspect.Warning))
	require.Len(t, r.Timings, 2)
	assert.EqualValues(t, 100, *r.Timings[0].Rows)
	assert.EqualValues(t, 37, r.Timings[0].PageRows, "the page size of the configuration")
	assert.EqualValues(t, 3, *r.Timings[1].Rows)
	assert.EqualValues(t, 103, r.Estimate.Rows)
	assert.EqualValues(t, 3+3+1, r.Estimate.Requests, "two scans of 100 rows, and a page of 3")

	text, result := l.runForPeople("doctor")
	assert.Zero(t, result.ExitCode)
	assert.Regexp(t, `\n\n(ok|✓) Ready to sync\. No problems were found\.\n$`, text)
}

func TestDoctorOfAThousandTablesSendsFewRequests(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, Tables: manyTables(1001), DefaultRows: 3, Rows: map[string]int{"account": 100}})
	before := l.server.Stats().Requests
	r, code := l.doctor()
	assert.Zero(t, code)
	assert.NotEmpty(t, r.Timings)
	assert.LessOrEqual(t, l.server.Stats().Requests-before, 27, "as docs/check-and-doctor.md says")
}

func TestDoctorEndsWithOneWhereASyncWouldLackATable(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	l.config["include_tables"] = []string{"account", "plugintracelog"}
	r, code := l.doctor()
	assert.Equal(t, 1, code)
	assert.Equal(t, []inspect.Code{inspect.TableForbidden}, codesOf(r, inspect.Error))
	require.Len(t, r.Timings, 1, "the table that can be read is timed nevertheless")
	r, code = l.doctor("--filter", "account")
	assert.Zero(t, code, "the other table is not examined")
	assert.Equal(t, report.Ready, r.Verdict)
}

func TestDoctorReportsAnOutage(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	require.NoError(t, l.server.Close())
	r, code := l.doctor()
	assert.Equal(t, 1, code)
	assert.Equal(t, report.Errors, r.Verdict)
	assert.Nil(t, r.Estimate)
}

func TestDoctorEstimatesNothingWithoutRowCounts(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 50, Behaviors: simulator.Behaviors{Uncounted: true}})
	l.config["include_tables"] = []string{"account", "contact"}
	r, code := l.doctor()
	assert.Zero(t, code)
	assert.Nil(t, r.Estimate, "no page is the last one of its table, and no row is counted")
	assert.Contains(t, codesOf(r, inspect.Info), inspect.NoCounts)
	require.NotNil(t, r.Schedule)
	require.Len(t, r.Timings, 2)
	assert.Nil(t, r.Timings[0].Rows)
}
