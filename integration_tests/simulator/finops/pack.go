package finops

import (
	"archive/zip"
	"bufio"
	"bytes"
	"hash"
	"hash/crc32"
	"time"

	"github.com/klauspost/compress/flate"
)

// packed is a file that is compressed while it is written, so that a large one takes little memory.
type packed struct {
	buffer *bufio.Writer
	body   compressedBody
}

// compressedBody is what a file is compressed to. A bytes.Buffer does not fail, and neither do the writers around it.
type compressedBody struct {
	deflate *flate.Writer
	out     bytes.Buffer
	sum     hash.Hash32
	size    uint64
}

func (b *compressedBody) Write(data []byte) (int, error) {
	b.size += uint64(len(data))
	b.sum.Write(data)
	return b.deflate.Write(data)
}

func newPacked() *packed {
	p := &packed{body: compressedBody{sum: crc32.NewIEEE()}}
	p.body.deflate, _ = flate.NewWriter(&p.body.out, flate.BestSpeed) // the level exists
	p.buffer = bufio.NewWriterSize(&p.body, 64<<10)
	return p
}

// newPackedText returns a packed file with that text.
func newPackedText(text string) *packed {
	p := newPacked()
	p.write(text)
	return p
}

// Write implements io.Writer.
func (p *packed) Write(data []byte) (int, error) { return p.buffer.Write(data) }

// write appends texts.
func (p *packed) write(texts ...string) {
	for _, text := range texts {
		_, _ = p.buffer.WriteString(text)
	}
}

// archive makes a zip archive. Errors of writers into a bytes.Buffer do not occur.
type archive struct {
	out bytes.Buffer
	zip *zip.Writer
	at  time.Time
}

func newArchive(at time.Time) *archive {
	a := &archive{at: at}
	a.zip = zip.NewWriter(&a.out)
	return a
}

// add adds a file, which is not written to any more.
func (a *archive) add(name string, p *packed) {
	_ = p.buffer.Flush()
	_ = p.body.deflate.Close()
	w, _ := a.zip.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, Modified: a.at, CRC32: p.body.sum.Sum32(),
		CompressedSize64: uint64(p.body.out.Len()), UncompressedSize64: p.body.size,
	})
	_, _ = w.Write(p.body.out.Bytes())
}

func (a *archive) bytes() []byte {
	_ = a.zip.Close()
	return a.out.Bytes()
}
