package record

import "source-microsoft-dataverse/source/protocol"

// Page is the lines of one page, ready to be written. It shares no memory with its encoder, which may begin the next
// page at once. It holds a permit of the encoder's pool until it is released. It must not be used by two goroutines at
// the same time.
type Page struct {
	Count     int // of its lines
	Deletions int // among them

	chunks []protocol.Records
	pool   *Pool // nil after everything was returned to it
}

// Bytes returns the length of all lines.
func (p *Page) Bytes() int64 {
	var n int64
	for _, chunk := range p.chunks {
		n += int64(len(chunk.Lines))
	}
	return n
}

// Write calls each with the lines, chunk after chunk, until one call fails, and returns that error. A chunk is valid
// during its call. Write releases the page in either case.
func (p *Page) Write(each func(protocol.Records) error) error {
	defer p.Release()
	for ; len(p.chunks) > 0; p.chunks = p.chunks[1:] {
		if p.chunks[0].Count > 0 {
			if err := each(p.chunks[0]); err != nil {
				return err
			}
		}
		p.pool.returnChunk(p.chunks[0].Lines)
	}
	return nil
}

// Release drops the lines that are not written and returns the page's memory and permit. It may be called more than
// once.
func (p *Page) Release() {
	if p.pool == nil {
		return
	}
	for _, chunk := range p.chunks {
		p.pool.returnChunk(chunk.Lines)
	}
	p.pool.pageGone()
	p.chunks, p.pool = nil, nil
}
