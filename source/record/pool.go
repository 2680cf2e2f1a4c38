package record

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

const (
	// chunkSize is what a chunk of lines holds. It leaves in one write, and lies in a core's cache when it does.
	chunkSize = 512 << 10
	// ownChunkSize is the same for an encoder that has no pool: its lines are few or go nowhere.
	ownChunkSize = 64 << 10
	// ahead is how much is in use when a page has to wait for what another gives back while it is written: a page of wide
	// rows and what is encoded while it goes out.
	ahead = 24 << 20
	// kept is how many chunks stay for the next pages at most.
	kept = 2 * ahead / chunkSize
)

// Pool is the memory of encoded pages. All encoders of a process share one, so that what they need together does not
// depend on their number. It is safe for concurrent use.
type Pool struct {
	rooms *semaphore.Weighted // nil: as many as are asked for
	size  int                 // of a chunk

	mu      sync.Mutex
	freed   sync.Cond // a chunk or a page was given back
	used    int       // bytes that are handed out
	leaving int       // pages that are handed over and not released
	free    [][]byte  // a sync.Pool would leave it to the garbage collector, and the next page would need as much anew
}

// NewPool makes a pool in which at most so many pages exist at any time, from the Begin of an Encoder to the release of
// the Page that comes of it. Whoever begins one more waits, in the order of asking. Nobody who has a Page may wait for an
// Encoder: it may wait for that page's memory.
func NewPool(pages int) *Pool {
	p := newPool(chunkSize)
	p.rooms = semaphore.NewWeighted(int64(pages))
	return p
}

func newPool(size int) *Pool {
	p := &Pool{size: size}
	p.freed.L = &p.mu
	return p
}

// enter waits for the room of a page.
func (p *Pool) enter(ctx context.Context) error {
	if p.rooms == nil {
		return nil
	}
	return p.rooms.Acquire(ctx, 1)
}

// leave gives the room of a page back.
func (p *Pool) leave() {
	if p.rooms != nil {
		p.rooms.Release(1)
	}
}

// handOver and release count the pages that are on their way out, whose chunks come back.
func (p *Pool) handOver() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving++
}

func (p *Pool) release() {
	p.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving--
	p.freed.Broadcast()
}

// take hands out an empty chunk for n bytes at least. Where many are in use it waits for those of pages on their way out,
// but not beyond the context's end.
func (p *Pool) take(ctx context.Context, n int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.short() {
		defer context.AfterFunc(ctx, p.wake)()
	}
	for p.short() && ctx.Err() == nil {
		p.freed.Wait()
	}
	if n > p.size { // a line that is longer than a chunk; it may go on
		p.used += n + n/4
		return make([]byte, 0, n+n/4)
	}
	p.used += p.size
	last := len(p.free) - 1
	if last < 0 {
		return make([]byte, 0, p.size)
	}
	chunk := p.free[last]
	p.free = p.free[:last]
	return chunk
}

// book notes that a chunk that is handed out has become larger.
func (p *Pool) book(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used += n
}

// short says whether a page has to wait for the memory of another. The lock is held.
func (p *Pool) short() bool { return p.rooms != nil && p.used >= ahead && p.leaving > 0 }

// wake lets those who wait look again.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.freed.Broadcast()
}

// give takes a chunk back, if there is one. What was made for a long line is left to the garbage collector.
func (p *Pool) give(chunk []byte) {
	if chunk == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used -= cap(chunk)
	p.freed.Broadcast()
	if cap(chunk) == p.size && len(p.free) < kept {
		p.free = append(p.free, chunk[:0])
	}
}
