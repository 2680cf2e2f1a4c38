package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// pythonRead is a read as the script of -python prints it, a line of JSON.
type pythonRead struct {
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	Memory  int64   `json:"peak_memory_bytes"`
}

// comparePython makes Airbyte's Python connector read the table that was just read, incrementally as well. Its first read,
// which is not measured, makes the service render the pages that it requests: they differ, because it selects no columns.
func (b *bench) comparePython(ctx context.Context, s *stage, ours []sample) error {
	rows := int64(b.wideRows)
	var theirs pythonRead
	for _, purpose := range []string{"rendering the pages", "reading them"} {
		b.say("the Python connector: %s", purpose)
		var err error
		if theirs, err = s.python(ctx, b.python); err != nil {
			return err
		}
		b.say("it took %.1f s, CPU %.1f s, %.1f MiB", theirs.Seconds, theirs.CPU, mebibytes(theirs.Memory))
		if theirs.Rows != rows {
			return fmt.Errorf("the Python connector sent %d rows of %d", theirs.Rows, rows)
		}
	}
	took := median(ours, func(s sample) float64 { return s.Wall.Seconds() })
	b.results.python = &pythonRow{rows: rows, ours: took, ourMemory: maxMemory(ours), theirs: theirs}
	const bound = 15
	b.results.want("one wide table: speed, of the Python connector's", fmt.Sprintf("%.1f", theirs.Seconds/took),
		fmt.Sprintf("at least %d", bound), theirs.Seconds/took >= bound)
	return nil
}

// python runs the script on the stage's first table.
func (s *stage) python(ctx context.Context, script string) (pythonRead, error) {
	var out bytes.Buffer
	var read pythonRead
	args := []string{"--config", s.path("config.json"), "--ca", s.setting.CAFile, "--table", s.setting.Shape.table(0).LogicalName}
	if _, err := execute(ctx, script, args, nil, &out); err != nil {
		return read, fmt.Errorf("the Python connector: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		return read, fmt.Errorf("read what the script of the Python connector prints: %q: %w", out.Bytes(), err)
	}
	return read, nil
}

// pythonRow compares both connectors.
type pythonRow struct {
	rows            int64
	ours, ourMemory float64 // seconds, MiB
	theirs          pythonRead
}

func (p *pythonRow) print(b *strings.Builder) {
	header(b, "first incremental sync of one wide table", "rows", "seconds", "rows/s", "peak memory")
	line := func(name string, seconds, memory float64) {
		fmt.Fprintf(b, "| %s | %s | %.1f | %s | %.0f MiB |\n", name, grouped(p.rows), seconds, grouped(int64(float64(p.rows)/seconds)), memory)
	}
	line("this connector", p.ours, p.ourMemory)
	line("Airbyte's Python connector", p.theirs.Seconds, mebibytes(p.theirs.Memory))
}
