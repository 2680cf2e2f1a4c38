package model_test

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// gate lets the requests of streams that are read in parallel through one at a time, in an order that depends on the seed
// alone: it waits until every stream that has not ended has sent a request, and then chooses one.
type gate struct {
	mu     sync.Mutex
	live   map[string]bool
	parked map[string][]*waiter
	open   bool
	random *rand.Rand
	admit  func(request) response // called for each request before it is served
	settle time.Duration          // how long to wait for further requests of streams that send several at once; 0: each sends one
	timer  *time.Timer            // until then
}

// waiter is a request that waits for its turn.
type waiter struct {
	request request
	query   string
	turn    chan response
}

// request is a request for rows of a stream.
type request struct {
	stream string
	middle bool // for a page in the middle of a page scan
	byKeys bool // for rows by their keys
	lookup bool // for rows by their keys, or for a proof that the user may read all rows
}

func newGate(seed uint64, streams []string, settle time.Duration, admit func(request) response) *gate {
	g := &gate{live: map[string]bool{}, parked: map[string][]*waiter{}, random: random(seed), admit: admit, settle: settle}
	for _, s := range streams {
		g.live[s] = true
	}
	return g
}

// pass blocks until it is the request's turn, and returns how it is refused, if it is.
func (g *gate) pass(r *http.Request) response {
	q := request{stream: streamOf(r.URL.Path), middle: strings.Contains(r.URL.RawQuery, "$skiptoken"), byKeys: byKeys(r), lookup: lookup(r)}
	g.mu.Lock()
	if q.stream == "" || g.open || !g.live[q.stream] {
		g.mu.Unlock()
		return served
	}
	if q.lookup { // its stream holds the memory of a page, which others that were served may wait for
		defer g.mu.Unlock()
		return g.admit(q)
	}
	w := &waiter{q, r.URL.RawQuery, make(chan response, 1)}
	g.parked[q.stream] = append(g.parked[q.stream], w)
	g.next()
	g.mu.Unlock()
	select {
	case refused := <-w.turn:
		return refused
	case <-r.Context().Done():
		g.leave(w)
		return served
	}
}

// byKeys reports whether a request asks for rows by their keys. One with an order asks for rows that are new or changed.
func byKeys(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "$filter=") && !strings.Contains(r.URL.RawQuery, "$orderby=")
}

// lookup reports whether a request asks for rows by their keys or for a single row.
func lookup(r *http.Request) bool {
	return byKeys(r) || strings.Contains(r.URL.Path, "(") ||
		strings.HasSuffix(r.Header.Get("Prefer"), "odata.maxpagesize=1")
}

// next chooses a request if all streams wait. The caller holds the lock.
func (g *gate) next() {
	if g.settle > 0 {
		g.rest()
		return
	}
	for stream := range g.live {
		if len(g.parked[stream]) == 0 {
			return
		}
	}
	waiting := slices.Sorted(maps.Keys(g.live))
	if len(waiting) == 0 || g.open {
		return
	}
	stream := waiting[g.random.IntN(len(waiting))]
	w := g.parked[stream][0]
	g.parked[stream] = g.parked[stream][1:]
	w.turn <- g.admit(w.request)
}

// leave forgets a request whose client has gone.
func (g *gate) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stream := w.request.stream
	g.parked[stream] = slices.DeleteFunc(g.parked[stream], func(other *waiter) bool { return other == w })
}

// ended removes a stream that sends no more requests.
func (g *gate) ended(stream string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live[stream] {
		delete(g.live, stream)
		for _, w := range g.parked[stream] {
			w.turn <- served
		}
		delete(g.parked, stream)
		g.next()
	}
}

// release lets everything through from now on: the reader has gone, and nothing that happens can be seen any more.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	if g.timer != nil {
		g.timer.Stop()
	}
	for _, waiters := range g.parked {
		for _, w := range waiters {
			w.turn <- served
		}
	}
	clear(g.parked)
}

// now reads a flag that admit sets.
func (g *gate) now(flag *bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *flag
}
