package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// many reads tables from a service that takes its time for each request, and says how many it wants at once.
func (b *bench) many(ctx context.Context) error {
	for _, m := range []mode{fullRefresh, incremental} {
		if err := b.manyIn(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) manyIn(ctx context.Context, m mode) (err error) {
	s, err := b.set(ctx, setting{
		Shape: narrow(), Tables: b.tables, Rows: b.pages * b.pageRows, Page: b.pageRows, Latency: b.latency, Hint: b.hint, Keep: true,
	})
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
	name := fmt.Sprintf("%d tables of %d pages, %v a request, %s", b.tables, b.pages, b.latency, m)
	b.results.addReading(name, int64(b.tables*b.pages*b.pageRows), all, end)
	b.wantMany(name, all, end)
	return nil
}

// wantMany holds the reading of many tables to what a service that is kept busy without a break would allow.
func (b *bench) wantMany(name string, all []sample, end count) {
	const bound = 1.15
	wanted := fmt.Sprintf("at most %.2f", bound)
	over := median(all, func(s sample) float64 {
		return s.Wall.Seconds() / (float64(s.requests) * b.latency.Seconds() / float64(b.hint))
	})
	b.results.want(name+": time, of requests × latency ÷ recommended parallelism", fmt.Sprintf("%.2f", over), wanted, over <= bound)
	perPage := median(all, func(s sample) float64 { return float64(s.requests) / float64(b.tables*b.pages) })
	b.results.want(name+": requests of any kind for a page of rows", fmt.Sprintf("%.2f", perPage), wanted, perPage <= bound)
	most := end.Stats.MostInFlight
	b.results.want(name+": requests in flight", strconv.Itoa(most), fmt.Sprintf("at most %d", b.hint), most <= b.hint)
}
