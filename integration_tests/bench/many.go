package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// many reads tables from a service that delays each response and recommends a number of concurrent requests. It then reads
// an environment in use, which also has a short table and in which rows are written during the read.
func (b *bench) many(ctx context.Context) error {
	quiet := setting{
		Shape: narrow(), Tables: b.tables, Rows: b.pages * b.pageRows, Page: b.pageRows, Latency: b.latency, Hint: b.hint, Keep: true,
	}
	inUse := quiet
	inUse.Short, inUse.Writes, inUse.TokenAt = shortRows, b.writes, simulator.FirstPage
	for _, scenario := range []struct {
		setting
		mode
	}{{quiet, fullRefresh}, {quiet, incremental}, {inUse, incremental}} {
		if err := b.manyIn(ctx, scenario.setting, scenario.mode); err != nil {
			return err
		}
	}
	return nil
}

// shortRows is the number of rows of the short table.
const shortRows = 50

func (b *bench) manyIn(ctx context.Context, set setting, m mode) (err error) {
	s, err := b.set(ctx, set)
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
	if set.Writes > 0 {
		name += ", in use"
	}
	b.results.addRead(name, int64(set.records()), all, end)
	b.wantMany(name, set, m, all, end)
	return nil
}

// wantMany compares the read of many tables with what a service that is never idle would allow. If rows are written, the
// simulator renders its pages during the measurement, so the time is not that of the connector.
func (b *bench) wantMany(name string, set setting, m mode, all []sample, end count) {
	const bound = 1.15
	wanted := fmt.Sprintf("at most %.2f", bound)
	if set.Writes == 0 {
		over := median(all, func(s sample) float64 {
			return s.Wall.Seconds() / (float64(s.requests) * b.latency.Seconds() / float64(b.hint))
		})
		b.results.want(name+": time, of requests × latency ÷ recommended parallelism", fmt.Sprintf("%.2f", over), wanted, over <= bound)
	}
	b.wantRequests(name, set, m, all)
	most := end.Stats.MostInFlight
	b.results.want(name+": requests in flight", strconv.Itoa(most), fmt.Sprintf("at most %d", b.hint), most <= b.hint)
}

// wantRequests compares the number of requests with that of pages. A first incremental sync ends with a page of changes of
// each table, and a table of several pages has a token scan: a page of keys for each page of rows.
func (b *bench) wantRequests(name string, set setting, m mode, all []sample) {
	most, of := 1.15, "rows"
	pages := set.streams() + b.tables*(b.pages-1)
	if m == incremental {
		pages += set.streams()
		of = "rows or changes, with a token scan"
		most++
	}
	perPage := median(all, func(s sample) float64 { return float64(s.requests) / float64(pages) })
	b.results.want(name+": requests of any kind for a page of "+of, fmt.Sprintf("%.2f", perPage), fmt.Sprintf("at most %.2f", most), perPage <= most)
}
