package main

import (
	"context"
	"errors"
	"fmt"
)

// wide reads one table of wide rows. The target is half the speed at which compress/gzip alone unpacks its pages, in no more
// memory than the smallest containers have.
func (b *bench) wide(ctx context.Context) error {
	for _, m := range []mode{fullRefresh, incremental} {
		if err := b.wideIn(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) wideIn(ctx context.Context, m mode) (err error) {
	s, err := b.set(ctx, setting{Shape: wide(), Tables: 1, Rows: b.wideRows, Page: b.pageRows, Keep: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	all, err := b.samples(ctx, s, m)
	if err != nil {
		return err
	}
	end, err := s.count()
	if err != nil {
		return err
	}
	name := "one wide table, " + string(m)
	b.results.addRead(name, int64(b.wideRows), all, end)
	b.say("the service keeps %d responses of %.0f MB, sent compressed by a factor of %.1f",
		end.Kept.Responses, megabytes(float64(end.Kept.Bytes)), float64(end.Kept.Bytes)/float64(end.Kept.Gzipped))
	b.wantWide(name, all)
	if m == incremental && b.python != "" {
		return b.comparePython(ctx, s, all)
	}
	return nil
}

// wantWide compares the read of wide rows with its targets.
func (b *bench) wantWide(name string, all []sample) {
	const part, memory = 0.5, 64
	gunzip := median(all, func(s sample) float64 { return s.gunzip })
	ratio := median(all, func(s sample) float64 { return float64(s.decoded) / s.Wall.Seconds() / s.gunzip })
	b.results.want(fmt.Sprintf("%s: speed, of the %.0f MB/s of `compress/gzip` alone", name, megabytes(gunzip)),
		fmt.Sprintf("%.2f", ratio), fmt.Sprintf("at least %.2f", part), ratio >= part)
	most := maxMemory(all)
	b.results.want(name+": peak memory", fmt.Sprintf("%.0f MiB", most), fmt.Sprintf("at most %d MiB", memory), most <= memory)
}
