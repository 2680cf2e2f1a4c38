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

// NewStream begins a response with the text before the first element of its list.
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

// flush sends the buffer. A client that has gone away does not matter.
func (s *Stream) flush() {
	_, _ = s.w.Write(s.buffer)
	s.buffer = s.buffer[:0]
}

func jsonHeaders(header http.Header) {
	header.Set("Content-Type", "application/json; odata.metadata=minimal")
	SetODataVersion(header)
}

// WriteJSON sends a whole body of JSON.
func WriteJSON(w http.ResponseWriter, body []byte) {
	jsonHeaders(w.Header())
	_, _ = w.Write(body)
}

// Response writes a function's response of a complex type: the context, then these members, JSON.
func Response(w http.ResponseWriter, base, function, members string) {
	WriteJSON(w, []byte(`{"@odata.context":"`+base+"/$metadata#Microsoft.Dynamics.CRM."+function+`Response",`+members+"}"))
}

// SetODataVersion sets the header OData-Version. The service's spelling is not Go's canonical one.
func SetODataVersion(header http.Header) { header["OData-Version"] = []string{"4.0"} }
