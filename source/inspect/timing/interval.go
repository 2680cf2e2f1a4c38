package timing

import "time"

const (
	// overhead is the number of requests of a sync besides those for its tables: the application user, the definitions, the
	// settings of the environment.
	overhead = 6
	// definitionsPerRequest is the number of tables whose definitions come in one request.
	definitionsPerRequest = 50
	// perDay is the number of requests a day that a suggestion does not exceed: half of the smallest allotment that all
	// application users of a tenant share (Microsoft, "Requests limits and allocations": 25,000 for Power Apps).
	perDay = 12_500
	// share is the part of an interval, as its reciprocal, that a sync without changes may take.
	share = 4
	day   = 24 * time.Hour
)

// Interval is a suggestion of how often to sync.
type Interval struct {
	Every    time.Duration
	Requests int64         // of a sync in which nothing has changed
	Took     time.Duration // about how long such a sync takes
	// Within is the longest time between two syncs, half the life of delta tokens; 0: no table has a delta token.
	Within time.Duration
}

// Suggest returns how often to sync tables. tokenLife is how long the service accepts a delta token. Known is false if no
// page was measured.
func Suggest(tables []Table, c Capacity, tokenLife time.Duration) (i Interval, known bool) {
	all, measured := speedOf(tables, c.size())
	if !measured {
		return Interval{}, false
	}
	i.Requests = overhead + (int64(len(tables))+definitionsPerRequest-1)/definitionsPerRequest
	sum, longest := time.Duration(i.Requests)*all.key, time.Duration(0)
	for _, t := range tables {
		requests, took := withoutChanges(t, all.of(t))
		i.Requests, sum, longest = i.Requests+requests, sum+took, max(longest, took/time.Duration(max(t.Lanes, 1)))
		if t.Mode == Tracked {
			i.Within = tokenLife / 2
		}
	}
	i.Took = max(longest, sum/time.Duration(max(min(c.Requests, Sustainable(c.Users)), 1)))
	i.Every = shortest(i)
	if i.Within > 0 {
		i.Every = min(i.Every, i.Within)
	}
	return i, true
}

// withoutChanges returns the requests for a table in a sync in which nothing has changed, and the time that they take one after
// another: the changes of a tracked table and their end, the rows above a version or a time, or all rows.
func withoutChanges(t Table, p speed) (requests int64, took time.Duration) {
	const two = 2
	if t.Mode != InFull {
		return two, two * min(p.key, p.row)
	}
	rows, _ := t.Rows()
	n := pages(rows, p.size)
	return n, time.Duration(n) * p.row
}

// shortest returns the shortest of the usual intervals that leaves time between syncs, and requests for others.
func shortest(i Interval) time.Duration {
	usual := []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}
	for _, every := range usual {
		if i.Took*share <= every && i.Requests*int64(day/every) <= perDay {
			return every
		}
	}
	return day
}
