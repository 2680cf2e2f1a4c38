package dataverse

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// ceiling bounds how many requests of all application users of an environment are under way at once. The number that
// the service recommends (header x-ms-dop-hint) is one of the environment, which all clients have to share (Microsoft,
// "Send parallel requests"), whereas each user has service protection limits of its own.
type ceiling struct {
	allowed int // by the user and the machine, whatever the service recommends; 0: any number

	mu          sync.Mutex // also of the limiters
	users       []*limiter
	waiters     []*waiter // of all users, in the order of their requests
	inUse       int
	recommended int           // by the service
	pausedUntil time.Time     // no user sends anything before
	pausedFor   time.Duration // all pauses of all users together, up to pausedUntil
}

// waiter is a request that waits for its slot.
type waiter struct {
	limiter *limiter
	granted chan struct{}
	paused  chan time.Time // the time until which nothing is sent; the last value counts
}

// newCeiling returns a ceiling that never lets more requests pass than the user and the machine allow; 0: any number.
func newCeiling(wanted, machine int) *ceiling {
	c := &ceiling{allowed: cmp.Or(wanted, machine), recommended: cmp.Or(wanted, sustainable)}
	if machine > 0 {
		c.allowed = min(c.allowed, machine)
	}
	return c
}

// slots returns how many requests of all users may be under way at once. The lock is held.
func (c *ceiling) slots() int {
	slots := min(c.recommended, maxConcurrent*len(c.users))
	if c.allowed > 0 {
		slots = min(slots, c.allowed)
	}
	return max(slots, 1)
}

// recommend records how many concurrent requests the service recommends. The lock is held.
func (c *ceiling) recommend(n int) {
	c.recommended = n
	for _, u := range c.users {
		u.limit = min(u.limit, float64(u.highest()))
	}
}

// grant grants free slots to the waiters whose users have some left. The lock is held.
func (c *ceiling) grant() {
	now, slots := time.Now(), c.slots()
	c.waiters = slices.DeleteFunc(c.waiters, func(w *waiter) bool {
		if c.inUse >= slots || !w.limiter.hasSlot(now) {
			return false
		}
		c.inUse++
		w.limiter.inUse++
		w.limiter.granted++
		close(w.granted)
		return true
	})
}

// notePause adds to the pauses in which no user sends anything, after one of them has begun to pause or has
// been retired. The lock is held.
func (c *ceiling) notePause(now time.Time) {
	var until time.Time
	for _, u := range c.users {
		if !u.retired && (until.IsZero() || u.pausedUntil.Before(until)) {
			if until = u.pausedUntil; until.IsZero() {
				return // it has never paused
			}
		}
	}
	if until.After(now) && until.After(c.pausedUntil) {
		c.pausedFor += min(until.Sub(c.pausedUntil), until.Sub(now))
		c.pausedUntil = until
	}
}

// state returns how many requests may be under way at once, by the service's last recommendation and the user's
// setting, and the end of the current pause of all users, zero if there is none.
func (c *ceiling) state() (slots int, pausedUntil time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.pausedUntil) {
		pausedUntil = c.pausedUntil
	}
	return c.slots(), pausedUntil
}

// paused returns for how long all users have paused at the same time so far.
func (c *ceiling) paused() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pausedFor - max(time.Until(c.pausedUntil), 0)
}

// pauseAll makes all users wait, because the service is overloaded. The lock is held.
func (c *ceiling) pauseAll(now time.Time, pause time.Duration) {
	for _, u := range c.users {
		u.pause(now, pause)
	}
}
