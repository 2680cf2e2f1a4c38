package faults

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Delay is a pause before the response.
type Delay time.Duration

func (d Delay) apply(x exchange, next func(exchange)) {
	if odata.Pause(x.r, time.Duration(d)) {
		next(x)
	}
}

// Drop breaks the connection without a response.
type Drop struct{}

func (Drop) apply(x exchange, _ func(exchange)) { breakConnection(x.w, x.r) }

// Transfer is a response whose body arrives in part or slowly. The length announced is that of the whole body, so that
// the client can recognize what is missing.
type Transfer struct {
	CutAfter       int // bytes of the body after which the connection breaks; 0 sends it whole
	StallAfter     int // bytes of the body after which nothing more comes until the client goes away; 0 sends it whole
	BytesPerSecond int // 0: as fast as it goes
}

func (t Transfer) apply(x exchange, next func(exchange)) {
	captured := odata.NewCapture(x.w.Header())
	inner := x
	inner.w = captured
	next(inner)
	t.send(x.w, x.r, captured)
}

func (t Transfer) send(w http.ResponseWriter, r *http.Request, captured *odata.Capture) {
	body := captured.Body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(captured.Code())
	if t.StallAfter > 0 {
		if t.write(w, r, body[:min(t.StallAfter, len(body))]) && t.StallAfter < len(body) {
			<-r.Context().Done()
		}
		return
	}
	if t.CutAfter > 0 {
		body = body[:min(t.CutAfter, len(body))] // then net/http breaks the connection, or the stream
	}
	t.write(w, r, body)
}

// portions is how often in a second something of a slow body is sent.
const portions = 50

// write sends a part of a body at the pace of the transfer, and reports whether it all went out.
func (t Transfer) write(w http.ResponseWriter, r *http.Request, body []byte) bool {
	flush := http.NewResponseController(w).Flush
	if t.BytesPerSecond <= 0 {
		_, err := w.Write(body)
		return err == nil && flush() == nil
	}
	size := max(1, t.BytesPerSecond/portions)
	for len(body) > 0 {
		part := body[:min(size, len(body))]
		body = body[len(part):]
		if _, err := w.Write(part); err != nil || flush() != nil {
			return false
		}
		if !odata.Pause(r, time.Duration(len(part))*time.Second/time.Duration(t.BytesPerSecond)) {
			return false
		}
	}
	return true
}

// connectionKey is where a request's context holds its connection.
type connectionKey struct{}

// WithConnection is an http.Server's ConnContext that lets a Drop break the connection.
func WithConnection(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection)
}

// breakConnection ends the request's connection without a response, and with it whatever else HTTP/2 sends over it.
// Behind a server without WithConnection a response is begun and not ended.
func breakConnection(w http.ResponseWriter, r *http.Request) {
	if connection, ok := r.Context().Value(connectionKey{}).(net.Conn); ok {
		_ = connection.Close()
		return
	}
	w.Header().Set("Content-Length", "1")
	w.WriteHeader(http.StatusOK)
}
