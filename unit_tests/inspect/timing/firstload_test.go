package timing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/inspect/timing"
)

func counted(n int64) *int64 { return &n }

// full is a page of 5,000 rows with more after it.
func full(took time.Duration) *timing.Page { return &timing.Page{Rows: 5000, Took: took, More: true} }

// big is a table with change tracking of a million rows, whose pages take 1.4 s, or 0.6 s for keys alone: 400 s for
// the rows and the scan of the keys.
func big(name string) timing.Table {
	return timing.Table{
		Name: name, Mode: timing.Tracked, Counted: counted(1_000_000), Page: full(1400 * time.Millisecond), Keys: full(600 * time.Millisecond),
	}
}

// laned is a big table that is read in lanes.
func laned(mode timing.Mode) timing.Table {
	t := big("account")
	t.Mode, t.Lanes = mode, 4
	return t
}

func TestFirstLoadsAreRangesWithABottleneck(t *testing.T) {
	four := timing.Capacity{Requests: 4, Users: 1}
	eight := []timing.Table{big("a"), big("b"), big("c"), big("d"), big("e"), big("f"), big("g"), big("h")}
	for name, c := range map[string]struct {
		tables   []timing.Table
		capacity timing.Capacity
		want     timing.Load
	}{
		"one table is as slow as its pages": {
			[]timing.Table{big("account")}, four,
			timing.Load{Rows: 1e6, Requests: 400, Least: 280 * time.Second, Most: 600 * time.Second, Bottleneck: timing.Latency, Longest: "account", Lanes: 1},
		},
		"lanes divide the rows of a table, but not its keys": {
			[]timing.Table{laned(timing.Tracked)}, timing.Capacity{Requests: 8, Users: 2},
			timing.Load{Rows: 1e6, Requests: 400, Least: 133 * time.Second, Most: 285 * time.Second, Bottleneck: timing.Latency, Longest: "account", Lanes: 4},
		},
		"lanes of a full refresh run along with its keys": {
			[]timing.Table{laned(timing.InFull)}, timing.Capacity{Requests: 8, Users: 2},
			timing.Load{Rows: 1e6, Requests: 400, Least: 84 * time.Second, Most: 180 * time.Second, Bottleneck: timing.Latency, Longest: "account", Lanes: 4},
		},
		"parallel requests divide many tables": {
			eight, four,
			timing.Load{Rows: 8e6, Requests: 3200, Least: 560 * time.Second, Most: 1200 * time.Second, Bottleneck: timing.Lanes, Longest: "a", Lanes: 1},
		},
		"a user keeps four requests busy": {
			eight, timing.Capacity{Requests: 8, Users: 1},
			timing.Load{Rows: 8e6, Requests: 3200, Least: 280 * time.Second, Most: 1200 * time.Second, Bottleneck: timing.Limits, Longest: "a", Lanes: 1},
		},
		"two users keep eight busy": {
			eight, timing.Capacity{Requests: 8, Users: 2},
			timing.Load{Rows: 8e6, Requests: 3200, Least: 280 * time.Second, Most: 600 * time.Second, Bottleneck: timing.Latency, Longest: "a", Lanes: 1},
		},
		"requests are limited too": {
			[]timing.Table{{Name: "quick", Mode: timing.InFull, Counted: counted(60_000_000), Page: full(10 * time.Millisecond)}}, timing.Capacity{Requests: 4},
			timing.Load{Rows: 60e6, Requests: 12000, Least: 84 * time.Second, Most: 900 * time.Second, Bottleneck: timing.Limits, Longest: "quick", Lanes: 1},
		},
		"a table that was not measured is like the others": {
			[]timing.Table{big("account"), {Name: "contact", Mode: timing.ByCursor, Counted: counted(500_001)}}, timing.Capacity{Requests: 1},
			timing.Load{Rows: 1_500_001, Requests: 501, Least: 378980 * time.Millisecond, Most: 812100 * time.Millisecond, Bottleneck: timing.Lanes, Longest: "account", Lanes: 1},
		},
		"a table of one page takes no scan of its keys": {
			[]timing.Table{{Name: "team", Mode: timing.Tracked, Counted: counted(7_000_000), Page: &timing.Page{Rows: 12, Took: 100 * time.Millisecond}}}, four,
			timing.Load{Rows: 12, Requests: 1, Least: 70 * time.Millisecond, Most: 150 * time.Millisecond, Bottleneck: timing.Latency, Longest: "team", Lanes: 1},
		},
		"a table whose rows are not counted is left out": {
			[]timing.Table{big("account"), {Name: "contact", Page: full(time.Second)}, {Name: "lead"}}, four,
			timing.Load{
				Rows: 1e6, Requests: 400, Least: 280 * time.Second, Most: 600 * time.Second, Bottleneck: timing.Latency, Longest: "account", Lanes: 1,
				Unknown: []string{"contact", "lead"},
			},
		},
		"a count below the first page is none": {
			[]timing.Table{big("account"), {Name: "contact", Counted: counted(4000), Page: full(time.Second)}}, four,
			timing.Load{
				Rows: 1e6, Requests: 400, Least: 280 * time.Second, Most: 600 * time.Second, Bottleneck: timing.Latency, Longest: "account", Lanes: 1,
				Unknown: []string{"contact"},
			},
		},
		"smaller pages are more pages": {
			[]timing.Table{{Name: "lead", Mode: timing.InFull, Counted: counted(1000), Page: &timing.Page{Rows: 100, Took: time.Second, More: true}}},
			timing.Capacity{Requests: 4, PageSize: 100},
			timing.Load{Rows: 1000, Requests: 10, Least: 7 * time.Second, Most: 15 * time.Second, Bottleneck: timing.Latency, Longest: "lead", Lanes: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			load, known := timing.FirstLoad(c.tables, c.capacity)
			assert.True(t, known)
			assert.Equal(t, c.want, load)
		})
	}
}

