package faults

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
)

// Inflating is a response of little data that unpacks to as many bytes of JSON, or a little more.
type Inflating int64

// block is how many bytes one part of an inflating body unpacks to.
const block = 16 << 20

func (n Inflating) apply(x exchange, _ func(exchange)) {
	// A gzip file is a sequence of members that unpack one after another (RFC 1952, section 2.2), so one compressed
	// block can be sent many times.
	head, body, tail := packed([]byte(`{"value":[`)), packed(bytes.Repeat([]byte{' '}, block)), packed([]byte(`]}`))
	blocks := int((int64(n) + block - 1) / block)
	x.w.Header().Set("Content-Type", jsonType)
	x.w.Header().Set("Content-Encoding", "gzip")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(head)+blocks*len(body)+len(tail)))
	x.w.WriteHeader(http.StatusOK)
	_, _ = x.w.Write(head)
	for range blocks {
		if _, err := x.w.Write(body); err != nil {
			return // the client has closed the connection
		}
	}
	_, _ = x.w.Write(tail)
}

// packed returns a gzip member.
func packed(plain []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// A bytes.Buffer does not fail.
	_, _ = z.Write(plain)
	_ = z.Close()
	return b.Bytes()
}
