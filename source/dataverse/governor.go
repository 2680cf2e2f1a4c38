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
	// sustainable is how many busy requests use up what the service grants one user for good: 20 minutes of execution
	// time in any five (Microsoft, "Service protection API limits").
	sustainable = 4
	// serviceMost is how many requests of one user the service takes at once (the same page).
	serviceMost = 52
	// cautious is how many requests run at once before the service has given a hint.
	cautious = 3
)

// governor decides how many requests are under way at once, for everything that one user asks of the service. It grants
// places in the order in which they were asked for. Their number starts small, grows while the service keeps up, and
// falls where it does not; it never exceeds what the service hints (header x-ms-dop-hint).
type governor struct {
	most int // whatever the service hints

	mu      sync.Mutex
	queue   []*turn
	busy    int
	limit   float64
	ceiling int
	hinted  bool
	steady  bool      // the limit was lowered once: from then on it grows by one a round
	lowered time.Time // when: requests sent before tell nothing new
	wall    float64   // at how many places the service refused requests last; 0: it did not
	until   time.Time // nothing is sent before
	resume  *time.Timer
	pace    pace
}

// turn is a request that waits for its place.
type turn struct {
	granted chan struct{}
	paused  chan time.Time // until when nothing is sent; the last one counts
}

// newGovernor makes a governor that never grants more places than wanted by the user and borne by the machine; 0: no
// matter.
func newGovernor(wanted, borne int) *governor {
	g := &governor{most: serviceMost, limit: cautious}
	for _, n := range []int{wanted, borne} {
		if n > 0 {
			g.most = min(g.most, n)
		}
	}
	g.ceiling = g.bounded(cmp.Or(wanted, sustainable))
	g.limit = min(g.limit, float64(g.ceiling))
	return g
}

func (g *governor) bounded(n int) int { return max(min(n, g.most), 1) }

// acquire waits for a place, and for the end of a pause that the service has asked for. waits, unless it is nil, is told
// of each pause. One beyond the latest time is a *WaitError at once.
func (g *governor) acquire(ctx context.Context, latest time.Time, waits func(until time.Time)) error {
	t := &turn{granted: make(chan struct{}), paused: make(chan time.Time, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, t)
	if time.Now().Before(g.until) {
		t.paused <- g.until
	}
	g.admit()
	g.mu.Unlock()
	for {
		select {
		case <-t.granted:
			return nil
		case until := <-t.paused:
			if until.After(latest) {
				g.leave(t)
				return &WaitError{Asked: time.Until(until).Round(time.Second)}
			}
			if waits != nil {
				waits(until)
			}
		case <-ctx.Done():
			g.leave(t)
			return ctx.Err()
		}
	}
}

// leave takes a turn out of the queue, or gives its place back.
func (g *governor) leave(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := slices.Index(g.queue, t); at >= 0 {
		g.queue = slices.Delete(g.queue, at, at+1)
		return
	}
	g.busy--
	g.admit()
}

// release gives a place back.
func (g *governor) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	g.admit()
}

// admit grants free places. The lock is held.
func (g *governor) admit() {
	if time.Now().Before(g.until) {
		return
	}
	for len(g.queue) > 0 && g.busy < int(g.limit) {
		g.busy++
		close(g.queue[0].granted)
		g.queue = slices.Delete(g.queue, 0, 1)
	}
}

// hint takes the service's advice, which comes with each good answer, of how many requests to send at once.
func (g *governor) hint(header http.Header) {
	advised, err := strconv.Atoi(header.Get("x-ms-dop-hint"))
	if err != nil || advised <= 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ceiling = g.bounded(advised)
	if !g.hinted && !g.steady {
		g.limit = max(g.limit, sustainable)
	}
	g.hinted = true
	g.limit = min(g.limit, float64(g.ceiling))
	g.admit()
}

// served notes a good answer: of what kind the request was, and how long the service took. It is called while the
// request still has its place.
func (g *governor) served(kind string, sent time.Time, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	slow := g.pace.note(kind, took)
	switch {
	case slow && g.limit > sustainable && sent.After(g.lowered):
		g.lower(max(g.limit*4/5, sustainable))
	case slow && g.limit > sustainable, len(g.queue) == 0 && g.busy < int(g.limit): // more places would not be used
	case g.steady:
		g.limit += g.step()
	default:
		g.limit++
	}
	g.limit = min(g.limit, float64(g.ceiling))
	g.admit()
}

// step is what one good answer adds: a place in a round of answers, and far less near the wall, where each round of
// refusals makes all streams pause.
func (g *governor) step() float64 {
	const near, far, slower = 0.75, 1.5, 16
	switch {
	case g.limit < near*g.wall, g.limit > far*g.wall:
		return 1 / g.limit
	default:
		return 1 / g.limit / slower
	}
}

// throttled notes a refusal by a limit, and that nothing is to be sent for some time. It says whether the pause is a
// new one: requests under way at the same time are refused together.
func (g *governor) throttled(sent time.Time, pause time.Duration) (news bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if news = sent.After(g.lowered); news {
		g.wall = g.limit
		g.lower(max(g.limit/2, 1))
	}
	if until := time.Now().Add(pause); until.After(g.until) {
		g.until = until
		g.tell()
	}
	return news
}

func (g *governor) lower(limit float64) {
	g.limit, g.steady, g.lowered = limit, true, time.Now()
}

// tell tells those who wait of the pause, and wakes them at its end. The lock is held.
func (g *governor) tell() {
	for _, t := range g.queue {
		select {
		case <-t.paused:
		default:
		}
		t.paused <- g.until
	}
	if g.resume != nil {
		g.resume.Stop()
	}
	g.resume = time.AfterFunc(time.Until(g.until), func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.admit()
	})
}

// places is how many requests may be under way at once by the service's last hint and the user's setting, and until
// when nothing is sent, zero if there is no pause.
func (g *governor) places() (ceiling int, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().Before(g.until) {
		until = g.until
	}
	return g.ceiling, until
}
