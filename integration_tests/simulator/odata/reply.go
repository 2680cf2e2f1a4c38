package odata

import (
	"net/http"
	"strconv"
)

// Reply is a response that is being made. It is sent once the database is unlocked.
type Reply struct {
	status int
	Header http.Header
	Body   []byte
	Lent   *[]byte // what holds the body, to be returned to the pool; nil if nothing does
}

// NewReply returns a response without a body.
func NewReply(status int) *Reply { return &Reply{status: status, Header: http.Header{}} }

// JSON sets a body of JSON.
func (r *Reply) JSON(body []byte) *Reply {
	jsonHeaders(r.Header)
	r.Body = body
	return r
}

// Preference sets the header Preference-Applied, unless it is empty.
func (r *Reply) Preference(applied string) *Reply {
	if applied != "" {
		r.Header.Set("Preference-Applied", applied)
	}
	return r
}

// Send writes the response.
func (r *Reply) Send(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	SetODataVersion(w.Header())
	if len(r.Body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.status)
	// A client that has gone away gets no response, and nothing else depends on it.
	_, _ = w.Write(r.Body)
}
