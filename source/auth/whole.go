package auth

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
)

// largest is more than any answer of an authority.
const largest = 1 << 20

// whole reads answers to their end before MSAL sees them: one that breaks off is then an error of the network, and not
// one of the authority.
type whole struct{ *http.Client }

// Do sends a request and returns its answer with the body in memory.
func (w whole) Do(req *http.Request) (*http.Response, error) {
	answer, err := w.Client.Do(req) //nolint:gosec // the request is MSAL's, to the authority that the user names
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, largest))
	if err != nil {
		return nil, &url.Error{Op: req.Method, URL: req.URL.Host, Err: err}
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}
