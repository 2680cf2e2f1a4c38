package dataverse

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// openCalls holds the requests under way and the activity of each.
type openCalls struct {
	mu    sync.Mutex
	calls map[*call]activity
	ended int // since the last snapshot
}

// activity is what a request is doing.
type activity struct {
	what  string // a predicate of the request
	since time.Time
}

func (o *openCalls) update(a *call, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls == nil {
		o.calls = map[*call]activity{}
	}
	o.calls[a] = activity{what, time.Now()}
}

func (o *openCalls) remove(a *call) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.calls, a)
	o.ended++
}

// snapshot returns the number of open requests, the activity that has not changed for the longest time, and whether any
// request has ended since the last snapshot.
func (o *openCalls) snapshot() (open int, oldest string, doing activity, moved bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for a, d := range o.calls {
		if oldest == "" || d.since.Before(doing.since) {
			oldest, doing = a.operation, d
		}
	}
	moved, o.ended = o.ended > 0, 0
	return len(o.calls), oldest, doing, moved
}

// LogStalls logs what the client waits for whenever no request has ended for the duration every, until the context
// ends. It is meant to run alongside the requests, so that the log explains a sync that makes no progress.
func (c *Client) LogStalls(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			c.logStall(ctx)
		}
	}
}

func (c *Client) logStall(ctx context.Context) {
	open, oldest, doing, moved := c.open.snapshot()
	if open == 0 || moved {
		return
	}
	reason := fmt.Sprintf("The request to %s %s, since %v.", oldest, doing.what, time.Since(doing.since).Round(time.Second))
	if _, until := c.limiter.ceiling.state(); !until.IsZero() {
		reason = "The service asked to send nothing before " + until.UTC().Format(time.RFC3339) + "."
	}
	c.log.InfoContext(ctx, fmt.Sprintf("The connector is waiting for Dataverse; requests under way: %d. %s", open, reason))
}
