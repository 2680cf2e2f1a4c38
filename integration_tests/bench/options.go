package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	runs      int
	scenarios []string
	python    string // a script that reads with the Python connector; empty: it is not measured
	scale
}

// scale is the size of the scenarios.
type scale struct {
	wideRows    int
	tables      int // of the scenario many
	pages       int // of each of them
	pageRows    int
	latency     time.Duration // of each request in the scenario many
	hint        int           // the number of concurrent requests that the service recommends in the scenarios many and large
	writes      time.Duration // between two writes to an environment in use
	flat        []int         // rows of the tables of the scenario flat
	definitions int           // tables to discover
	columns     int           // of each of them
	starts      int           // of the connector in the scenario spec
}

// fullScale is the scale of the published results.
func fullScale() scale {
	return scale{
		wideRows: 300_000, tables: 16, pages: 10, pageRows: 5000, latency: 250 * time.Millisecond, hint: 8, writes: time.Second,
		flat: []int{10_000, 100_000, 1_000_000, 10_000_000}, definitions: 2000, columns: 200, starts: 50,
	}
}

// scenarioNames returns all scenarios in their order.
func scenarioNames() []string {
	return []string{"wide", "large", "labels", "many", "flat", "discovery", "metadata", "spec"}
}

// parse reads the command line.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{scale: fullScale()}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.runs, "runs", 5, "number of runs of each measurement, of which the median counts")
	f.StringVar(&o.python, "python", "", "`script` that reads the wide table with the Python connector, for comparison, such as\nintegration_tests/acceptance/python_connector/read")
	f.IntVar(&o.wideRows, "rows", o.wideRows, "number of rows of the wide table")
	chosen := f.String("scenarios", strings.Join(scenarioNames(), ","), "`names` of the scenarios to run")
	flat := f.String("flat", join(o.flat), "`rows` of the tables whose peak memory must be the same")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.runs < 1 || o.wideRows < 1 {
		return o, fmt.Errorf("-runs %d, -rows %d: both must be above 0", o.runs, o.wideRows)
	}
	o.flat = o.flat[:0]
	for text := range strings.SplitSeq(*flat, ",") {
		rows, err := strconv.Atoi(text)
		if err != nil || rows < 1 {
			return o, fmt.Errorf("-flat %s: %q is not a number of rows", *flat, text)
		}
		o.flat = append(o.flat, rows)
	}
	o.scenarios = strings.Split(*chosen, ",")
	for _, name := range o.scenarios {
		if !slices.Contains(scenarioNames(), name) {
			return o, fmt.Errorf("there is no scenario %q, only %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	return o, nil
}

func join(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}
