package dataverse

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// sustainable is the number of requests that, always busy, use all that the service grants one user: 20 minutes of
	// execution time in any five (Microsoft, "Service protection API limits").
	sustainable = 4
	// maxConcurrent is the number of concurrent requests that the service accepts from one user (the same page).
	maxConcurrent = 52
	// initialLimit is the number of concurrent requests before the service has sent a hint.
	initialLimit = 3
)

// limiter decides how many requests of one user are under way at once. It grants slots in the order of the requests.
// Their number starts small and grows by one with each good response until the service first refuses a request. Each
// refusal halves it; from then on it grows by one per round of responses. It never exceeds what the service recommends
// (header x-ms-dop-hint), and the users of an environment together do not exceed it either.
type limiter struct {
	ceiling *ceiling // whose lock guards what follows

	retired       bool // the user sends nothing more
	inUse         int
	granted       int64 // slots, so far
	limit         float64
	hinted        bool
	refused       bool          // a limit of the service was reached once
	lowered       time.Time     // when it was last reached: refusals of requests sent earlier are no news
	lastThrottled float64       // the limit at which the service last refused requests; 0: it never did
	pausedUntil   time.Time     // nothing is sent before
	pausedFor     time.Duration // all pauses together, up to pausedUntil
	resume        *time.Timer
}

// newLimiter returns the limiter of one more user under a ceiling.
func newLimiter(c *ceiling) *limiter {
	l := &limiter{ceiling: c, limit: initialLimit}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users = append(c.users, l)
	l.limit = min(l.limit, float64(l.highest()))
	return l
}

// highest returns the most concurrent requests of the user. The lock is held.
func (l *limiter) highest() int { return min(l.ceiling.slots(), maxConcurrent) }

// hasSlot reports whether the user may send another request now. The lock is held.
func (l *limiter) hasSlot(now time.Time) bool {
	return l.inUse < int(l.limit) && !now.Before(l.pausedUntil)
}

// acquire waits for a slot, and for the end of a pause that the service has asked for. onPause, unless it is nil, is
// called with the end of each pause. If a pause ends after latest, acquire returns a *WaitError at once.
func (l *limiter) acquire(ctx context.Context, latest time.Time, onPause func(until time.Time)) error {
	w := &waiter{limiter: l, granted: make(chan struct{}), paused: make(chan time.Time, 1)}
	c := l.ceiling
	c.mu.Lock()
	c.waiters = append(c.waiters, w)
	if time.Now().Before(l.pausedUntil) {
		w.paused <- l.pausedUntil
	}
	c.grant()
	c.mu.Unlock()
	for {
		select {
		case <-w.granted:
			return nil
		case until := <-w.paused:
			if until.After(latest) {
				l.leave(w)
				return &WaitError{Asked: time.Until(until).Round(time.Second)}
			}
			if onPause != nil {
				onPause(until)
			}
		case <-ctx.Done():
			l.leave(w)
			return ctx.Err()
		}
	}
}

// leave removes a waiter, or releases its slot if it has been granted one in the meantime.
func (l *limiter) leave(w *waiter) {
	c := l.ceiling
	c.mu.Lock()
	if at := slices.Index(c.waiters, w); at >= 0 {
		c.waiters = slices.Delete(c.waiters, at, at+1)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	l.release()
}

// release returns a slot.
func (l *limiter) release() {
	c := l.ceiling
	c.mu.Lock()
	defer c.mu.Unlock()
	l.inUse--
	c.inUse--
	c.grant()
}

// hint records how many concurrent requests the service recommends, which it sends with each good response (Microsoft,
// "Send parallel requests").
func (l *limiter) hint(header http.Header) {
	recommended, err := strconv.Atoi(header.Get("x-ms-dop-hint"))
	if err != nil || recommended <= 0 {
		return
	}
	l.ceiling.mu.Lock()
	defer l.ceiling.mu.Unlock()
	if !l.hinted && !l.refused {
		l.limit = max(l.limit, sustainable)
	}
	l.hinted = true
	l.ceiling.recommend(recommended)
	l.ceiling.grant()
}

// served records a good response. It is called while the request still has its slot.
func (l *limiter) served() {
	c := l.ceiling
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case l.inUse < int(l.limit) && (!l.awaited() || c.inUse >= c.slots()): // more slots would not be used
	case l.refused:
		l.limit += l.step()
	default:
		l.limit++
	}
	l.limit = min(l.limit, float64(l.highest()))
	c.grant()
}

// awaited reports whether a request of the user waits for a slot. The lock is held.
func (l *limiter) awaited() bool {
	return slices.ContainsFunc(l.ceiling.waiters, func(w *waiter) bool { return w.limiter == l })
}

// step is the increase after one good response: one slot per round of responses, and far less near the limit at which
// the service last refused requests, because each round of refusals makes all streams pause. Without the slower steps,
// a simulated service that recommends more requests than it allows refused 1.2 to 1.6 % of them instead of 0.5 to 0.8
// %, and a sync took twice as long.
func (l *limiter) step() float64 {
	const near, far, slower = 0.75, 1.5, 16
	switch {
	case l.limit < near*l.lastThrottled, l.limit > far*l.lastThrottled:
		return 1 / l.limit
	default:
		return 1 / l.limit / slower
	}
}

// throttled records a refusal and the pause that it asks for. If everyone is to pause, the other users do so as well. It
// reports whether the pause is new: requests under way at the same time are refused together.
func (l *limiter) throttled(sent time.Time, pause time.Duration, everyone bool) (isNew bool) {
	l.ceiling.mu.Lock()
	defer l.ceiling.mu.Unlock()
	if isNew = sent.After(l.lowered); isNew {
		l.lastThrottled = l.limit
		l.limit, l.refused, l.lowered = max(l.limit/2, 1), true, time.Now()
	}
	now := time.Now()
	if everyone {
		l.ceiling.pauseAll(now, pause)
	} else {
		l.pause(now, pause)
	}
	return isNew
}

// pause makes the user wait. The lock is held.
func (l *limiter) pause(now time.Time, pause time.Duration) {
	until := now.Add(pause)
	if !until.After(l.pausedUntil) {
		return
	}
	l.pausedFor += min(until.Sub(l.pausedUntil), pause)
	l.pausedUntil = until
	l.announcePause()
	l.ceiling.notePause(now)
}

// announcePause informs the waiters of a pause and grants slots again at its end. The lock is held.
func (l *limiter) announcePause() {
	for _, w := range l.ceiling.waiters {
		if w.limiter != l {
			continue
		}
		select {
		case <-w.paused:
		default:
		}
		w.paused <- l.pausedUntil
	}
	if l.resume != nil {
		l.resume.Stop()
	}
	l.resume = time.AfterFunc(time.Until(l.pausedUntil), func() {
		l.ceiling.mu.Lock()
		defer l.ceiling.mu.Unlock()
		l.ceiling.grant()
	})
}

// retire notes that the user sends nothing more: a pause of the others is then one of all users.
func (l *limiter) retire() {
	l.ceiling.mu.Lock()
	defer l.ceiling.mu.Unlock()
	l.retired = true
	l.ceiling.notePause(time.Now())
}

// usage returns what the user has used so far.
func (l *limiter) usage() Usage {
	l.ceiling.mu.Lock()
	defer l.ceiling.mu.Unlock()
	return Usage{Requests: l.granted, Throttled: l.pausedFor - max(time.Until(l.pausedUntil), 0)}
}
