package odata

import (
	"bytes"
	"cmp"
	"net/http"
)

// Capture holds an answer back.
type Capture struct {
	Headers http.Header
	status  int
	Body    bytes.Buffer
}

func NewCapture(header http.Header) *Capture { return &Capture{Headers: header} }

func (c *Capture) Header() http.Header { return c.Headers }

func (c *Capture) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *Capture) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.Body.Write(p)
}

// Code is the status of the answer, which is 200 unless it was set.
func (c *Capture) Code() int { return cmp.Or(c.status, http.StatusOK) }

// Edit changes the body that is held back.
func (c *Capture) Edit(change func([]byte) []byte) {
	changed := change(c.Body.Bytes())
	c.Body = *bytes.NewBuffer(changed)
}
