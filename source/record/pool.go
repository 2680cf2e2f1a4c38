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
)

// Pool is the memory of encoded pages. All encoders of a process share one, so that what they need together does not
// depend on their number. It is safe for concurrent use.
type Pool struct {
	rooms *semaphore.Weighted // nil: as many as are asked for
	size  int                 // of a chunk

	mu   sync.Mutex
	free [][]byte // a sync.Pool would leave it to the garbage collector, and the next page would need as much anew
}

// NewPool makes a pool in which at most so many pages exist at any time, from the Begin of an Encoder to the release of
// the Page that comes of it. Whoever begins one more waits, in the order of asking.
func NewPool(pages int) *Pool {
	return &Pool{rooms: semaphore.NewWeighted(int64(pages)), size: chunkSize}
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

// take hands out an empty chunk for n bytes at least.
func (p *Pool) take(n int) []byte {
	if n > p.size {
		return make([]byte, 0, n+n/4) // a line that is longer than a chunk; it may go on
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return make([]byte, 0, p.size)
	}
	chunk := p.free[last]
	p.free = p.free[:last]
	return chunk
}

// give takes a chunk back. One made for a long line is left to the garbage collector.
func (p *Pool) give(chunk []byte) {
	if cap(chunk) != p.size {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, chunk[:0])
}
