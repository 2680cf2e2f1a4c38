package integration_tests_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// textOf is a text of a length in megabytes.
func textOf(megabytes int) string { return strings.Repeat("abcdefgh", megabytes*1_000_000/8) }

// longTexts adds columns without a maximum length to a table.
func longTexts(t *testing.T, l *lab, table string, names ...string) {
	t.Helper()
	for _, name := range names {
		require.NoError(t, l.environment.AddColumn(table, schema.Column{SchemaName: name, LogicalName: strings.ToLower(name), Type: schema.Memo}))
	}
}

// changesOf returns the changes of the records of a read, by the row's key.
func changesOf(t *testing.T, list []*destination.Record, key string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, r := range list {
		changes, err := r.Changes()
		require.NoError(t, err)
		for _, c := range changes {
			id := strings.Trim(string(r.Data[key]), `"`)
			all[id] = append(all[id], c.Field+" "+c.Reason)
		}
	}
	return all
}

func TestARowThatIsTooLargeArrivesWithoutItsLongValue(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 31, Rows: map[string]int{"contoso_child": 12}})
	l.config["odata_maxpagesize"] = 2
	longTexts(t, l, "contoso_child", "contoso_A", "contoso_B", "contoso_C")
	ids := l.environment.IDs("contoso_child")
	for at, row := range map[int]simulator.Row{
		3: {"contoso_a": textOf(68), "contoso_b": "kept"},                           // more than a page may have
		5: {"contoso_a": textOf(9), "contoso_b": textOf(1)},                         // more than a value may have
		7: {"contoso_a": textOf(7), "contoso_b": textOf(6), "contoso_c": textOf(8)}, // more than a record may have
	} {
		require.NoError(t, l.environment.Update("contoso_child", ids[at], row))
	}
	d, catalog := destination.New(), l.configured("contoso_child")
	report, result := l.read(d, catalog)
	require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
	assert.Equal(t, map[string][]string{
		ids[3]: {"contoso_a SOURCE_FIELD_SIZE_LIMITATION"},
		ids[5]: {"contoso_a SOURCE_FIELD_SIZE_LIMITATION"},
		ids[7]: {"contoso_c SOURCE_RECORD_SIZE_LIMITATION"},
	}, changesOf(t, recordsOf(t, result), "contoso_childid"))
	assert.Len(t, d.Rows("contoso_child"), 12)
	assert.Len(t, d.Differences("contoso_child", l.environment.Rows("contoso_child")), 3, "all else arrives")
	assert.Len(t, warnings(report, "longer than 8 MiB", "contoso_a"), 1)
	assert.Len(t, warnings(report, "longer than 20 MB", "contoso_c"), 1)
	assert.Len(t, logged(report, "Stream contoso_child: 3 cells were sent as null: 2 (SOURCE_FIELD_SIZE_LIMITATION), 1 (SOURCE_RECORD_SIZE_LIMITATION)."), 1)

	for _, at := range []int{3, 5, 7} {
		require.NoError(t, l.environment.Update("contoso_child", ids[at], simulator.Row{"contoso_a": fmt.Sprint(at), "contoso_b": nil, "contoso_c": nil}))
	}
	l.sync(d, catalog)
	l.equal(d, "contoso_child")
}

// logged returns the lines of the log that contain all the words.
func logged(report *destination.Report, words ...string) []string {
	var found []string
	for _, line := range report.Logs {
		if holds(line.Message, words...) {
			found = append(found, line.Message)
		}
	}
	return found
}
