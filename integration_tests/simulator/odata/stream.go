package odata

import "net/http"

// Stream writes a JSON array element by element through a small buffer.
type Stream struct {
	w      http.ResponseWriter
	buffer []byte
	any    bool
}

// flushAt is how much a stream gathers before it writes.
const flushAt = 64 << 10

func NewStream(w http.ResponseWriter, head string) *Stream {
	jsonHeaders(w.Header())
	return &Stream{w: w, buffer: append(make([]byte, 0, 2*flushAt), head...)}
}

// Element appends one element, with the comma before it.
func (s *Stream) Element(write func(dst []byte) []byte) {
	if s.any {
		s.buffer = append(s.buffer, ',')
	}
	s.any = true
	s.buffer = write(s.buffer)
	if len(s.buffer) >= flushAt {
		s.flush()
	}
}

// End closes the array and the object around it.
func (s *Stream) End() {
	s.buffer = append(s.buffer, "]}"...)
	s.flush()
}

// flush hands the buffer over. A client that has gone away is no concern of the answer's.
func (s *Stream) flush() {
	_, _ = s.w.Write(s.buffer)
	s.buffer = s.buffer[:0]
}

func jsonHeaders(header http.Header) {
	header.Set("Content-Type", "application/json; odata.metadata=minimal")
	SetODataVersion(header)
}

func WriteJSON(w http.ResponseWriter, body []byte) {
	jsonHeaders(w.Header())
	_, _ = w.Write(body)
}

// Response writes a function's answer of a complex type: the context, then the members given as JSON.
func Response(w http.ResponseWriter, base, function, members string) {
	WriteJSON(w, []byte(`{"@odata.context":"`+base+"/$metadata#Microsoft.Dynamics.CRM."+function+`Response",`+members+"}"))
}

// SetODataVersion says which version of OData an answer is of. The service's spelling is not Go's canonical one.
func SetODataVersion(header http.Header) { header["OData-Version"] = []string{"4.0"} }
