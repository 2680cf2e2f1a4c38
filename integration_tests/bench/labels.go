package main

import (
	"context"
	"errors"
	"fmt"
)

// labeled has forty choice columns and about as many others as account.
func labeled() shape {
	return shape{Texts: 30, Memos: 1, Lookups: 16, Choices: 28, Flags: 12, Amounts: 8, Moments: 12, Counters: 11, Blanks: 28}
}

// labels reads one table of wide rows with and without the labels of its forty choice columns, in turn because the speed of
// the machine varies. The target is that labels cost less than a tenth of the rows per second, in time of the processor.
func (b *bench) labels(ctx context.Context) (err error) {
	s, err := b.set(ctx, setting{Shape: labeled(), Tables: 1, Rows: b.wideRows, Page: b.pageRows, Keep: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	modes := []struct {
		name   string
		labels bool
	}{{"forty choice columns without labels", false}, {"forty choice columns with labels", true}}
	all := make([][]sample, len(modes))
	for run := range b.runs + 1 { // the first read makes the service render the pages
		for i, m := range modes {
			if err := s.configureLabels(ctx, m.labels); err != nil {
				return err
			}
			if run == 0 {
				if _, _, err := s.read(ctx, int64(b.wideRows)); err != nil {
					return err
				}
				continue
			}
			one, err := b.sample(ctx, s, int64(b.wideRows))
			if err != nil {
				return err
			}
			b.say("%s: read in %.2f s, CPU %.2f s, %.1f MiB", m.name, one.Wall.Seconds(), one.CPU.Seconds(), mebibytes(one.Memory))
			all[i] = append(all[i], one)
		}
	}
	end, err := s.count()
	if err != nil {
		return err
	}
	for i, m := range modes {
		b.results.addRead(m.name, int64(b.wideRows), all[i], end)
	}
	const part = 0.9
	time := func(of []sample) float64 { return median(of, func(s sample) float64 { return s.CPU.Seconds() }) }
	ratio := time(all[0]) / time(all[1])
	b.results.want("forty choice columns: rows per CPU second with labels, of those without", fmt.Sprintf("%.2f", ratio), fmt.Sprintf("at least %.2f", part), ratio >= part)
	return nil
}