func TestWithoutCountsOrPagesThereIsNoEstimate(t *testing.T) {
	for name, tables := range map[string][]timing.Table{
		"no table":            nil,
		"no page is measured": {{Name: "account", Counted: counted(1_000_000)}},
		"no table is counted": {{Name: "account", Page: full(time.Second)}, {Name: "contact", Counted: counted(0), Page: full(time.Second)}},
	} {
		t.Run(name, func(t *testing.T) {
			load, known := timing.FirstLoad(tables, timing.Capacity{Requests: 4, Users: 1})
			assert.False(t, known)
			assert.Zero(t, load)
		})
	}
}

func TestIntervalsLeaveTimeAndRequests(t *testing.T) {
	const week = 7 * 24 * time.Hour
	small := timing.Table{Name: "team", Mode: timing.Tracked, Page: &timing.Page{Rows: 12, Took: 100 * time.Millisecond}}
	var hundred []timing.Table
	for range 100 {
		hundred = append(hundred, small)
	}
	four := timing.Capacity{Requests: 4, Users: 1}
	for name, c := range map[string]struct {
		tables []timing.Table
		life   time.Duration
		want   timing.Interval
	}{
		"a few tables": {
			[]timing.Table{small, small}, week,
			timing.Interval{Every: 15 * time.Minute, Requests: 11, Took: 275 * time.Millisecond, Within: week / 2},
		},
		"a hundred tables leave requests to others": {
			hundred, week, timing.Interval{Every: 30 * time.Minute, Requests: 208, Took: 5200 * time.Millisecond, Within: week / 2},
		},
		"a table without a cursor is read in full": {
			[]timing.Table{{Name: "audit", Mode: timing.InFull, Counted: counted(5_000_000), Page: full(time.Second)}}, week,
			timing.Interval{Every: 2 * time.Hour, Requests: 1007, Took: 1000 * time.Second},
		},
		"tokens expire soon": {
			[]timing.Table{small}, 20 * time.Minute,
			timing.Interval{Every: 10 * time.Minute, Requests: 9, Took: 225 * time.Millisecond, Within: 10 * time.Minute},
		},
		"nothing is fast enough": {
			[]timing.Table{{Name: "audit", Mode: timing.InFull, Counted: counted(500_000_000), Page: full(time.Second)}}, week,
			timing.Interval{Every: 24 * time.Hour, Requests: 100_007, Took: 100_000 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			interval, known := timing.Suggest(c.tables, four, c.life)
			assert.True(t, known)
			assert.Equal(t, c.want, interval)
		})
	}
	_, known := timing.Suggest([]timing.Table{{Name: "account"}}, four, week)
	assert.False(t, known, "no page was measured")
}
