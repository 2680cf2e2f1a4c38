package faults

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
)

// Body is an effect on a whole body of JSON.
type Body string

// What can be wrong with a body.
const (
	ErrorBesideValue Body = "error-beside-value" // a member error stands beside the rows, with status 200
	ByteOrderMark    Body = "byte-order-mark"    // a byte order mark stands before the JSON
)

// AllBodies returns all effects on bodies.
func AllBodies() []Body { return []Body{ErrorBesideValue, ByteOrderMark} }

func (b Body) apply(x exchange, next func(exchange)) { Edit(b.bend).apply(x, next) }

func (b Body) bend(_ *http.Request, body []byte) []byte {
	switch b {
	case ErrorBesideValue:
		const member = `,"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`
		return append(bytes.TrimSuffix(body, []byte{'}'}), member...)
	case ByteOrderMark:
		return append([]byte("\ufeff"), body...)
	default:
		return body
	}
}

// Value replaces the values of a property in all rows of a response by JSON of any kind: "\"NaN\"" in a column of
// numbers, "\"a\\u0000b\"" in a text.
type Value struct {
	Property string // the name in rows, _x_value for lookups
	JSON     string
}

func (v Value) apply(x exchange, next func(exchange)) {
	member := regexp.MustCompile(`([{,]"` + regexp.QuoteMeta(v.Property) + `":)(?:"(?:[^"\\]|\\.)*"|[^",}\]]+)`)
	Edit(func(_ *http.Request, body []byte) []byte {
		return member.ReplaceAll(body, []byte("${1}"+strings.ReplaceAll(v.JSON, "$", "$$")))
	}).apply(x, next)
}

// Renamed gives a property another name in all rows of a response, such as one in another letter case.
type Renamed struct{ Property, Name string }

func (n Renamed) apply(x exchange, next func(exchange)) {
	Edit(func(_ *http.Request, body []byte) []byte {
		for _, before := range []string{"{", ","} {
			body = bytes.ReplaceAll(body, []byte(before+`"`+n.Property+`":`), []byte(before+`"`+n.Name+`":`))
		}
		return body
	}).apply(x, next)
}
