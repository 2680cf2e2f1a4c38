package simulator

import "net/http"

// stream writes a JSON array element by element through a small buffer.
type stream struct {
	w      http.ResponseWriter
	buffer []byte
	any    bool
}

// flushAt is how much a stream gathers before it writes.
const flushAt = 64 << 10

func newStream(w http.ResponseWriter, head string) *stream {
	jsonHeaders(w.Header())
	return &stream{w: w, buffer: append(make([]byte, 0, 2*flushAt), head...)}
}

// element appends one element, with the comma before it.
func (s *stream) element(write func(dst []byte) []byte) {
	if s.any {
		s.buffer = append(s.buffer, ',')
	}
	s.any = true
	s.buffer = write(s.buffer)
	if len(s.buffer) >= flushAt {
		s.flush()
	}
}

// end closes the array and the object around it.
func (s *stream) end() {
	s.buffer = append(s.buffer, "]}"...)
	s.flush()
}

// flush hands the buffer over. A client that has gone away is no concern of the answer's.
func (s *stream) flush() {
	_, _ = s.w.Write(s.buffer)
	s.buffer = s.buffer[:0]
}

func jsonHeaders(header http.Header) {
	header.Set("Content-Type", "application/json; odata.metadata=minimal")
	setODataVersion(header)
}

func writeJSON(w http.ResponseWriter, body []byte) {
	jsonHeaders(w.Header())
	_, _ = w.Write(body)
}
