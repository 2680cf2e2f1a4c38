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

// scale is how much there is to read.
type scale struct {
	wideRows    int
	tables      int // read at once
	pages       int // of each of them
	pageRows    int
	latency     time.Duration // of each request, where tables are read at once
	hint        int           // how many requests the service recommends there
	writes      time.Duration // between two writes to an environment in use
	flat        []int         // rows of the tables whose reading may not take more memory
	definitions int           // tables to discover
	columns     int           // of each of them
	starts      int           // of the connector, to print its specification
}

// fullScale is what the README's numbers are measured at.
func fullScale() scale {
	return scale{
		wideRows: 300_000, tables: 16, pages: 10, pageRows: 5000, latency: 250 * time.Millisecond, hint: 8, writes: time.Second,
		flat: []int{10_000, 100_000, 1_000_000, 10_000_000}, definitions: 2000, columns: 200, starts: 50,
	}
}

// scenarioNames are all scenarios, in the order in which they are played.
func scenarioNames() []string { return []string{"wide", "many", "flat", "discovery", "spec"} }

// parse reads the command line.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{scale: fullScale()}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.runs, "runs", 5, "of each measurement, whose median counts")
	f.StringVar(&o.python, "python", "", "`script` that reads the wide table with the Python connector, to compare with, such as\nintegration_tests/acceptance/python_connector/read")
	f.IntVar(&o.wideRows, "rows", o.wideRows, "of the wide table")
	chosen := f.String("scenarios", strings.Join(scenarioNames(), ","), "`names` of those to play")
	flat := f.String("flat", join(o.flat), "`rows` of the tables whose reading may not take more memory")
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
