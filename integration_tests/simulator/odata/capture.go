package odata

import (
	"bytes"
	"cmp"
	"net/http"
)

// Capture is an http.ResponseWriter that holds a response back.
type Capture struct {
	Headers http.Header
	status  int
	Body    bytes.Buffer
}

// NewCapture returns a capture that sets the headers of another response.
func NewCapture(header http.Header) *Capture { return &Capture{Headers: header} }

// Header implements http.ResponseWriter.
func (c *Capture) Header() http.Header { return c.Headers }

// WriteHeader implements http.ResponseWriter.
func (c *Capture) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

// Write implements http.ResponseWriter.
func (c *Capture) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.Body.Write(p)
}

// Code returns the status of the response: 200 unless it was set.
func (c *Capture) Code() int { return cmp.Or(c.status, http.StatusOK) }

// Edit changes the body that is held back.
func (c *Capture) Edit(change func([]byte) []byte) {
	changed := change(c.Body.Bytes())
	c.Body = *bytes.NewBuffer(changed)
}
