package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"source-microsoft-dataverse/integration_tests/binary"
)

// bench is one run of the command.
type bench struct {
	options
	directory string
	progress  io.Writer
	connector string // the executable
	results   results
}

// measure builds the connector and runs the chosen scenarios.
func (b *bench) measure(ctx context.Context) error {
	built, err := binary.Build(ctx, b.directory)
	if err != nil {
		return err
	}
	b.connector = built.Path
	b.results.runs = b.runs
	scenarios := map[string]func(context.Context) error{
		"wide": b.wide, "large": b.large, "labels": b.labels, "many": b.many, "flat": b.flatness, "discovery": b.discovery, "metadata": b.metadata,
		"spec": b.spec,
	}
	for _, name := range scenarioNames() {
		if !slices.Contains(b.scenarios, name) {
			continue
		}
		if err := scenarios[name](ctx); err != nil {
			return fmt.Errorf("scenario %s: %w", name, err)
		}
	}
	return nil
}

// say prints a line of progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// sample is one read of a stage.
type sample struct {
	cost
	decoded  int64   // bytes of the responses, without compression
	printed  int64   // bytes of the connector's output
	requests int     // of the Web API
	gunzip   float64 // bytes per second that compress/gzip unpacked at that time
}

// samples reads all rows of a stage several times. A first read, which is not measured, makes the service render the pages;
// an incremental read from its states must then deliver nothing.
func (b *bench) samples(ctx context.Context, s *stage, m mode) ([]sample, error) {
	if err := s.configure(ctx, m); err != nil {
		return nil, err
	}
	records := int64(s.setting.records())
	b.say("%d tables of %d rows, %s: rendering the pages", s.setting.streams(), s.setting.Rows, m)
	_, output, err := s.read(ctx, records)
	if err != nil {
		return nil, err
	}
	if m == incremental {
		if err := s.again(ctx, output); err != nil {
			return nil, err
		}
	}
	all := make([]sample, 0, b.runs)
	for range b.runs {
		one, err := b.sample(ctx, s, records)
		if err != nil {
			return nil, err
		}
		b.say("read in %.2f s, CPU %.2f s, %.1f MiB", one.Wall.Seconds(), one.CPU.Seconds(), mebibytes(one.Memory))
		all = append(all, one)
	}
	return all, nil
}

// sample reads all pages. Before and after, compress/gzip alone unpacks them, because the load of the machine varies.
func (b *bench) sample(ctx context.Context, s *stage, records int64) (sample, error) {
	var bare [2]unpacked
	if err := s.ask(askUnpack, &bare[0]); err != nil {
		return sample{}, err
	}
	before, err := s.count()
	if err != nil {
		return sample{}, err
	}
	c, output, err := s.read(ctx, records)
	if err != nil {
		return sample{}, err
	}
	after, err := s.count()
	if err != nil {
		return sample{}, err
	}
	if err := s.ask(askUnpack, &bare[1]); err != nil {
		return sample{}, err
	}
	if made := after.Kept.Rendered - before.Kept.Rendered; made > 0 && s.setting.Writes == 0 {
		b.say("%d responses were rendered during the measurement: the connector sent requests that the first read did not send", made)
	}
	return sample{
		cost: c, decoded: after.Kept.Sent - before.Kept.Sent, printed: output.Bytes,
		requests: after.Stats.Requests - before.Stats.Requests,
		gunzip:   float64(bare[0].Bytes+bare[1].Bytes) / (bare[0].Seconds + bare[1].Seconds),
	}, nil
}
