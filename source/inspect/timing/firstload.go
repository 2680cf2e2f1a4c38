package timing

import "time"

const (
	// perUser is the number of requests that, always busy, use all execution time that the service grants a user of one web
	// server: 20 minutes in any five (Microsoft, "Service protection API limits").
	perUser = 4
	// requestsPerSecond is the number of requests that the service accepts from one user and web server, averaged over five
	// minutes (the same page: 6,000).
	requestsPerSecond = 6000.0 / 300
	// optimism and pessimism are by how much a load may take less or more time than its first pages suggest: pages differ in
	// size, and the service is not equally busy at all times.
	optimism, pessimism = 0.7, 1.5
)

// Capacity is what a sync may use.
type Capacity struct {
	Requests int // that run at the same time, as the service recommends or the configuration limits them
	Users    int // application users
	Lanes    int // requests for one table at the same time; 0: 1, because its pages follow one another
	PageSize int // of the configuration, in rows; 0: the most that the service sends
}

// Sustainable returns how many requests application users can keep busy all the time within the execution time that one web
// server of the service grants them.
func Sustainable(users int) int { return perUser * max(users, 1) }

// Bottleneck is what the duration of a first load depends on most.
type Bottleneck string

// The bottlenecks of a first load.
const (
	// Latency: the pages of the longest table follow one another, or its lanes do, so the time of the service for each of
	// them counts.
	Latency Bottleneck = "latency"
	// Lanes: as many requests run at the same time as the service recommends, or as the configuration allows.
	Lanes Bottleneck = "lanes"
	// Limits: the service protection limits let the users keep fewer requests busy than may run at the same time.
	Limits Bottleneck = "limits"
)

// Load is an estimate of the first sync of tables, the initial snapshots and full refreshes.
type Load struct {
	Rows       int64         // of the tables whose numbers of rows are known
	Requests   int64         // for their pages
	Least      time.Duration // the time, as a range
	Most       time.Duration
	Bottleneck Bottleneck
	Longest    string // the table that takes the longest
	// Unknown are the tables whose numbers of rows are not known. The load is that of the others.
	Unknown []string
}

// FirstLoad estimates the first sync of tables. Known is false if no page was measured, or if no number of rows is known
// although a page was full.
//
// Each table is read page after page, or in lanes, and tables are read in parallel. The load is at least as long as
// that of the longest table, and as all requests divided by those that run at the same time. The upper end of the range
// also allows for the service protection limits of one web server: an environment may have more, but that is not visible.
func FirstLoad(tables []Table, c Capacity) (l Load, known bool) {
	all, measured := speedOf(tables, c.size())
	if !measured {
		return Load{}, false
	}
	var chain, sum, longest time.Duration
	counted := 0
	for _, t := range tables {
		rows, isKnown := t.Rows()
		if !isKnown {
			l.Unknown = append(l.Unknown, t.Name)
			continue
		}
		counted++
		requests, took := load(t, rows, all.of(t))
		l.Rows, l.Requests, sum = l.Rows+rows, l.Requests+requests, sum+took
		if took > longest || l.Longest == "" {
			longest, l.Longest = took, t.Name
		}
		chain = max(chain, took/time.Duration(lanesOf(requests, c)))
	}
	if counted == 0 {
		return Load{}, false
	}
	parallel, users := max(c.Requests, 1), max(c.Users, 1)
	free := max(chain, sum/time.Duration(parallel))
	limited := max(sum/time.Duration(min(parallel, Sustainable(users))),
		time.Duration(float64(l.Requests)/requestsPerSecond/float64(users)*float64(time.Second)))
	l.Least = time.Duration(float64(free) * optimism)
	l.Most = time.Duration(float64(max(free, limited)) * pessimism)
	switch {
	case limited > free:
		l.Bottleneck = Limits
	case chain >= sum/time.Duration(parallel):
		l.Bottleneck = Latency
	default:
		l.Bottleneck = Lanes
	}
	return l, true
}

// load returns the requests of the first sync of a table, and the time that they take one after another. A table with
// change tracking of more than one page takes a scan of the keys first.
func load(t Table, rows int64, p speed) (requests int64, took time.Duration) {
	n := pages(rows, p.size)
	requests, took = n, time.Duration(n)*p.row
	if t.Mode == Tracked && n > 1 {
		requests, took = requests+n, took+time.Duration(n)*p.key
	}
	return requests, took
}

// lanesOf returns how many requests for a table run at the same time.
func lanesOf(requests int64, c Capacity) int64 {
	return max(1, min(int64(c.Lanes), int64(c.Requests), requests))
}
