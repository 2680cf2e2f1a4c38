package dataverse

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// responseBuffers hold responses as received, compressed, until they are decoded, so that a slow decoder does not keep
// the service waiting and a slow destination breaks no connection. Their memory is reused.
type responseBuffers struct{ idle sync.Pool }

const (
	// maxPlainBytes is how much of an uncompressed response is kept uncompressed.
	maxPlainBytes = 256 << 10
	// maxIdleBytes is the largest buffer that is kept for the next responses.
	maxIdleBytes = 4 << 20
)

// fill reads the whole of a response's body, up to most bytes, and replaces the body by the buffered one, even if the
// body cannot be read to its end. The buffer must be recycled after use.
func (b *responseBuffers) fill(response *http.Response, most int64) (*bytes.Buffer, error) {
	buffer := b.empty()
	if announced := response.ContentLength; announced > 0 && announced <= maxIdleBytes {
		buffer.Grow(int(announced) + bytes.MinRead)
	}
	body := response.Body
	response.Body = io.NopCloser(&limitedReader{from: body, left: most, most: most})
	err := b.read(response, buffer)
	_ = body.Close()
	response.Body = bufferedBody{bytes.NewReader(buffer.Bytes())}
	if err != nil {
		return buffer, notReadToItsEnd(err)
	}
	return buffer, nil
}

// fillStart is fill for a body that does not have to be in memory: of a long one it reads the beginning, and leaves the
// rest to be read from the connection.
func (b *responseBuffers) fillStart(response *http.Response) (*bytes.Buffer, error) {
	buffer, body := b.empty(), response.Body
	_, err := io.CopyN(buffer, body, maxIdleBytes)
	if err == nil {
		response.Body = longBody{io.MultiReader(bytes.NewReader(buffer.Bytes()), body), body}
		return buffer, nil
	}
	_ = body.Close()
	response.Body = bufferedBody{bytes.NewReader(buffer.Bytes())}
	if !errors.Is(err, io.EOF) {
		return buffer, notReadToItsEnd(err)
	}
	return buffer, nil
}

// empty returns a buffer of an earlier response, or a new one.
func (b *responseBuffers) empty() *bytes.Buffer {
	buffer, ok := b.idle.Get().(*bytes.Buffer)
	if !ok {
		return new(bytes.Buffer)
	}
	buffer.Reset()
	return buffer
}

// notReadToItsEnd returns the error of a body that could not be read completely.
func notReadToItsEnd(err error) *BrokenResponseError {
	return &BrokenResponseError{Reason: "it could not be read to its end", cause: err, cut: true, passing: true}
}

// longBody is a response's body of which only the beginning is in memory.
type longBody struct {
	io.Reader
	io.Closer
}

// bufferedBody is a response's body in memory.
type bufferedBody struct{ *bytes.Reader }

// Close releases the memory: the reader may outlive the body.
func (b bufferedBody) Close() error {
	b.Reset(nil)
	return nil
}

// read copies a body. A large body that arrives uncompressed, as through some proxies, is compressed while it is
// copied.
func (b *responseBuffers) read(response *http.Response, buffer *bytes.Buffer) error {
	if response.Header.Get("Content-Encoding") != "" {
		_, err := buffer.ReadFrom(response.Body)
		return err
	}
	if _, err := io.CopyN(buffer, response.Body, maxPlainBytes); err != nil {
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
	if _, err := io.Copy(w, io.MultiReader(buffer, response.Body)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	*buffer = packed
	response.Header.Set("Content-Encoding", "gzip")
	return nil
}

// recycle keeps a buffer for the next response.
func (b *responseBuffers) recycle(buffer *bytes.Buffer) {
	if buffer.Cap() <= maxIdleBytes {
		b.idle.Put(buffer)
	}
}
