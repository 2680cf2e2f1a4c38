package replicate_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// inLanes makes a run read large tables by ranges, with pages of ten rows.
func inLanes(slots int) func(*replicate.Job) {
	return func(j *replicate.Job) {
		j.Slots, j.PageSize = func() int { return slots }, 10
	}
}

// large returns a stream with the number of rows that its table is known to have.
func large(stream replicate.Stream, rows int) replicate.Stream {
	stream.Rows = int64(rows)
	return stream
}

func TestALargeTableIsReadByRangesOfItsKey(t *testing.T) {
	for name, byVersion := range map[string]bool{"whose scan goes by key": false, "whose scan goes by version": true} {
		t.Run(name, func(t *testing.T) {
			s := newKeyedService(1, 500)
			s.byVersion = byVersion
			got := run(t, s, inLanes(4), large(incremental(""), 500))
			require.Equal(t, "account COMPLETE", got.last(), got.log)
			assert.NotContains(t, got.log, "WARN")
			assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
			assert.Len(t, got.records(), 500, "each row once")
			assert.Zero(t, s.requests("select=accountid,name&$skiptoken"), "no next link is followed")
			assert.Greater(t, s.requests("accountid gt"), 50)
			assert.NotContains(t, got.lastState(), "ranges")
			assert.Contains(t, got.lastState(), `"version":2`)
		})
	}
}

func TestAFullRefreshScansKeysAheadOfItsRows(t *testing.T) {
	s := newKeyedService(2, 500)
	got := run(t, s, inLanes(4), large(fullRefresh(""), 500))
	require.Equal(t, "account COMPLETE", got.last(), got.log)
	assert.NotContains(t, got.log, "WARN")
	assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
	assert.Len(t, got.records(), 500)
	assert.Contains(t, got.lastState(), `"__ab_full_refresh_sync_complete":true`)
}

func TestATableIsReadPageAfterPageUnlessRangesPayOff(t *testing.T) {
	for name, example := range map[string]struct {
		rows   int
		change func(*replicate.Job)
		table  func(*dataverse.Table)
	}{
		"because it is small":             {190, inLanes(4), nil},
		"because one request is allowed":  {500, inLanes(1), nil},
		"because ranges are turned off":   {500, func(j *replicate.Job) { j.PageSize = 10 }, nil},
		"because its rows are elsewhere":  {500, inLanes(4), func(t *dataverse.Table) { t.Virtual = true }},
		"because it may be elsewhere":     {500, inLanes(4), func(t *dataverse.Table) { t.LogicalName = "audit" }},
		"because its keys are not GUIDs":  {500, inLanes(4), func(t *dataverse.Table) { t.Columns[0].Type = dataverse.String }},
		"because nothing proves its keys": {500, inLanes(4), func(t *dataverse.Table) { t.Columns = t.Columns[1:] }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyedService(3, example.rows)
			for _, stream := range []replicate.Stream{incremental(""), fullRefresh("")} {
				if example.table != nil {
					table := account()
					example.table(table)
					stream.Table = table
				}
				got := run(t, s, example.change, large(stream, example.rows))
				require.Contains(t, got.last(), "COMPLETE", got.log)
				assert.Len(t, got.records(), example.rows)
				assert.Zero(t, s.requests("$orderby"))
				assert.NotContains(t, strings.Join(got.states(), "\n"), `"version":3`)
			}
		})
	}
}

