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
	buffer, ok := b.idle.Get().(*bytes.Buffer)
	if !ok {
		buffer = new(bytes.Buffer)
	}
	buffer.Reset()
	if announced := response.ContentLength; announced > 0 && announced <= maxIdleBytes {
		buffer.Grow(int(announced) + bytes.MinRead)
	}
	body := response.Body
	response.Body = io.NopCloser(&limitedReader{from: body, left: most, most: most})
	err := b.read(response, buffer)
	_ = body.Close()
	response.Body = bufferedBody{bytes.NewReader(buffer.Bytes())}
	if err != nil {
		return buffer, &BrokenResponseError{Reason: "it could not be read to its end", cause: err, cut: true, passing: true}
	}
	return buffer, nil
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
