package faults

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// send writes an answer in the way of the fault: cut, stalled, slow, or all of that. The length announced is that of
// the whole, so that the client can tell what is missing.
func (f *Fault) send(w http.ResponseWriter, r *http.Request, answer *odata.Capture) {
	body := answer.Body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Code())
	if f.StallAfter > 0 {
		if f.write(w, r, body[:min(f.StallAfter, len(body))]) && f.StallAfter < len(body) {
			<-r.Context().Done()
		}
		return
	}
	if f.CutAfter > 0 {
		body = body[:min(f.CutAfter, len(body))] // whereupon net/http breaks the connection, or the stream
	}
	f.write(w, r, body)
}

// portions is how often in a second something of a slow body is sent.
const portions = 50

// write sends a part of a body at the fault's pace, and says whether it all went out.
func (f *Fault) write(w http.ResponseWriter, r *http.Request, body []byte) bool {
	flush := http.NewResponseController(w).Flush
	if f.BytesPerSecond <= 0 {
		_, err := w.Write(body)
		return err == nil && flush() == nil
	}
	size := max(1, f.BytesPerSecond/portions)
	for len(body) > 0 {
		part := body[:min(size, len(body))]
		body = body[len(part):]
		if _, err := w.Write(part); err != nil || flush() != nil {
			return false
		}
		if !odata.Pause(r, time.Duration(len(part))*time.Second/time.Duration(f.BytesPerSecond)) {
			return false
		}
	}
	return true
}

// connectionKey is where a request's context holds its connection.
type connectionKey struct{}

// WithConnection lets the requests of a connection break it.
func WithConnection(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection)
}

// breakConnection ends the request's connection without an answer, and with it whatever else HTTP/2 sends over it.
// Behind a server that does not tell the connection an answer is begun and not ended.
func breakConnection(w http.ResponseWriter, r *http.Request) {
	if connection, ok := r.Context().Value(connectionKey{}).(net.Conn); ok {
		_ = connection.Close()
		return
	}
	w.Header().Set("Content-Length", "1")
	w.WriteHeader(http.StatusOK)
}
