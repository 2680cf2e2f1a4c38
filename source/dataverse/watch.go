package dataverse

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// calls keeps which requests are under way, and what each of them is at.
type calls struct {
	mu    sync.Mutex
	open  map[*call]doing
	ended int // since the last look
}

type doing struct {
	what  string // a predicate of the request
	since time.Time
}

func (c *calls) note(a *call, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[*call]doing{}
	}
	c.open[a] = doing{what, time.Now()}
}

func (c *calls) forget(a *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, a)
	c.ended++
}

// look returns how many requests are open, what the one is at that has not moved for the longest, and whether any has
// ended since the last look.
func (c *calls) look() (open int, oldest string, at doing, moved bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a, d := range c.open {
		if oldest == "" || d.since.Before(at.since) {
			oldest, at = a.operation, d
		}
	}
	moved, c.ended = c.ended > 0, 0
	return len(c.open), oldest, at, moved
}

// LogStalls logs what the client waits for whenever no request has ended for a time of every, until the context ends. It is
// meant to run beside the requests: whoever looks at a sync that stands still learns why.
func (c *Client) LogStalls(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			c.tellWaits(ctx)
		}
	}
}

func (c *Client) tellWaits(ctx context.Context) {
	open, oldest, at, moved := c.calls.look()
	if open == 0 || moved {
		return
	}
	reason := fmt.Sprintf("the request to %s %s, since %v", oldest, at.what, time.Since(at.since).Round(time.Second))
	if _, until := c.governor.places(); !until.IsZero() {
		reason = "the service asked to send nothing before " + until.UTC().Format(time.RFC3339)
	}
	c.log.InfoContext(ctx, "waiting for Dataverse", "reason", reason, "requests", open)
}
