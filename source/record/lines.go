package record

import (
	"context"

	"source-microsoft-dataverse/source/protocol"
)

// margin is the capacity that reserve adds to the requested one: enough for the names and times that the encoder adds
// to a line, and for its end.
const margin = 1 << 10

// lines holds the lines of one page while it is encoded. They are in chunks of a pool, each line in one chunk:
//
//	chunks[0]  |line|line|line|
//	chunks[1]  |line|line|
//	buffer     |line|line|the current line...      |
//	                     ^from             ^len    ^cap
//
// The pool accounts for all memory of the chunks, including what a chunk grew by when a value took more space than was
// reserved (accountGrowth).
type lines struct {
	pool   *Pool
	ctx    context.Context // of the current page: its rows are added one by one, without a context of their own
	chunks [][]byte        // the full ones
	buffer []byte          // the current chunk: whole lines, and the current line
	from   int             // the position in buffer at which the current line begins
	taken  int             // how much of the buffer's memory the pool has accounted for
}

// place is the position of a complete line.
type place struct{ chunk, from, to int32 }

// reserve makes room for n more bytes of the current line and the margin.
func (l *lines) reserve(n int) {
	if cap(l.buffer)-len(l.buffer) < n+margin {
		l.nextChunk(n + margin)
	}
}

// length returns the length of the current line.
func (l *lines) length() int { return len(l.buffer) - l.from }

// append appends bytes to the current line.
func (l *lines) append(text []byte) {
	l.reserve(len(text))
	l.buffer = append(l.buffer, text...)
}

// accountGrowth reports to the pool by how much the buffer has grown.
func (l *lines) accountGrowth() {
	if grown := cap(l.buffer) - l.taken; grown != 0 {
		l.pool.account(grown)
		l.taken += grown
	}
}

// nextChunk moves the current line to a new chunk with room for n more bytes of it.
func (l *lines) nextChunk(n int) {
	l.accountGrowth()
	line := l.buffer[l.from:]
	next := append(l.pool.takeChunk(l.ctx, len(line)+n), line...)
	if l.from == 0 {
		l.pool.returnChunk(l.buffer)
	} else {
		l.chunks = append(l.chunks, l.buffer[:l.from])
	}
	l.buffer, l.from, l.taken = next, 0, cap(next)
}

// dropLine drops the current line.
func (l *lines) dropLine() {
	l.accountGrowth()
	l.buffer = l.buffer[:l.from]
}

// endLine ends the current line and returns its place.
func (l *lines) endLine() place {
	l.accountGrowth()
	at := place{int32(len(l.chunks)), int32(l.from), int32(len(l.buffer))} //nolint:gosec // a page has a few hundred megabytes
	l.from = len(l.buffer)
	return at
}

// clear returns all chunks to the pool.
func (l *lines) clear() {
	for _, chunk := range l.chunks {
		l.pool.returnChunk(chunk)
	}
	l.pool.returnChunk(l.buffer)
	*l = lines{pool: l.pool, ctx: l.ctx, chunks: l.chunks[:0]}
}

// toPage empties l and returns the lines of rows in order, without those of replaced rows.
func (l *lines) toPage(rows []row) *Page {
	page := &Page{pool: l.pool, chunks: make([]protocol.Records, len(l.chunks)+1)}
	for i, chunk := range l.chunks {
		page.chunks[i].Lines = chunk[:0]
	}
	page.chunks[len(l.chunks)].Lines = l.buffer[:0]
	for _, r := range rows {
		if r.replaced {
			continue
		}
		page.Count++
		c := &page.chunks[r.chunk]
		c.Count++
		if len(c.Lines) == int(r.from) {
			c.Lines = c.Lines[:r.to]
		} else {
			c.Lines = append(c.Lines, c.Lines[r.from:r.to]...)
		}
	}
	*l = lines{pool: l.pool, chunks: l.chunks[:0]}
	l.pool.pageLeaves()
	return page
}
