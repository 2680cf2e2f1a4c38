package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// The catalog and the messages of two syncs, as they were before the connector had settings for labels, lookup types, contents
// and tables without change tracking. To add a stream, write both files with a connector of that time: a newer one may have
// become different.
const (
	unchangedCatalog = "testdata/unchanged_catalog.json"
	unchangedOutput  = "testdata/unchanged_output.jsonl"
)

// unchangedStreams has tables with and without change tracking, an intersect table, an elastic one, and one of every column type.
func unchangedStreams() []string {
	return []string{
		"account", "annotation", "contoso_child", "contoso_everything", "contoso_sensordata", "email", "systemform", "systemuser", "teammembership",
	}
}

func TestOldCatalogsAndConfigurationsBringTheSameOutput(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	l := newLab(t, simulator.Options{Seed: 11, DefaultRows: 6, Clock: func() time.Time { return now }})
	l.config["odata_maxpagesize"] = 4
	c := l.unchangedCatalog()
	d := destination.New()
	output := l.unchangedSync(d, c)
	now = now.Add(time.Hour)
	for _, name := range unchangedStreams() {
		ids := slices.Sorted(slices.Values(l.environment.IDs(name)))
		require.NoError(t, l.environment.Delete(name, ids[2]))
	}
	for _, c := range []struct{ table, column string }{{"account", "name"}, {"email", "subject"}, {"contoso_everything", "contoso_name"}} {
		ids := slices.Sorted(slices.Values(l.environment.IDs(c.table)))
		require.NoError(t, l.environment.Update(c.table, ids[3], simulator.Row{c.column: `Changed "ü"`}))
	}
	output = append(output, l.unchangedSync(d, c)...)
	if *update {
		require.NoError(t, os.WriteFile(unchangedOutput, output, 0o600))
	}
	expected, err := os.ReadFile(unchangedOutput)
	require.NoError(t, err)
	want, got := bytes.Split(expected, []byte{'\n'}), bytes.Split(output, []byte{'\n'})
	for i := range min(len(want), len(got)) {
		require.Equal(t, string(want[i]), string(got[i]), "line %d of %s", i+1, unchangedOutput)
	}
	require.Len(t, got, len(want))
}

// unchangedCatalog reads the catalog, and writes it first if the test is run with -update.
func (l *lab) unchangedCatalog() destination.Catalog {
	l.t.Helper()
	if *update {
		written, err := json.MarshalIndent(l.configured(unchangedStreams()...), "", " ")
		require.NoError(l.t, err)
		require.NoError(l.t, os.WriteFile(unchangedCatalog, written, 0o600))
	}
	data, err := os.ReadFile(unchangedCatalog)
	require.NoError(l.t, err)
	var c destination.Catalog
	require.NoError(l.t, json.Unmarshal(data, &c))
	return c
}

// unchangedSync syncs and returns the messages but for those of the log, stream by stream, without the times of the connector.
func (l *lab) unchangedSync(d *destination.Destination, c destination.Catalog) []byte {
	l.t.Helper()
	result := l.runWith(nil, l.readArgs(d, c)...)
	_, result = l.apply(d, c, result)
	require.Zero(l.t, result.ExitCode)
	var output bytes.Buffer
	for _, name := range unchangedStreams() {
		fmt.Fprintf(&output, "%s\n", name)
		for _, line := range l.linesOf(name, result) {
			fmt.Fprintf(&output, "%s\n", line)
		}
	}
	return output.Bytes()
}

// linesOf returns the messages of a stream that are data: records, states and statuses.
func (l *lab) linesOf(stream string, result binary.Result) [][]byte {
	l.t.Helper()
	emitted := regexp.MustCompile(`"emitted_at":[0-9.]+`)
	of := regexp.MustCompile(`^{"type":"(RECORD|STATE|TRACE)",.*"(stream|name)":"` + stream + `"`)
	var lines [][]byte
	for _, line := range result.Lines {
		if of.Match(line) && !bytes.Contains(line, []byte(`"type":"ESTIMATE"`)) {
			lines = append(lines, emitted.ReplaceAll(line, []byte(`"emitted_at":0`)))
		}
	}
	require.NotEmpty(l.t, lines, stream)
	return lines
}
