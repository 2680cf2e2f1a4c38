package record

import (
	"context"

	"source-microsoft-dataverse/source/protocol"
)

// margin is what reserve leaves behind: enough for the names and times that the encoder adds to a line, and its end.
const margin = 1 << 10

// lines are those of one page while it is encoded. They lie in chunks of a pool, none across two.
type lines struct {
	pool   *Pool
	ctx    context.Context // of the page at hand: its rows come one by one, without one of their own
	chunks [][]byte        // full ones
	buffer []byte          // the chunk at hand: whole lines, and the line at hand
	from   int             // where in buffer the line at hand begins
	booked int             // of the buffer's memory, by the pool
}

// place is where a whole line stands.
type place struct{ chunk, from, to int32 }

// reserve makes room for n more bytes of the line at hand, and the margin.
func (l *lines) reserve(n int) {
	if cap(l.buffer)-len(l.buffer) < n+margin {
		l.turn(n + margin)
	}
}

// append appends bytes to the line at hand.
func (l *lines) append(text []byte) {
	l.reserve(len(text))
	l.buffer = append(l.buffer, text...)
}

// settle books what the line at hand took beyond its chunk: a value that grew when it was written.
func (l *lines) settle() {
	if grown := cap(l.buffer) - l.booked; grown != 0 {
		l.pool.book(grown)
		l.booked += grown
	}
}

// turn takes the line at hand to a new chunk.
func (l *lines) turn(n int) {
	l.settle()
	line := l.buffer[l.from:]
	next := append(l.pool.take(l.ctx, len(line)+n), line...)
	if l.from == 0 {
		l.pool.give(l.buffer)
	} else {
		l.chunks = append(l.chunks, l.buffer[:l.from])
	}
	l.buffer, l.from, l.booked = next, 0, cap(next)
}

// drop takes back what there is of the line at hand.
func (l *lines) drop() {
	l.settle()
	l.buffer = l.buffer[:l.from]
}

// end ends the line at hand.
func (l *lines) end() place {
	l.settle()
	at := place{int32(len(l.chunks)), int32(l.from), int32(len(l.buffer))} //nolint:gosec // a page has a few hundred megabytes
	l.from = len(l.buffer)
	return at
}

// clear gives all chunks back.
func (l *lines) clear() {
	for _, chunk := range l.chunks {
		l.pool.give(chunk)
	}
	l.pool.give(l.buffer)
	*l = lines{pool: l.pool, ctx: l.ctx, chunks: l.chunks[:0]}
}

// handOver empties l and returns the lines of some rows, in their order. What stands between them is taken out.
func (l *lines) handOver(rows []row) *Page {
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
	l.pool.handOver()
	return page
}
