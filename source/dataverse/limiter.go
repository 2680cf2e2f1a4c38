package dataverse

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
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
// (header x-ms-dop-hint).
type limiter struct {
	most int // even if the service recommends more

	mu            sync.Mutex
	waiters       []*waiter
	inUse         int
	limit         float64
	ceiling       int
	hinted        bool
	refused       bool          // a limit of the service was reached once
	lowered       time.Time     // when it was last reached: refusals of requests sent earlier are no news
	lastThrottled float64       // the limit at which the service last refused requests; 0: it never did
	pausedUntil   time.Time     // nothing is sent before
	pausedFor     time.Duration // all pauses together, up to pausedUntil
	resume        *time.Timer
}

// waiter is a request that waits for its slot.
type waiter struct {
	granted chan struct{}
	paused  chan time.Time // the time until which nothing is sent; the last value counts
}

// newLimiter returns a limiter that never grants more slots than the user and the machine allow; 0: any number.
func newLimiter(wanted, machine int) *limiter {
	l := &limiter{most: maxConcurrent, limit: initialLimit}
	for _, n := range []int{wanted, machine} {
		if n > 0 {
			l.most = min(l.most, n)
		}
	}
	l.ceiling = l.bounded(cmp.Or(wanted, sustainable))
	l.limit = min(l.limit, float64(l.ceiling))
	return l
}

func (l *limiter) bounded(n int) int { return max(min(n, l.most), 1) }

// acquire waits for a slot, and for the end of a pause that the service has asked for. onPause, unless it is nil, is
// called with the end of each pause. If a pause ends after latest, acquire returns a *WaitError at once.
func (l *limiter) acquire(ctx context.Context, latest time.Time, onPause func(until time.Time)) error {
	w := &waiter{granted: make(chan struct{}), paused: make(chan time.Time, 1)}
	l.mu.Lock()
	l.waiters = append(l.waiters, w)
	if time.Now().Before(l.pausedUntil) {
		w.paused <- l.pausedUntil
	}
	l.grant()
	l.mu.Unlock()
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := slices.Index(l.waiters, w); at >= 0 {
		l.waiters = slices.Delete(l.waiters, at, at+1)
		return
	}
	l.inUse--
	l.grant()
}

// release returns a slot.
func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inUse--
	l.grant()
}

// grant grants free slots to the waiters. The lock is held.
func (l *limiter) grant() {
	if time.Now().Before(l.pausedUntil) {
		return
	}
	for len(l.waiters) > 0 && l.inUse < int(l.limit) {
		l.inUse++
		close(l.waiters[0].granted)
		l.waiters = slices.Delete(l.waiters, 0, 1)
	}
}

// hint records how many concurrent requests the service recommends, which it sends with each good response (Microsoft,
// "Send parallel requests").
func (l *limiter) hint(header http.Header) {
	recommended, err := strconv.Atoi(header.Get("x-ms-dop-hint"))
	if err != nil || recommended <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ceiling = l.bounded(recommended)
	if !l.hinted && !l.refused {
		l.limit = max(l.limit, sustainable)
	}
	l.hinted = true
	l.limit = min(l.limit, float64(l.ceiling))
	l.grant()
}

// served records a good response. It is called while the request still has its slot.
func (l *limiter) served() {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.waiters) == 0 && l.inUse < int(l.limit): // more slots would not be used
	case l.refused:
		l.limit += l.step()
	default:
		l.limit++
	}
	l.limit = min(l.limit, float64(l.ceiling))
	l.grant()
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

// throttled records a refusal by a limit of the service and the pause that it asks for. It reports whether the pause is
// new: requests under way at the same time are refused together.
func (l *limiter) throttled(sent time.Time, pause time.Duration) (isNew bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if isNew = sent.After(l.lowered); isNew {
		l.lastThrottled = l.limit
		l.limit, l.refused, l.lowered = max(l.limit/2, 1), true, time.Now()
	}
	now := time.Now()
	if until := now.Add(pause); until.After(l.pausedUntil) {
		l.pausedFor += min(until.Sub(l.pausedUntil), pause)
		l.pausedUntil = until
		l.announcePause()
	}
	return isNew
}

// announcePause informs the waiters of a pause and grants slots again at its end. The lock is held.
func (l *limiter) announcePause() {
	for _, w := range l.waiters {
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
		l.mu.Lock()
		defer l.mu.Unlock()
		l.grant()
	})
}

// state returns how many requests may be under way at once, by the service's last recommendation and the user's
// setting, and the end of the current pause, zero if there is none.
func (l *limiter) state() (ceiling int, pausedUntil time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.pausedUntil) {
		pausedUntil = l.pausedUntil
	}
	return l.ceiling, pausedUntil
}

// paused returns for how long all requests have paused so far.
func (l *limiter) paused() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pausedFor - max(time.Until(l.pausedUntil), 0)
}
