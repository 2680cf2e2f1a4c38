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
	PageSize int // of the configuration, in rows; 0: the most that the service sends
}

// Sustainable returns how many requests application users can keep busy all the time within the execution time that one web
// server of the service grants them.
func Sustainable(users int) int { return perUser * max(users, 1) }

// Bottleneck is what the duration of a first load depends on most.
type Bottleneck string

// The bottlenecks of a first load.
const (
	// Latency: the pages of the longest table follow one another, or at least those of its keys do, so the time of the service
	// for each of them counts.
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
	Lanes      int    // of its pages that are requested at the same time
	// Unknown are the tables whose numbers of rows are not known. The load is that of the others.
	Unknown []string
}

// FirstLoad estimates the first sync of tables. Known is false if no page was measured, or if no number of rows is known
// although a page was full.
//
// Each table is read page after page, or in lanes, and tables are read in parallel. The load takes at least as long as its longest
// table, and as all requests divided by those that run at the same time. The upper end of the range also allows for the service
// protection limits of one web server. An environment may have more web servers, but their number is not visible.
func FirstLoad(tables []Table, c Capacity) (l Load, known bool) {
	all, measured := speedOf(tables, c.size())
	if !measured {
		return Load{}, false
	}
	var longest, sum time.Duration
	counted := 0
	for _, t := range tables {
		rows, isKnown := t.Rows()
		if !isKnown {
			l.Unknown = append(l.Unknown, t.Name)
			continue
		}
		counted++
		own := costOf(t, rows, all.of(t))
		l.Rows, l.Requests, sum = l.Rows+rows, l.Requests+own.requests, sum+own.busy
		if own.took > longest || l.Longest == "" {
			longest, l.Longest, l.Lanes = own.took, t.Name, max(t.Lanes, 1)
		}
	}
	if counted == 0 {
		return Load{}, false
	}
	parallel, users := max(c.Requests, 1), max(c.Users, 1)
	free := max(longest, sum/time.Duration(parallel))
	limited := max(sum/time.Duration(min(parallel, Sustainable(users))),
		time.Duration(float64(l.Requests)/requestsPerSecond/float64(users)*float64(time.Second)))
	l.Least = time.Duration(float64(free) * optimism).Round(time.Millisecond)
	l.Most = time.Duration(float64(max(free, limited)) * pessimism).Round(time.Millisecond)
	switch {
	case limited > free:
		l.Bottleneck = Limits
	case longest >= sum/time.Duration(parallel):
		l.Bottleneck = Latency
	default:
		l.Bottleneck = Lanes
	}
	return l, true
}

// cost is what the first sync of a table takes.
type cost struct {
	requests int64
	busy     time.Duration // all requests one after another
	took     time.Duration // as the requests follow each other, or run at the same time
}

// costOf returns the cost of a table. If it has more than one page and change tracking, a scan of its keys comes before the
// rows. If a table without change tracking is read in lanes, the scan runs along with them.
func costOf(t Table, rows int64, s speed) cost {
	n := pages(rows, s.size)
	keys, all, lanes := time.Duration(n)*s.key, time.Duration(n)*s.row, time.Duration(max(t.Lanes, 1))
	switch {
	case n == 1:
		return cost{requests: n, busy: all, took: all}
	case t.Mode == Tracked:
		return cost{requests: 2 * n, busy: keys + all, took: keys + all/lanes}
	case lanes > 1:
		return cost{requests: 2 * n, busy: keys + all, took: max(keys, all/lanes)}
	default:
		return cost{requests: n, busy: all, took: all}
	}
}
