package simulator

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// Stats counts the requests of the Web API. The sign-in is counted by itself.
type Stats struct {
	Requests     int         `json:"requests"`
	SignIns      int         `json:"sign_ins"`  // requests of the sign-in host
	InFlight     int         `json:"in_flight"` // at this moment
	MostInFlight int         `json:"most_in_flight"`
	Throttled    int         `json:"throttled"` // answers with status 429
	ByStatus     map[int]int `json:"by_status"` // answers, broken and unfinished ones too
	Bytes        int64       `json:"bytes"`     // of the answers' bodies as sent
}

// counters keep Stats. A request is in flight from the moment its header has arrived until its answer is sent.
type counters struct {
	mu    sync.Mutex
	stats Stats
}

// enter counts a request in, and gives what counts it out.
func (c *counters) enter(r *http.Request) (leave func(status int, bytes int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, apiPrefix) {
		c.stats.SignIns++
		return func(int, int64) {}
	}
	c.stats.Requests++
	c.stats.InFlight++
	c.stats.MostInFlight = max(c.stats.MostInFlight, c.stats.InFlight)
	return c.leave
}

func (c *counters) leave(status int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stats.ByStatus == nil {
		c.stats.ByStatus = map[int]int{}
	}
	c.stats.InFlight--
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
	s.ByStatus = maps.Clone(s.ByStatus)
	return s
}
