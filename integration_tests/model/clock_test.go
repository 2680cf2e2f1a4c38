package model_test

import (
	"sync"
	"time"
)

// clock is the service's time. It advances only when a trial advances it, so that a trial is the same at any speed.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	drift time.Duration // of the server that responds
	shift time.Duration // while rows are imported
}

// newClock starts today, or so long ago: the service's time and that of the connector's machine need not agree.
func newClock(ago time.Duration) *clock {
	return &clock{at: time.Now().UTC().Truncate(24 * time.Hour).Add(-ago)}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(c.drift + c.shift)
}

// right returns the time by a clock that is right.
func (c *clock) right() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// respondWith lets a server with a clock of its own respond.
func (c *clock) respondWith(drift time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drift = drift
}

// importing shifts the time that rows are stamped with while do runs.
func (c *clock) importing(shift time.Duration, do func()) {
	set := func(to time.Duration) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.shift = to
	}
	set(shift)
	defer set(0)
	do()
}
