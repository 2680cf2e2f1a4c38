package integration_tests_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// TestALargeEntityTakesLittleMemory reads 300,000 rows of 12 columns.
func TestALargeEntityTakesLittleMemory(t *testing.T) {
	t.Parallel()
	const most = 96 << 20
	rows := 300_000
	if raced {
		rows = 20_000
	}
	for _, format := range []string{"EXCEL", "XML-Element"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			o := sampleWith(finops.Project{Name: "Large", Lines: []finops.Line{{Entity: "Fixed assets V2", Format: format}}})
			o.Companies = o.Companies[:1]
			at := 3
			require.Equal(t, "Fixed assets V2", o.Entities[at].Label)
			o.Entities[at].Rows = rows
			p := servePackages(t, o)
			d, catalog := destination.New(), p.overwriting("dmf_large_fixed_assets_v2")
			records, peak := p.readForPeak(d, catalog)
			assert.Equal(t, rows, records)
			assert.Less(t, peak, int64(most), "peak memory in bytes")
			t.Logf("%s: %d MiB", format, peak>>20)
		})
	}
}

// readForPeak reads without keeping the output, and returns the number of records and the peak resident size in bytes.
func (p *packageLab) readForPeak(d *destination.Destination, c destination.Catalog) (records int, peak int64) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), runTimeout)
	defer cancel()
	command, peakOf := p.commandForPeak(ctx, p.readArgs(d, c)...)
	stdout, err := command.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, command.Start())
	var last []byte
	for reader := bufio.NewReaderSize(stdout, 1<<20); ; {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF { //nolint:errorlint // readers return it as it is
			break
		}
		require.NoError(p.t, err)
		if bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)) {
			records++
		} else if bytes.Contains(line, []byte(`"STREAM_STATUS"`)) {
			last = line
		}
	}
	require.NoError(p.t, command.Wait())
	assert.True(p.t, json.Valid(last) && bytes.Contains(last, []byte(`"COMPLETE"`)), "%s", last)
	return records, peakOf()
}
