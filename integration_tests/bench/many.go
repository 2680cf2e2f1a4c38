package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// many reads tables from a service that takes its time for each request, and says how many it wants at once. Then an
// environment is read that is in use: it has a short table too, something is written to it now and then, and so it can
// be found out that its delta tokens stand for first pages.
func (b *bench) many(ctx context.Context) error {
	quiet := setting{
		Shape: narrow(), Tables: b.tables, Rows: b.pages * b.pageRows, Page: b.pageRows, Latency: b.latency, Hint: b.hint, Keep: true,
	}
	inUse := quiet
	inUse.Short, inUse.Writes, inUse.TokenAt = shortRows, b.writes, simulator.FirstPage
	for _, play := range []struct {
		setting
		mode
	}{{quiet, fullRefresh}, {quiet, incremental}, {inUse, incremental}} {
		if err := b.manyIn(ctx, play.setting, play.mode); err != nil {
			return err
		}
	}
	return nil
}

// shortRows is how many rows the short table has.
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
	b.results.addReading(name, int64(set.records()), all, end)
	b.wantMany(name, set, m, all, end)
	return nil
}

// wantMany holds the reading of many tables to what a service that is kept busy without a break would allow. Where
// something is written the simulator makes its pages while the clock runs, so that time says nothing of the connector.
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

// wantRequests holds the number of requests to that of pages. A first incremental reading ends with a page of changes of
// each table. Where nothing is written it cannot be found out which page delta tokens stand for, and the keys are walked
// first: then there is another page of keys for each of rows.
func (b *bench) wantRequests(name string, set setting, m mode, all []sample) {
	most, of := 1.15, "rows"
	pages := set.streams() + b.tables*(b.pages-1)
	if m == incremental {
		pages += set.streams()
		of = "rows or changes"
		if set.Writes == 0 {
			most++
			of += ", the keys walked first"
		}
	}
	perPage := median(all, func(s sample) float64 { return float64(s.requests) / float64(pages) })
	b.results.want(name+": requests of any kind for a page of "+of, fmt.Sprintf("%.2f", perPage), fmt.Sprintf("at most %.2f", most), perPage <= most)
}
