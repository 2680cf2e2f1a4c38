package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// results are what the bench prints at the end.
type results struct {
	runs   int
	reads  []readRow
	memory []memoryRow
	python *pythonRow // nil: it was not measured
	wanted []wantedRow
}

// readRow is the speed of a read, as medians of the runs, and its largest memory.
type readRow struct {
	name             string
	rows             int64
	rowsPerSecond    float64
	decoded, printed float64 // bytes per second
	cost             float64 // CPU seconds per gigabyte of decoded responses
	memory, service  float64 // MiB
}

// memoryRow is the memory and the time of the read of a table.
type memoryRow struct {
	rows            int
	memory, seconds float64
}

// wantedRow is a measurement and its target.
type wantedRow struct {
	what, measured, wanted string
	met                    bool
}

func (r *results) addRead(name string, rows int64, all []sample, end count) {
	r.reads = append(r.reads, readRow{
		name: name, rows: rows,
		rowsPerSecond: median(all, func(s sample) float64 { return float64(rows) / s.Wall.Seconds() }),
		decoded:       median(all, func(s sample) float64 { return float64(s.decoded) / s.Wall.Seconds() }),
		printed:       median(all, func(s sample) float64 { return float64(s.printed) / s.Wall.Seconds() }),
		cost:          median(all, func(s sample) float64 { return s.CPU.Seconds() / float64(s.decoded) * 1e9 }),
		memory:        maxMemory(all), service: mebibytes(end.Memory),
	})
}

func (r *results) want(what, measured, wanted string, met bool) {
	r.wanted = append(r.wanted, wantedRow{what, measured, wanted, met})
}

// print writes Markdown.
func (r *results) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. Medians of %d runs; of memory, the maximum.\n", machine(), r.runs)
	r.printReads(&b)
	if r.python != nil {
		r.python.print(&b)
	}
	if len(r.memory) > 0 {
		header(&b, "first incremental sync of", "peak memory", "seconds, during which the simulator renders the pages")
		for _, row := range r.memory {
			fmt.Fprintf(&b, "| %s rows | %.0f MiB | %.1f |\n", grouped(int64(row.rows)), row.memory, row.seconds)
		}
	}
	if len(r.wanted) > 0 {
		header(&b, "what", "measured", "target", "")
		for _, row := range r.wanted {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", row.what, row.measured, row.wanted, verdict(row.met))
		}
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err == nil {
		fmt.Fprintf(&b, "\nThe bench itself took %.0f MiB. Linux reports at least as much for every process that it starts.\n", mebibytes(peak(&own)))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	return nil
}

func (r *results) printReads(b *strings.Builder) {
	if len(r.reads) == 0 {
		return
	}
	header(b, "read", "rows", "rows/s", "MB/s of page JSON", "MB/s of output", "CPU s/GB of page JSON", "peak memory", "the simulator's")
	for _, row := range r.reads {
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %.0f | %.2f | %.0f MiB | %.0f MiB |\n", row.name, grouped(row.rows),
			grouped(int64(row.rowsPerSecond)), megabytes(row.decoded), megabytes(row.printed), row.cost, row.memory, row.service)
	}
}

// header begins a table.
func header(b *strings.Builder, columns ...string) {
	fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}

// machine describes the machine of the measurement.
func machine() string {
	model := "an unknown processor"
	info, err := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); err == nil && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d cores of %s, %s %s/%s", runtime.NumCPU(), model, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// median is the middle value, or the mean of the two in the middle.
func median[T any](all []T, value func(T) float64) float64 {
	values := make([]float64, len(all))
	for i, one := range all {
		values[i] = value(one)
	}
	slices.Sort(values)
	switch middle := len(values) / 2; {
	case len(values) == 0:
		return math.NaN()
	case len(values)%2 == 0:
		return (values[middle-1] + values[middle]) / 2
	default:
		return values[middle]
	}
}

// maxMemory returns the largest memory of all runs in MiB.
func maxMemory(all []sample) float64 {
	most := int64(0)
	for _, s := range all {
		most = max(most, s.Memory)
	}
	return mebibytes(most)
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func megabytes(bytes float64) float64 { return bytes / 1e6 }

// grouped returns a number with commas between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
