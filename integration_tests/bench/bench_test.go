package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test's executable serve as the other processes of the bench.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == serviceVerb || os.Args[1] == downloadVerb) {
		if err := dispatch(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// small is a scale that tests the bench and measures nothing.
func small() scale {
	return scale{
		wideRows: 250, tables: 3, pages: 2, pageRows: 100, latency: time.Millisecond, hint: 3, writes: time.Millisecond,
		flat: []int{150, 250}, definitions: 60, columns: 40, starts: 1,
	}
}

func TestEachScenarioPrintsWhatItMeasured(t *testing.T) {
	var out, progress bytes.Buffer
	require.NoError(t, run(t.Context(), options{runs: 1, scenarios: scenarioNames(), scale: small()}, &out, &progress), "%s", &progress)
	for _, want := range []string{
		"| one wide table, full_refresh | 250 |", "| one wide table, incremental | 250 |",
		"| one wide table, by ranges of its key: requests in flight |", "| one wide table, by ranges of its key: peak memory |",
		"| forty choice columns with labels | 250 |", "forty choice columns: rows per CPU second with labels",
		"| 3 tables of 2 pages, 1ms a request, full_refresh | 600 |", "requests in flight",
		"| 3 tables of 2 pages, 1ms a request, incremental, in use | 650 |",
		"| 150 rows |", "| 250 rows |",
		"| `discover` of 60 tables with 40 columns each: peak memory |", "| metadata of 60 tables with 40 columns each, ",
		"| `spec`, from start to end |",
	} {
		assert.Contains(t, out.String(), want)
	}
	assert.NotContains(t, out.String(), "NaN")
	wide, _, found := strings.Cut(progress.String(), "3 tables of 200 rows")
	assert.True(t, found)
	assert.NotContains(t, wide, "were rendered during the measurement", "pages that are measured come from memory")
}

func TestAWrongReadFails(t *testing.T) {
	b := &bench{options: options{runs: 1, scale: small()}, directory: t.TempDir(), progress: t.Output()}
	require.NoError(t, b.measure(t.Context()), "no scenario is chosen, so the binary is built and nothing else happens")
	s, err := b.set(t.Context(), setting{Shape: narrow(), Tables: 1, Rows: 5, Keep: true})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.end()) }()
	require.NoError(t, s.configure(t.Context(), incremental))

	t.Run("a record is missing", func(t *testing.T) {
		_, _, err := s.read(t.Context(), 6)
		require.ErrorContains(t, err, "5 records of 6")
	})
	t.Run("a record is delivered again", func(t *testing.T) {
		require.ErrorContains(t, s.again(t.Context(), &messages{}), "5 records of 0")
	})
	t.Run("the connector fails", func(t *testing.T) {
		require.NoError(t, s.write("catalog.json", "nonsense"))
		_, _, err := s.read(t.Context(), 5)
		require.ErrorContains(t, err, "exit status 1")
	})
}

func TestEachShapeHasTheIntendedColumns(t *testing.T) {
	assert.InDelta(t, 150, len(wide().table(0).Columns), 5)
	assert.Len(t, deep(200).table(0).Columns, 200)
	assert.Len(t, deep(40).table(0).Columns, 40)
}

func TestOptions(t *testing.T) {
	tests := []struct{ name, args, problem string }{
		{"nothing is given", "", ""},
		{"some scenarios are chosen", "-scenarios wide,spec -runs 1 -rows 10 -flat 1,2", ""},
		{"a scenario is unknown", "-scenarios deep", `there is no scenario "deep"`},
		{"there is nothing to run", "-runs 0", "must be above 0"},
		{"a number is none", "-flat 10,many", `"many" is not a number of rows`},
		{"an argument is left over", "wide", `unexpected argument "wide"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(strings.Fields(test.args), t.Output())
			if test.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.problem)
		})
	}
}

func TestThePythonConnectorIsMeasuredByItsScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "read")
	say := func(line string) {
		require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\necho \"$@\" >&2\necho '"+line+"'\n"), 0o700))
	}
	b := &bench{options: options{python: script, scale: small()}, progress: t.Output()}
	s := &stage{directory: "stage", setting: setting{Shape: wide(), CAFile: "stage/ca.pem"}}
	ours := []sample{{cost: cost{Wall: time.Second, Memory: 50 << 20}}}

	say(`{"rows": 250, "bytes": 9, "seconds": 20, "cpu_seconds": 19, "peak_memory_bytes": 209715200}`)
	require.NoError(t, b.comparePython(t.Context(), s, ours))
	var out strings.Builder
	require.NoError(t, b.results.print(&out))
	assert.Contains(t, out.String(), "| this connector | 250 | 1.0 | 250 | 50 MiB |")
	assert.Contains(t, out.String(), "| Airbyte's Python connector | 250 | 20.0 | 12 | 200 MiB |")
	assert.Contains(t, out.String(), "| 20.0 | at least 15 | met |")

	say(`{"rows": 249, "seconds": 20}`)
	require.ErrorContains(t, b.comparePython(t.Context(), s, ours), "249 rows of 250")
	say(`no JSON`)
	require.ErrorContains(t, b.comparePython(t.Context(), s, ours), "no JSON")
}
