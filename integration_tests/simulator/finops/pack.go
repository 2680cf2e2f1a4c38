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
	*bufio.Writer
	deflate *flate.Writer
	out     bytes.Buffer
	sum     hash.Hash32
	size    uint64
}

func newPacked() *packed {
	p := &packed{sum: crc32.NewIEEE()}
	p.deflate, _ = flate.NewWriter(&p.out, flate.BestSpeed) // the level exists
	p.Writer = bufio.NewWriterSize(summed{p}, 64<<10)
	return p
}

// newPackedText returns a packed file with that text.
func newPackedText(text string) *packed {
	p := newPacked()
	_, _ = p.WriteString(text)
	return p
}

// summed counts and sums what is compressed. A bytes.Buffer does not fail, and neither do the writers around it. It has no method
// but Write: bufio would pass long strings to a WriteString, which embedding would make its own again.
type summed struct{ file *packed }

func (s summed) Write(data []byte) (int, error) {
	s.file.size += uint64(len(data))
	s.file.sum.Write(data)
	return s.file.deflate.Write(data)
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
	_ = p.Flush()
	_ = p.deflate.Close()
	w, _ := a.zip.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, Modified: a.at, CRC32: p.sum.Sum32(),
		CompressedSize64: uint64(p.out.Len()), UncompressedSize64: p.size,
	})
	_, _ = w.Write(p.out.Bytes())
}

func (a *archive) bytes() []byte {
	_ = a.zip.Close()
	return a.out.Bytes()
}
