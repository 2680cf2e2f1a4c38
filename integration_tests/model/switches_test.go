package model_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// switches are what a trial draws about the service and the table sizes.
type switches struct {
	behaviors simulator.Behaviors
	pageSize  int
	shortest  int  // rows that the service puts on a page at most; 0: as many as requested
	rows      int  // of each table, four pages at least
	oneTag    bool // the tags fit on one page
	days      int  // for how long delta tokens last
	drift     bool // the clocks of the service's servers differ by up to two hours
	behind    bool // the service's clock is months behind that of the connector's machine
	binary    bool // reads are runs of the built binary
	fail      bool // on_expired_token is "fail": the user refreshes the streams whose errors ask for it
	large     bool // the orders have more keys than a state holds
	types     bool // lookups come with their types
	two       bool // there are two application users, one of which fails in half of the reads
	labels    labels
	notes     untracked
	ranges    ranges
}

func drawSwitches(r *rand.Rand) switches {
	s := switches{pageSize: 3 + r.IntN(18), oneTag: one(r, 2), days: 1 + r.IntN(9), drift: one(r, 2), binary: one(r, 6)}
	s.rows = s.pageSize*(4+r.IntN(2)) - r.IntN(s.pageSize)
	if one(r, 3) {
		s.shortest = max(2, s.pageSize-r.IntN(s.pageSize))
	}
	s.rows = max(s.rows, 3*s.pageSize+1)
	s.fail, s.large, s.behind = one(r, 5), one(r, 40), one(r, 6)
	s.behaviors = simulator.Behaviors{
		ExactLinks:                 true,
		TokenAt:                    simulator.TokenAt(r.IntN(2)),
		EditedSelect:               simulator.EditedSelect(r.IntN(3)),
		RecreatedOnlyUpserted:      one(r, 2),
		DeletionsAtPageEnd:         one(r, 2),
		ExpiredStatus:              []int{0, 410, 200}[r.IntN(3)],
		RepeatRows:                 one(r, 3),
		MetadataChangesUnavailable: one(r, 4),
	}
	s.types, s.behaviors.AnnotationsDropDeltaLink = one(r, 2), one(r, 2)
	s.behaviors.BoundedChanges = s.behaviors.TokenAt == simulator.FirstPage && one(r, 2)
	return s
}

// one is true in one of n cases.
func one(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// options are the options of the environment.
func (s switches) options(seed uint64, clock *clock) simulator.Options {
	rows := map[string]int{orders: s.rows, links: s.rows, notes: s.rows, tags: s.rows, users: 3, teams: 3}
	if s.oneTag {
		rows[tags] = max(1, s.pageSize-2)
	}
	return simulator.Options{
		Seed: seed, Tables: s.labels.shape(s.notes.shape(tables())), Languages: provisioned(), Rows: rows, Clock: clock.now, Behaviors: s.behaviors, ExpireDays: s.days,
		Keys: s.ranges.keys,
	}
}

// simpler returns the switches with one of them set to its usual value, each in turn.
func (s switches) simpler() []switches {
	var all []switches
	for _, change := range []func(*switches){
		func(s *switches) { s.notes = untracked{} },
		func(s *switches) { s.notes.bounded = s.notes.incremental },
		func(s *switches) { s.two = false },
		func(s *switches) { s.ranges.off = true },
		func(s *switches) { s.ranges.hint = min(s.ranges.hint, 2) },
		func(s *switches) { s.ranges.keys = simulator.OneNode },
		func(s *switches) { s.behaviors.ScanByVersion = false },
		func(s *switches) { s.behaviors.KeyComparison = simulator.KeysCompared },
		func(s *switches) { s.binary = false },
		func(s *switches) { s.behind = false },
		func(s *switches) { s.fail = false },
		func(s *switches) { s.large = false },
		func(s *switches) { s.types = false },
		func(s *switches) { s.behaviors.AnnotationsDropDeltaLink = false },
		func(s *switches) { s.labels = labels{} },
		func(s *switches) { s.drift = false },
		func(s *switches) { s.shortest = 0 },
		func(s *switches) { s.oneTag = false },
		func(s *switches) { s.behaviors.RepeatRows = false },
		func(s *switches) { s.behaviors.BoundedChanges = false },
		func(s *switches) { s.behaviors.MetadataChangesUnavailable = false },
		func(s *switches) { s.behaviors.DeletionsAtPageEnd = false },
		func(s *switches) { s.behaviors.RecreatedOnlyUpserted = false },
		func(s *switches) { s.behaviors.ExpiredStatus = 0 },
		func(s *switches) { s.behaviors.EditedSelect = simulator.Honoured },
		func(s *switches) { s.behaviors.TokenAt = simulator.LastPage },
	} {
		changed := s
		if change(&changed); changed != s {
			all = append(all, changed)
		}
	}
	return all
}

func (s switches) String() string {
	b := s.behaviors
	return fmt.Sprintf("pages of %d rows (the service's own limit: %d), %d rows a table, tags on one page: %t, tokens last %d days, clocks differ: %t, "+
		"months behind: %t, the built binary: %t, on_expired_token fail: %t, more orders than a state holds keys: %t, types of lookups: %t, annotations cost the delta link: %t, labels: %+v, token at the first page: %t, "+
		"edited select %s, recreated rows only upserted: %t, deletions at each page's end: %t, "+
		"status of an expired token: %d, rows repeat: %t, changes end as of their first page: %t, no RetrieveMetadataChanges: %t, notes: %s, two application users: %t, ranges: %s, scans by version: %t, keys %s",
		s.pageSize, s.shortest, s.rows, s.oneTag, s.days, s.drift, s.behind, s.binary, s.fail, s.large, s.types, b.AnnotationsDropDeltaLink, s.labels, b.TokenAt == simulator.FirstPage,
		[]string{"honoured", "ignored", "refused"}[b.EditedSelect], b.RecreatedOnlyUpserted, b.DeletionsAtPageEnd, b.ExpiredStatus,
		b.RepeatRows, b.BoundedChanges, b.MetadataChangesUnavailable, s.notes, s.two, s.ranges, b.ScanByVersion,
		[]string{"compared", "compared as text", "not compared", "refused"}[b.KeyComparison])
}

// ago returns how far the service's clock is behind.
func (s switches) ago() time.Duration {
	if s.behind {
		return 100 * 24 * time.Hour
	}
	return 0
}

// size returns how many rows the connector requests on a page. Where the orders are many, only their pages are long.
func (s switches) size() int {
	if s.large {
		return manyOrders/4 + 1
	}
	return s.pageSize
}

// longest returns how many rows of a stream the service puts on a page; 0: as many as requested.
func (s switches) longest(stream string) int {
	switch {
	case s.large && stream == orders:
		return 0
	case s.large && s.shortest == 0:
		return s.pageSize
	default:
		return s.shortest
	}
}

// manyOrders is more than the keys that a state has room for, where clients have chosen them.
const manyOrders = 3400
