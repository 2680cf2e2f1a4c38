package dataverse

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// spools holds answers as they came, compressed, until they are read: the service is not kept waiting by whoever reads,
// and a slow destination breaks no connection. Memory that was used is used again.
type spools struct{ idle sync.Pool }

// plainMost is how much of an uncompressed answer is kept as it came.
const plainMost = 256 << 10

// largestIdle is the memory that a finished answer leaves for the next ones at most.
const largestIdle = 4 << 20

// fill reads the whole of an answer's body, of most bytes, and puts what it read in its place, also where it cannot be read
// to its end. The buffer is to be emptied after use.
func (s *spools) fill(answer *http.Response, most int64) (*bytes.Buffer, error) {
	spool, ok := s.idle.Get().(*bytes.Buffer)
	if !ok {
		spool = new(bytes.Buffer)
	}
	spool.Reset()
	if announced := answer.ContentLength; announced > 0 && announced <= largestIdle {
		spool.Grow(int(announced) + bytes.MinRead)
	}
	body := answer.Body
	answer.Body = io.NopCloser(&limitedReader{from: body, left: most, most: most})
	err := s.read(answer, spool)
	_ = body.Close()
	answer.Body = spooled{bytes.NewReader(spool.Bytes())}
	if err != nil {
		return spool, &BrokenResponseError{Reason: "it could not be read to its end", cause: err, cut: true, passing: true}
	}
	return spool, nil
}

// spooled is an answer's body that lies whole in memory.
type spooled struct{ *bytes.Reader }

// Close lets go of the memory: whoever read the body may keep the reader.
func (s spooled) Close() error {
	s.Reset(nil)
	return nil
}

// read copies a body. What comes uncompressed, as through some proxies, is compressed on the way if it is large.
func (s *spools) read(answer *http.Response, spool *bytes.Buffer) error {
	if answer.Header.Get("Content-Encoding") != "" {
		_, err := spool.ReadFrom(answer.Body)
		return err
	}
	if _, err := io.CopyN(spool, answer.Body, plainMost); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, io.MultiReader(spool, answer.Body)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	*spool = packed
	answer.Header.Set("Content-Encoding", "gzip")
	return nil
}

// empty takes a buffer back.
func (s *spools) empty(spool *bytes.Buffer) {
	if spool.Cap() <= largestIdle {
		s.idle.Put(spool)
	}
}
