package faults

import (
	"net/http"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Effect is what happens to a request that a fault strikes. It responds itself, or lets the ordinary response be made
// and changes how it arrives. The effects are the types of this package; Handle is one by a function of one's own.
type Effect interface {
	apply(x exchange, next func(exchange))
}

// exchange is a request with the way to respond to it.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	entra *entra.Service
}

// Chain applies effects from the outside to the inside: an effect that changes the response stands before the one that
// makes it, and the ordinary response is made after the last.
type Chain []Effect

func (c Chain) apply(x exchange, next func(exchange)) {
	if len(c) == 0 {
		next(x)
		return
	}
	c[0].apply(x, func(x exchange) { c[1:].apply(x, next) })
}

// Handle is an effect by a function, which may call next to have the ordinary response made.
type Handle func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc)

func (f Handle) apply(x exchange, next func(exchange)) {
	f(x.w, x.r, func(w http.ResponseWriter, r *http.Request) { next(exchange{w, r, x.entra}) })
}

// Edit changes the body of the response, which the client gets uncompressed.
type Edit func(r *http.Request, body []byte) []byte

func (f Edit) apply(x exchange, next func(exchange)) {
	inner := x
	inner.r = x.r.Clone(x.r.Context())
	inner.r.Header.Del("Accept-Encoding") // bodies are edited in plain text
	captured := odata.NewCapture(x.w.Header())
	inner.w = captured
	next(inner)
	captured.Edit(func(body []byte) []byte { return f(x.r, body) })
	Transfer{}.send(x.w, x.r, captured)
}

// Header sets a header of the response.
type Header struct{ Name, Value string }

func (h Header) apply(x exchange, next func(exchange)) {
	x.w.Header().Set(h.Name, h.Value)
	next(x)
}

// DOPHint is another recommended degree of parallelism, header x-ms-dop-hint, beside the ordinary response.
type DOPHint int

func (n DOPHint) apply(x exchange, next func(exchange)) {
	if x.w.Header().Get(odata.DOPHintHeader) != "" {
		x.w.Header().Set(odata.DOPHintHeader, strconv.Itoa(int(n)))
	}
	next(x)
}
