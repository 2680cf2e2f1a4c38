package protocol

import (
	"sync/atomic"
	"time"
)

// clock returns the time in milliseconds since 1970. It never goes back, although the system's clock may.
type clock struct{ last atomic.Int64 }

func (c *clock) now() int64 {
	now := time.Now().UnixMilli()
	for {
		last := c.last.Load()
		if now <= last {
			return last
		}
		if c.last.CompareAndSwap(last, now) {
			return now
		}
	}
}
