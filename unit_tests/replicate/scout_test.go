package replicate_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// database is an environment of tracked tables. Their delta tokens bear the version of the whole, which rises with time.
type database struct {
	pages  map[string]int // of the tables, by entity set
	at     replicate.Moment
	every  time.Duration // between two writes; 0: nothing is written
	began  time.Time
	refuse string                   // the entity set whose rows are refused
	late   map[string]time.Duration // how much longer answers take, by entity set

	mu     sync.Mutex
	asked  map[string][]string // what was asked for, by entity set: "rows", "keys" or "changes"
	order  []string            // the entity sets, in the order of their first requests
	walked map[string]int      // the version at the first page of a walk
}

func (d *database) version() int {
	if d.every == 0 {
		return 1000
	}
	return 1000 + int(time.Since(d.began)/d.every)
}

// Page implements replicate.Environment. An answer takes its time.
func (d *database) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	set, selected := q.Link.EntitySet(), q.Link.Select()
	time.Sleep(100*time.Millisecond + d.late[set])
	page := dataverse.Page{At: answered(), Context: selecting(strings.Join(selected, ","))}
	if err := sink.Begin(ctx, page.At); err != nil {
		return page, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	kind := "rows"
	switch {
	case q.Link.DeltaToken() != "":
		kind = "changes"
		page.Delta = dataverse.NewDeltaLink(set, selected, token(d.version()))
	case len(selected) == 1:
		kind = "keys"
	}
	if d.asked[set] == nil {
		d.order = append(d.order, set)
	}
	d.asked[set] = append(d.asked[set], kind)
	switch {
	case d.refuse == set:
		return page, refusal(http.StatusForbidden, "")
	case kind != "changes":
		d.walk(&page, dataverse.NewLink(set, selected), q, set+" "+kind)
	}
	return page, nil
}

// walk answers with a page of rows or keys. Pages that are asked for with few rows are two at least.
func (d *database) walk(page *dataverse.Page, first dataverse.Link, q dataverse.PageRequest, walk string) {
	number, last := 1, d.pages[q.Link.EntitySet()]
	if q.Size < 5 {
		last = max(last, 2)
	}
	if q.Link == first {
		d.walked[walk] = d.version()
	} else if _, err := fmt.Sscanf(strings.TrimPrefix(string(q.Link), string(first)), "&$skiptoken=%d-%d", &number, &last); err != nil {
		page.Next = q.Link // which is an error
		return
	}
	version := d.version()
	if d.at == replicate.FirstPage {
		version = d.walked[walk]
	}
	if number < last {
		page.Next = first + dataverse.Link(fmt.Sprintf("&$skiptoken=%d-%d", number+1, last))
		return
	}
	page.Delta = dataverse.NewDeltaLink(q.Link.EntitySet(), q.Link.Select(), token(version))
}

// Table implements replicate.Environment.
func (d *database) Table(context.Context, string) (*dataverse.Table, error) { return account(), nil }

// tables are streams of tracked tables with so many rows, never read before.
func tables(rows map[string]int64, mode airbyte.SyncMode) []replicate.Stream {
	var all []replicate.Stream
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		table, _ := tableNamed(name)
		table.Tracked = true
		s := streamOf(table, mode, "")
		s.Rows = rows[name]
		all = append(all, s)
	}
	return all
}

const longPages = 40

// readLong reads a long table and a short one from a database, and others beside them.
func readLong(t *testing.T, d *database, short int64, others ...replicate.Stream) outcome {
	t.Helper()
	d.began, d.asked, d.walked = time.Now(), map[string][]string{}, map[string]int{}
	d.pages = map[string]int{"longs": longPages, "shorts": 1, "wholes": 2}
	streams := tables(map[string]int64{"long": longPages * dataverse.MaxPageSize, "short": short}, airbyte.SyncModeIncremental)
	return run(t, d, nil, append(streams, others...)...)
}

// times is requests in short: "rows 2, changes 1".
func times(asked []string) string {
	var parts []string
	for len(asked) > 0 {
		n := slices.IndexFunc(asked, func(kind string) bool { return kind != asked[0] })
		if n < 0 {
			n = len(asked)
		}
		parts = append(parts, fmt.Sprintf("%s %d", asked[0], n))
		asked = asked[n:]
	}
	return strings.Join(parts, ", ")
}

const (
	cheap = "rows 40, changes 1"
	paid  = "keys 40, rows 40, changes 1"
)

func TestALongFirstReadingWaitsForAShortOneThatMaySaveItsWalkThroughKeys(t *testing.T) {
	for name, c := range map[string]struct {
		database    *database
		long, short string
		found       string
	}{
		"tokens stand for first pages": {
			&database{at: replicate.FirstPage, every: time.Second}, cheap, "rows 1, keys 1, changes 4, keys 1, changes 1", `"token_of":"first page"`,
		},
		"tokens stand for last pages": {
			&database{at: replicate.LastPage, every: time.Second}, paid, "rows 1, keys 1, changes 4, keys 1", `"token_of":"last page"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := readLong(t, c.database, 50)
				require.Zero(t, got.failed, got.messages)
				assert.Equal(t, c.long, times(c.database.asked["longs"]))
				assert.Equal(t, c.short, times(c.database.asked["shorts"]))
				assert.Contains(t, got.lastState(), c.found)
				assert.Contains(t, got.log, "wait for a short one")
			})
		})
	}
}

func TestALongFirstReadingGoesOnWhereTheShortOneTellsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		database *database
		short    int64
		failed   int
	}{
		"because nothing is written for a while": {&database{at: replicate.FirstPage}, 50, 0},
		"because it fails":                       {&database{at: replicate.FirstPage, every: time.Second, refuse: "shorts"}, 50, 1},
		"because it has too few rows":            {&database{at: replicate.LastPage, every: time.Second}, 2, 0},
		"because its length is not known":        {&database{at: replicate.LastPage, every: time.Second}, 0, 0},
		"because it is too long to wait for":     {&database{at: replicate.LastPage, every: time.Second}, 2 * dataverse.MaxPageSize, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := readLong(t, c.database, c.short)
				require.Equal(t, c.failed, got.failed, got.messages)
				assert.Equal(t, paid, times(c.database.asked["longs"]))
				assert.Contains(t, got.messages, "long COMPLETE")
			})
		})
	}
}

func TestAShortReadingGivesAClockWhereItIsKnownWhatTokensStandFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{at: replicate.FirstPage}
		got := readLong(t, d, 50, clock(replicate.FirstPage))
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, cheap, times(d.asked["longs"]))
		assert.NotContains(t, d.asked["shorts"], "keys", "nothing is left to find out")
	})
}

func TestReadingsThatBeginAtOnceShareTheVersionsThatTheyAreHeldAgainst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{
			at: replicate.FirstPage, every: time.Second, began: time.Now(), asked: map[string][]string{}, walked: map[string]int{},
			pages: map[string]int{"shorts": 1}, late: map[string]time.Duration{},
		}
		rows := map[string]int64{"short": 50}
		for i := range 8 {
			name := fmt.Sprintf("long%d", i)
			rows[name], d.pages[name+"s"], d.late[name+"s"] = 10*dataverse.MaxPageSize, 10, time.Duration(i)*time.Millisecond
		}
		got := run(t, d, func(j *replicate.Job) { j.Parallel = func() int { return len(rows) } }, tables(rows, airbyte.SyncModeIncremental)...)
		require.Zero(t, got.failed, got.messages)
		for set, pages := range d.pages {
			if pages > 1 {
				assert.Equal(t, "rows 10, changes 1", times(d.asked[set]))
			}
		}
		assert.Equal(t, "rows 1, keys 1, changes 4, keys 1, changes 4", times(d.asked["shorts"]),
			"two first pages at a time have room in memory; those behind the first four came before the last two questions")
	})
}

func TestStreamsThatDependOnNothingAreReadWhileLongOnesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{at: replicate.FirstPage, every: time.Second}
		got := readLong(t, d, 50, tables(map[string]int64{"whole": 10}, airbyte.SyncModeFullRefresh)...)
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, "longs", d.order[2])
		assert.Less(t, slices.Index(got.messages, "whole COMPLETE"), slices.Index(got.messages, "long STARTED"))
	})
}

func TestLongReadingsThatWaitEndWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		d := &database{began: time.Now(), asked: map[string][]string{}, walked: map[string]int{}, pages: map[string]int{"shorts": 1}}
		got := runIn(ctx, t, d, nil, tables(map[string]int64{"long": longPages * dataverse.MaxPageSize, "short": 50}, airbyte.SyncModeIncremental)...)
		assert.Equal(t, 1, got.failed)
		assert.NotContains(t, got.messages, "long STARTED")
	})
}

func TestAWalkThroughKeysIsGivenUpWhenItIsProvedThatItNeedNotBe(t *testing.T) {
	s := largeTable(3, 70)
	s.answers[keysTwo] = []answer{{next: keysLink + "&$skiptoken=3"}}
	state := `{"version":2,"phase":"keys","link":"` + escaped(keysTwo) + `","issued":"2026-04-01T11:00:00Z",` + ofOrganization() + `}`
	got := follow(t, s, replicate.FirstPage, []answer{{delta: clocksSince(70)}}, state)
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, []dataverse.Link{keysTwo, page(1), page(2), page(3), changesSince(70)}, s.accounts())
	assert.Len(t, got.records(), 3)
}
