package dataverse

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

const (
	// blockSize is how much is unpacked at a time: it stays in a core's cache until it is read.
	blockSize = 128 << 10
	// blocks is the most blocks that are unpacked and not yet read, including the one being read.
	blocks = 3
)

// gunzipper unpacks responses. It keeps the memory of finished responses for the next ones.
type gunzipper struct{ idle sync.Pool }

// open returns the decompressed body of a response. It must be closed in addition to the response's own body.
func (g *gunzipper) open(response *http.Response) (io.ReadCloser, error) {
	switch coding := strings.ToLower(strings.TrimSpace(response.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		return io.NopCloser(response.Body), nil
	case "gzip", "x-gzip": // synonyms (RFC 9110, 8.4.1.3)
		body, ok := g.idle.Get().(*gunzipped)
		if !ok {
			body = &gunzipped{from: g}
		}
		var from io.Reader = response.Body
		if whole, ok := from.(bufferedBody); ok {
			from = whole.Reader // which gzip reads faster than any other reader
		}
		if err := body.gzip.Reset(from); err != nil {
			g.idle.Put(body)
			return nil, &BrokenResponseError{Reason: "its gzip header is broken", cause: err, passing: true}
		}
		return body, nil
	default:
		return nil, &BrokenResponseError{Reason: fmt.Sprintf("it is encoded as %q, which was not requested", coding), passing: true}
	}
}

// gunzipped is a response's body while it is unpacked. A goroutine unpacks what follows the first block, ahead of the
// reader, so that unpacking and reading have a core each. Close ends it and returns the memory.
type gunzipped struct {
	from   *gunzipper
	gzip   gzip.Reader
	memory [blocks][]byte

	at    block       // the one being read
	full  chan block  // from the goroutine; nil before there is one
	empty chan []byte // to it: memory that is read
}

// block is a part of the body, in some memory, and the error behind it.
type block struct {
	memory, rest []byte
	err          error
}

// Read returns what is unpacked, and waits for it.
func (g *gunzipped) Read(p []byte) (int, error) {
	for len(g.at.rest) == 0 {
		if g.at.err != nil {
			return 0, g.at.err
		}
		g.advance()
	}
	n := copy(p, g.at.rest)
	g.at.rest = g.at.rest[n:]
	return n, nil
}

// advance goes to the next block. Most responses have only one.
func (g *gunzipped) advance() {
	if g.at.memory == nil {
		g.at = g.unpack(g.block(0))
		return
	}
	if g.full == nil {
		g.full, g.empty = make(chan block, blocks), make(chan []byte, blocks)
		for i := 1; i < blocks; i++ {
			g.empty <- g.block(i)
		}
		go g.run()
	}
	g.empty <- g.at.memory
	g.at = <-g.full
}

// block returns the memory of a block, which an earlier response may have left.
func (g *gunzipped) block(i int) []byte {
	if g.memory[i] == nil {
		g.memory[i] = make([]byte, blockSize)
	}
	return g.memory[i]
}

// run unpacks blocks until the body ends or no more memory comes.
func (g *gunzipped) run() {
	defer close(g.full)
	for memory := range g.empty {
		next := g.unpack(memory)
		g.full <- next
		if next.err != nil {
			return
		}
	}
}

// unpack fills a block, or as much of it as the body has.
func (g *gunzipped) unpack(memory []byte) block {
	filled := 0
	for filled < len(memory) {
		n, err := g.gzip.Read(memory[filled:])
		filled += n
		if err != nil {
			return block{memory, memory[:filled], err}
		}
	}
	return block{memory, memory, nil}
}

func (g *gunzipped) Close() error {
	if g.full != nil {
		close(g.empty)
		for range g.full { // until the goroutine has ended
			continue
		}
	}
	g.at, g.full, g.empty = block{}, nil, nil
	err := g.gzip.Close()
	g.from.idle.Put(g)
	return err
}
