package simulator

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Request is a request that a Server has served.
type Request struct {
	Method   string
	Path     string // decoded
	RawQuery string // as sent
	Prefer   string // the Prefer header
	ClientID string // of the application whose token it had; empty: none that is valid
	Status   int
	Bytes    int64 // of the body as sent, compressed or not
	Duration time.Duration
}

// requestLogSize is how many requests are remembered.
const requestLogSize = 10_000

// requestLog holds the latest requests.
type requestLog struct {
	mu   sync.Mutex
	list []Request
	next int // where the oldest one stands once the list is full
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) < requestLogSize {
		l.list = append(l.list, r)
		return
	}
	l.list[l.next] = r
	l.next = (l.next + 1) % requestLogSize
}

// all returns the latest requests, the oldest first.
func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.list[l.next:], l.list[:l.next])
}

// withLog counts each request, and notes it once it is served.
func (h *host) withLog(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Prefer: r.Header.Get("Prefer")}
		if user, known := h.entra.Directory.User(odata.Bearer(r), h.environment.Now()); known {
			entry.ClientID = user.ClientID
		}
		leave := h.stats.enter(r)
		start := time.Now()
		counted := &countingWriter{ResponseWriter: w}
		defer func() { // also where a fault cuts the response
			entry.Status, entry.Bytes, entry.Duration = max(counted.status, http.StatusOK), counted.bytes, time.Since(start)
			leave(entry.Status, entry.Bytes)
			h.log.add(entry)
		}()
		inner.ServeHTTP(counted, r)
	})
}

// countingWriter counts what is sent.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *countingWriter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *countingWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}
