package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// compression pools gzip writers.
type compression struct {
	writers sync.Pool
}

func newCompression() *compression {
	return &compression{writers: sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			return gzip.NewWriter(nil)
		}
		return w
	}}}
}

// wrap compresses the inner handler's responses for clients that accept gzip.
func (c *compression) wrap(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takesGzip(r) {
			inner.ServeHTTP(w, r)
			return
		}
		z := &gzipWriter{ResponseWriter: w, pool: &c.writers}
		inner.ServeHTTP(z, r)
		z.close()
	})
}

func takesGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(coding string) bool {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		return name == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0"
	})
}

// gzipWriter compresses a body. A response without a body, such as 204, stays empty.
type gzipWriter struct {
	http.ResponseWriter
	pool   *sync.Pool
	gzip   *gzip.Writer
	status int
	sent   bool // a body that was compressed already
}

func (z *gzipWriter) WriteHeader(status int) {
	if z.status == 0 {
		z.status = status
	}
}

func (z *gzipWriter) Write(p []byte) (int, error) {
	if z.gzip == nil {
		z.WriteHeader(http.StatusOK)
		z.Header().Set("Content-Encoding", "gzip")
		z.Header().Del("Content-Length")
		z.ResponseWriter.WriteHeader(z.status)
		z.gzip, _ = z.pool.Get().(*gzip.Writer)
		z.gzip.Reset(z.ResponseWriter)
	}
	return z.gzip.Write(p)
}

// writeGzipped sends a whole body that is compressed already.
func (z *gzipWriter) writeGzipped(body []byte) {
	z.sent = true
	z.Header().Set("Content-Encoding", "gzip")
	z.Header().Set("Content-Length", strconv.Itoa(len(body)))
	z.ResponseWriter.WriteHeader(http.StatusOK)
	_, _ = z.ResponseWriter.Write(body)
}

// close ends the body. That the client has gone away does not matter.
func (z *gzipWriter) close() {
	if z.sent {
		return
	}
	if z.gzip == nil {
		z.WriteHeader(http.StatusOK)
		z.ResponseWriter.WriteHeader(z.status)
		return
	}
	_ = z.gzip.Close()
	z.pool.Put(z.gzip)
}
