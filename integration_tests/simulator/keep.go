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

// Kept counts the answers that a server keeps.
type Kept struct {
	Answers  int   `json:"answers"`  // that are there to be sent again
	Bytes    int64 `json:"bytes"`    // of their bodies, decoded
	Gzipped  int64 `json:"gzipped"`  // of their bodies as sent
	Rendered int   `json:"rendered"` // answers that had to be made, until now
	Sent     int64 `json:"sent"`     // bytes of the bodies of all answers sent until now, decoded
}

// keeper holds the answers to reads as they go over the wire, so that a client can be measured and not the simulator.
// An answer is sent again as long as no row and no definition has changed since; its delta link is as old as it is.
type keeper struct {
	environment *rows.Database

	mu       sync.Mutex
	answers  map[string]*keptAnswer
	rendered int
	sent     int64
}

// keptAnswer is an answer with status 200.
type keptAnswer struct {
	made    rows.Generation
	header  http.Header
	gzipped []byte
	size    int64 // of the body, decoded
}

func newKeeper(db *rows.Database) *keeper {
	return &keeper{environment: db, answers: map[string]*keptAnswer{}}
}

// serve sends a kept answer, or has one made. Whatever is no read, and clients that do not take gzip, go past it.
func (k *keeper) serve(w http.ResponseWriter, r *http.Request, inner http.HandlerFunc) {
	out, compressing := w.(*gzipWriter)
	if k == nil || !compressing || r.Method != http.MethodGet {
		inner(w, r)
		return
	}
	key, now := keyOf(r), k.environment.Generation()
	answer := k.find(key, now)
	if answer == nil {
		whole := odata.NewCapture(http.Header{})
		inner(whole, r)
		if whole.Code() != http.StatusOK {
			release(whole, w)
			return
		}
		answer = pack(whole, now)
		k.put(key, answer)
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	out.writeGzipped(answer.gzipped)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent += answer.size
}

// keyOf is everything about a request that its answer depends on.
func keyOf(r *http.Request) string {
	return fmt.Sprintf("%s %s?%s %s %+v", r.Host, r.URL.Path, r.URL.RawQuery, r.Header.Get("Accept"), odata.ReadPreferences(r))
}

func (k *keeper) find(key string, now rows.Generation) *keptAnswer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if answer := k.answers[key]; answer != nil && answer.made == now {
		return answer
	}
	return nil
}

func (k *keeper) put(key string, answer *keptAnswer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answers[key] = answer
	k.rendered++
}

// pack compresses an answer about as well as the service does.
func pack(whole *odata.Capture, made rows.Generation) *keptAnswer {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	// A bytes.Buffer takes everything.
	_, _ = z.Write(whole.Body.Bytes())
	_ = z.Close()
	whole.Headers.Del("Date") // each sending has its own
	whole.Headers.Del("Content-Length")
	return &keptAnswer{made: made, header: whole.Headers, gzipped: bytes.Clone(packed.Bytes()), size: int64(whole.Body.Len())}
}

// release sends an answer that was held back.
func release(c *odata.Capture, w http.ResponseWriter) {
	for name, values := range c.Headers {
		w.Header()[name] = values
	}
	w.WriteHeader(c.Code())
	_, _ = w.Write(c.Body.Bytes())
}

// Kept counts the answers that the server keeps; it is zero without ServerOptions.Keep.
func (s *Server) Kept() Kept {
	k := s.host.kept
	if k == nil {
		return Kept{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	all := Kept{Answers: len(k.answers), Rendered: k.rendered, Sent: k.sent}
	for _, answer := range k.answers {
		all.Bytes += answer.size
		all.Gzipped += int64(len(answer.gzipped))
	}
	return all
}

// KeptBodies yields the bodies of the answers that the server keeps, each a gzip stream that must not be changed, in
// no order.
func (s *Server) KeptBodies() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		k := s.host.kept
		if k == nil {
			return
		}
		k.mu.Lock()
		bodies := make([][]byte, 0, len(k.answers))
		for _, answer := range k.answers {
			bodies = append(bodies, answer.gzipped)
		}
		k.mu.Unlock()
		for _, body := range bodies {
			if !yield(body) {
				return
			}
		}
	}
}
