package simulatortest

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that only the test moves. It starts at noon of 1 March 2026.
type Clock struct {
	seconds atomic.Int64
}

// NewClock returns a clock at its beginning.
func NewClock() *Clock {
	c := &Clock{}
	c.seconds.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	return c
}

// Now returns the time of the clock.
func (c *Clock) Now() time.Time { return time.Unix(c.seconds.Load(), 0) }

// Add moves the clock.
func (c *Clock) Add(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }
