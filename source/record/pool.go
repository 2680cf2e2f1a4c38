package record

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

const (
	// chunkSize is the size of a chunk of lines, which is written at once and still fits in a core's cache.
	chunkSize = 512 << 10
	// maxUnwaited is how much memory may be in use before a page waits for the memory of a page that is being written:
	// enough for a page of wide rows, and for what is encoded while it is written.
	maxUnwaited = 24 << 20
	// maxFree is the number of chunks kept for the next pages.
	maxFree = 2 * maxUnwaited / chunkSize
)

// Pool is the memory of encoded pages. All encoders of a process share one, so that their total memory does not depend
// on their number. It is safe for concurrent use.
type Pool struct {
	permits *semaphore.Weighted // one for each page

	mu       sync.Mutex
	returned sync.Cond // a chunk or a page was returned
	used     int       // bytes in use
	leaving  int       // pages that are being written, whose chunks will be returned
	free     [][]byte  // a sync.Pool would leave them to the garbage collector, and the next page would need as many again
}

// NewPool returns a pool in which at most the given number of pages exist at any time, each from the Begin of an
// Encoder to the release of its Page. Further pages wait, in the order of Begin. A goroutine that holds a Page must not
// wait for an Encoder, which may wait for that page's memory.
func NewPool(pages int) *Pool {
	p := &Pool{permits: semaphore.NewWeighted(int64(pages))}
	p.returned.L = &p.mu
	return p
}

// acquire waits for the permit of a page.
func (p *Pool) acquire(ctx context.Context) error { return p.permits.Acquire(ctx, 1) }

// release returns the permit of a page.
func (p *Pool) release() { p.permits.Release(1) }

// pageLeaves notes that a page is complete and will be written.
func (p *Pool) pageLeaves() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving++
}

// pageGone notes that a written page has returned all its chunks, and returns its permit.
func (p *Pool) pageGone() {
	p.release()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving--
	p.returned.Broadcast()
}

// takeChunk returns an empty chunk for at least n bytes. If much memory is in use, it waits for that of pages that are
// being written, until the context ends.
func (p *Pool) takeChunk(ctx context.Context, n int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.short() {
		defer context.AfterFunc(ctx, p.wake)()
	}
	for p.short() && ctx.Err() == nil {
		p.returned.Wait()
	}
	if n > chunkSize { // a line that is longer than a chunk and may become longer
		p.used += n + n/4
		return make([]byte, 0, n+n/4)
	}
	p.used += chunkSize
	last := len(p.free) - 1
	if last < 0 {
		return make([]byte, 0, chunkSize)
	}
	chunk := p.free[last]
	p.free = p.free[:last]
	return chunk
}

// account notes that a chunk in use has grown by n bytes.
func (p *Pool) account(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used += n
}

// short reports whether a page has to wait for the memory of another. The lock is held.
func (p *Pool) short() bool { return p.used >= maxUnwaited && p.leaving > 0 }

// wake makes waiting pages check again.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.returned.Broadcast()
}

// returnChunk takes back a chunk, if it is not nil. A chunk that was made for a long line is left to the garbage
// collector.
func (p *Pool) returnChunk(chunk []byte) {
	if chunk == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used -= cap(chunk)
	p.returned.Broadcast()
	if cap(chunk) == chunkSize && len(p.free) < maxFree {
		p.free = append(p.free, chunk[:0])
	}
}
