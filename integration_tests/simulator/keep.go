package simulator

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"iter"
	"net/http"
	"sync"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Kept counts the responses that a server keeps.
type Kept struct {
	Responses int   `json:"responses"` // that are there to be sent again
	Bytes     int64 `json:"bytes"`     // of their bodies, decoded
	Gzipped   int64 `json:"gzipped"`   // of their bodies as sent
	Rendered  int   `json:"rendered"`  // responses that had to be made so far
	Sent      int64 `json:"sent"`      // bytes of the bodies of all responses sent until now, decoded
}

// keeper caches the responses to reads as they go over the wire, so that a benchmark measures the client and not the simulator.
// A response is sent again as long as no row and no definition has changed since; its delta link is as old as itself.
type keeper struct {
	environment *rows.Database

	mu        sync.Mutex
	responses map[string]*keptResponse
	rendered  int
	sent      int64
}

// keptResponse is a cached response with status 200.
type keptResponse struct {
	made    rows.Generation
	header  http.Header
	gzipped []byte
	size    int64 // of the body, decoded
}

func newKeeper(db *rows.Database) *keeper {
	return &keeper{environment: db, responses: map[string]*keptResponse{}}
}

// serve sends a cached response, or has one made. Requests that are not reads, and clients that do not accept gzip, bypass it.
func (k *keeper) serve(w http.ResponseWriter, r *http.Request, inner http.HandlerFunc) {
	out, compressing := w.(*gzipWriter)
	if k == nil || !compressing || r.Method != http.MethodGet {
		inner(w, r)
		return
	}
	key, now := keyOf(r), k.environment.Generation()
	response := k.find(key, now)
	if response == nil {
		captured := odata.NewCapture(http.Header{})
		inner(captured, r)
		if captured.Code() != http.StatusOK {
			release(captured, w)
			return
		}
		response = pack(captured, now)
		k.put(key, response)
	}
	for name, values := range response.header {
		w.Header()[name] = values
	}
	out.writeGzipped(response.gzipped)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent += response.size
}

// keyOf returns everything about a request that its response depends on.
func keyOf(r *http.Request) string {
	return fmt.Sprintf("%s %s %s?%s %s %+v", odata.UserOf(r), r.Host, r.URL.Path, r.URL.RawQuery, r.Header.Get("Accept"), odata.ReadPreferences(r))
}

func (k *keeper) find(key string, now rows.Generation) *keptResponse {
	k.mu.Lock()
	defer k.mu.Unlock()
	if response := k.responses[key]; response != nil && response.made == now {
		return response
	}
	return nil
}

func (k *keeper) put(key string, response *keptResponse) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.responses[key] = response
	k.rendered++
}

// pack compresses a response about as well as the service does.
func pack(captured *odata.Capture, made rows.Generation) *keptResponse {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	// A bytes.Buffer does not fail.
	_, _ = z.Write(captured.Body.Bytes())
	_ = z.Close()
	captured.Headers.Del("Date") // each sending has its own
	captured.Headers.Del("Content-Length")
	return &keptResponse{made: made, header: captured.Headers, gzipped: bytes.Clone(packed.Bytes()), size: int64(captured.Body.Len())}
}

// release sends a response that was held back.
func release(c *odata.Capture, w http.ResponseWriter) {
	for name, values := range c.Headers {
		w.Header()[name] = values
	}
	w.WriteHeader(c.Code())
	_, _ = w.Write(c.Body.Bytes())
}

// Kept counts the responses that the server keeps; it is zero without ServerOptions.Keep.
func (s *Server) Kept() Kept {
	k := s.host.kept
	if k == nil {
		return Kept{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	all := Kept{Responses: len(k.responses), Rendered: k.rendered, Sent: k.sent}
	for _, response := range k.responses {
		all.Bytes += response.size
		all.Gzipped += int64(len(response.gzipped))
	}
	return all
}

// KeptBodies yields the bodies of the responses that the server keeps, each a gzip stream that must not be changed, in
// no order.
func (s *Server) KeptBodies() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		k := s.host.kept
		if k == nil {
			return
		}
		k.mu.Lock()
		bodies := make([][]byte, 0, len(k.responses))
		for _, response := range k.responses {
			bodies = append(bodies, response.gzipped)
		}
		k.mu.Unlock()
		for _, body := range bodies {
			if !yield(body) {
				return
			}
		}
	}
}
