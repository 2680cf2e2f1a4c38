package model_test

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// gate lets the requests of streams that are read at once through one at a time, in an order that only the seed decides:
// it waits until every stream that is not at its end has asked for something, and then chooses.
type gate struct {
	mu     sync.Mutex
	live   map[string]bool
	parked map[string][]chan bool // the requests of a stream that wait; each learns whether it is refused
	open   bool
	random *rand.Rand
	// admit is told of each request before it is answered, and says whether to refuse it.
	admit func(request) bool
	links map[chan bool]bool // whether the request asks for a page in the middle of a walk
}

// request is one for rows of a stream.
type request struct {
	stream string
	middle bool // it asks for a page in the middle of a walk
	lookup bool // it asks for rows by their keys, or for a proof that the user sees all
}

func newGate(seed uint64, streams []string, admit func(request) bool) *gate {
	g := &gate{live: map[string]bool{}, parked: map[string][]chan bool{}, random: random(seed), admit: admit, links: map[chan bool]bool{}}
	for _, s := range streams {
		g.live[s] = true
	}
	return g
}

// pass blocks until it is the request's turn, and says whether it is refused.
func (g *gate) pass(r *http.Request) bool {
	stream := streamOf(r.URL.Path)
	g.mu.Lock()
	if stream == "" || g.open || !g.live[stream] { // another stream may ask how far the changes of one that has ended are
		g.mu.Unlock()
		return false
	}
	if lookup(r) { // its stream has room for a page, which others that were answered may wait for
		defer g.mu.Unlock()
		return g.admit(request{stream: stream, lookup: true})
	}
	turn := make(chan bool, 1)
	g.parked[stream] = append(g.parked[stream], turn)
	g.links[turn] = strings.Contains(r.URL.RawQuery, "$skiptoken")
	g.next()
	g.mu.Unlock()
	select {
	case refused := <-turn:
		return refused
	case <-r.Context().Done():
		g.leave(stream, turn)
		return false
	}
}

// lookup says whether a request is one.
func lookup(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "$filter=") || strings.HasSuffix(r.Header.Get("Prefer"), "odata.maxpagesize=1")
}

// next chooses a request if all streams wait. The caller holds the lock.
func (g *gate) next() {
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
	turn := g.parked[stream][0]
	g.parked[stream] = g.parked[stream][1:]
	turn <- g.admit(request{stream: stream, middle: g.links[turn]})
}

// leave forgets a request whose client has gone.
func (g *gate) leave(stream string, turn chan bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parked[stream] = slices.DeleteFunc(g.parked[stream], func(other chan bool) bool { return other == turn })
}

// ended takes a stream out that asks for nothing more.
func (g *gate) ended(stream string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live[stream] {
		delete(g.live, stream)
		for _, turn := range g.parked[stream] { // of other streams, which ask how far this one has come
			turn <- false
		}
		delete(g.parked, stream)
		g.next()
	}
}

// release lets everything through from now on: the reader is gone, and nothing that happens can be seen any more.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	for _, turns := range g.parked {
		for _, turn := range turns {
			turn <- false
		}
	}
	clear(g.parked)
}

// now reads what admit has set.
func (g *gate) now(flag *bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *flag
}