// However the service compares keys in filters, all rows arrive. A warning states what was seen.
func TestAServiceThatComparesKeysOtherwiseIsReadPageAfterPage(t *testing.T) {
	for name, example := range map[string]struct {
		behave func(*keyedService)
		reason string
	}{
		"refusing it": {func(s *keyedService) {
			s.refuse = func(q dataverse.PageRequest) error {
				if strings.Contains(string(q.Link), "%20gt%20") || strings.Contains(string(q.Link), "%20le%20") {
					return badOperator()
				}
				return nil
			}
		}, "Dataverse refuses to compare keys"},
		"as text":  {func(s *keyedService) { s.compare = compareAsText }, "rows may be missing"},
		"not all":  {func(s *keyedService) { s.compare = func(_, _ keyrange.Key) int { return 1 } }, ""},
		"never gt": {func(s *keyedService) { s.compare = func(_, _ keyrange.Key) int { return 0 } }, ""},
		"ge for gt": {func(s *keyedService) {
			s.compare = func(a, b keyrange.Key) int {
				if a == b {
					return 1
				}
				return a.Compare(b)
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []replicate.Stream{incremental(""), fullRefresh("")} {
				s := newKeyedService(4, 500)
				example.behave(s)
				got := run(t, s, inLanes(4), large(stream, 500))
				require.Equal(t, "account COMPLETE", got.last(), got.log)
				assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
				assert.Len(t, got.records(), 500, "each row once")
				assert.Contains(t, got.log, "The table is read one page after the other")
				assert.Contains(t, got.log, example.reason)
			}
		})
	}
}

func TestAPageThatLacksARowIsRequestedAgainAndThenNotTrusted(t *testing.T) {
	for name, example := range map[string]struct {
		times int
		warns bool
	}{"once": {1, false}, "twice": {2, true}} {
		t.Run(name, func(t *testing.T) {
			s, cut, link := newKeyedService(5, 500), 0, dataverse.Link("")
			s.alter = func(q dataverse.PageRequest, page []keyedRow, more bool) ([]keyedRow, bool) {
				if isOfRange(q) && more && cut < example.times && (link == "" || link == q.Link) {
					cut, link = cut+1, q.Link
					return page[:3], false // the rest of the range is lost
				}
				return page, more
			}
			got := run(t, s, inLanes(2), large(incremental(""), 500))
			require.Equal(t, "account COMPLETE", got.last(), got.log)
			assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
			assert.Equal(t, example.warns, strings.Contains(got.log, "rows may be missing"), got.log)
		})
	}
}

func TestRowsThatAreMissingInTheEndAreReadByTheirKeys(t *testing.T) {
	s := newKeyedService(6, 20_000)
	lost := map[keyrange.Key]bool{}
	for i := 101; i < len(s.rows); i += 5000 { // none of them is sampled, because every other key is
		lost[s.rows[i].key] = true
	}
	s.alter = func(q dataverse.PageRequest, page []keyedRow, more bool) ([]keyedRow, bool) {
		if !isOfRange(q) {
			return page, more
		}
		var kept []keyedRow
		for _, r := range page {
			if !lost[r.key] {
				kept = append(kept, r)
			}
		}
		return kept, more
	}
	got := run(t, s, func(j *replicate.Job) { inLanes(4)(j); j.PageSize = 1000 }, large(incremental(""), 20_000))
	require.Equal(t, "account COMPLETE", got.last(), got.log)
	assert.Equal(t, s.environment(), destination(t, map[string]string{}, got))
	assert.Contains(t, got.log, "Rows that exist were not returned with their ranges of keys")
}

// Rows change, come and go between any two requests.
func TestRowsThatChangeWhileRangesAreReadEndUpRight(t *testing.T) {
	for seed := range uint64(12) {
		s := newKeyedService(seed, 400)
		s.byVersion = seed%2 == 0
		source := rand.New(rand.NewPCG(seed, 4))
		var gone []keyrange.Key
		s.before = func(dataverse.PageRequest) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.history) > 700 {
				return
			}
			some := s.rows[source.IntN(len(s.rows))].key
			switch source.IntN(5) {
			case 0:
				s.create(randomKey(source))
			case 1:
				s.remove(some)
				gone = append(gone, some)
			case 2:
				if len(gone) > 0 {
					s.create(gone[source.IntN(len(gone))])
				}
			default:
				s.create(some)
			}
		}
		first := run(t, s, inLanes(3), large(incremental(""), 400))
		require.Equal(t, "account COMPLETE", first.last(), first.log)
		into := destination(t, map[string]string{}, first)
		s.before = nil
		second := run(t, s, inLanes(3), large(incremental(first.lastState()), 400))
		require.Equal(t, "account COMPLETE", second.last(), second.log)
		assert.Equal(t, s.environment(), destination(t, into, second), "seed %d\n%s", seed, first.log)
	}
}

// A run is killed after any of its states, and the next one has another number of lanes and another page size.
func TestAKilledReadByRangesGoesOnWhereItWas(t *testing.T) {
	for name, stream := range map[string]func(string) replicate.Stream{"snapshot": incremental, "full refresh": fullRefresh} {
		t.Run(name, func(t *testing.T) {
			s := newKeyedService(8, 300)
			whole := run(t, s, inLanes(4), large(stream(""), 300))
			require.Equal(t, "account COMPLETE", whole.last(), whole.log)
			for at := 1; at < len(whole.states()); at += 5 {
				killed := until(whole, "", at)
				into, state := destination(t, map[string]string{}, killed), killed.lastState()
				rest := run(t, s, func(j *replicate.Job) {
					inLanes(1 + at%5)(j)
					j.PageSize = 7 + at%9
				}, large(stream(state), 300))
				require.Equal(t, "account COMPLETE", rest.last(), rest.log)
				assert.Equal(t, s.environment(), destination(t, into, rest), "after %s", state)
				if strings.Contains(state, `"ranges"`) {
					assert.LessOrEqual(t, len(killed.records())+len(rest.records()), 300+4*10, "a page of each lane is sent again at most: %s %s", rest.log, state)
				}
			}
		})
	}
}

// until returns what a run sends up to one of its states that have a text; n counts them from 0.
func until(o outcome, text string, n int) (killed outcome) {
	for _, m := range o.messages {
		killed.messages = append(killed.messages, m)
		if strings.Contains(m, " STATE ") && strings.Contains(m, text) {
			if n--; n < 0 {
				break
			}
		}
	}
	return killed
}
