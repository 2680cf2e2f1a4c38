package simulator

import (
	"bytes"
	"cmp"
	"net/http"
)

// capture holds an answer back.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newCapture(header http.Header) *capture { return &capture{header: header} }

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *capture) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(p)
}

// code is the status of the answer, which is 200 unless it was set.
func (c *capture) code() int { return cmp.Or(c.status, http.StatusOK) }

// edit changes the body that is held back.
func (c *capture) edit(change func([]byte) []byte) {
	changed := change(c.body.Bytes())
	c.body = *bytes.NewBuffer(changed)
}
