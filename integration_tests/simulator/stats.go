package simulator

import (
	"maps"
	"net/http"
	"strings"
	"sync"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Stats counts the requests of the Web API. Requests of the sign-in host are counted separately.
type Stats struct {
	Requests     int         `json:"requests"`
	SignIns      int         `json:"sign_ins"`  // requests of the sign-in host
	InFlight     int         `json:"in_flight"` // at this moment
	MostInFlight int         `json:"most_in_flight"`
	Throttled    int         `json:"throttled"` // responses with status 429
	ByStatus     map[int]int `json:"by_status"` // responses, broken and unfinished ones too
	Bytes        int64       `json:"bytes"`     // of the responses' bodies as sent

	ThrottledQueries int `json:"throttled_queries,omitempty"` // refusals by query throttling
}

// counters keep Stats. A request is in flight from the moment its header has arrived until its response is sent, or its
// client has given it up.
type counters struct {
	mu    sync.Mutex
	stats Stats
	open  map[*http.Request]struct{}
}

// enter counts a request, and returns the function that ends it.
func (c *counters) enter(r *http.Request) (leave func(status int, bytes int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, odata.APIPrefix) {
		c.stats.SignIns++
		return func(int, int64) {}
	}
	if c.open == nil {
		c.open = map[*http.Request]struct{}{}
	}
	c.stats.Requests++
	c.open[r] = struct{}{}
	c.stats.MostInFlight = max(c.stats.MostInFlight, c.inFlight())
	return func(status int, bytes int64) { c.leave(r, status, bytes) }
}

// inFlight counts the requests that somebody still waits for.
func (c *counters) inFlight() int {
	n := 0
	for r := range c.open {
		if r.Context().Err() == nil {
			n++
		}
	}
	return n
}

func (c *counters) leave(r *http.Request, status int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, r)
	if c.stats.ByStatus == nil {
		c.stats.ByStatus = map[int]int{}
	}
	c.stats.ByStatus[status]++
	c.stats.Bytes += bytes
	if status == http.StatusTooManyRequests {
		c.stats.Throttled++
	}
}

func (c *counters) read() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.InFlight = c.inFlight()
	s.ByStatus = maps.Clone(s.ByStatus)
	return s
}
