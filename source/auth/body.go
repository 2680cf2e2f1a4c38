package auth

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"

	"source-microsoft-dataverse/source/webpage"
)

// maxBody bounds a response body in bytes. The largest response of an authority, its metadata, has some kilobytes.
const maxBody = 1 << 20

// errLargeBody reports a response body of more than maxBody bytes.
var errLargeBody = errors.New("the response is larger than 1 MB")

// bodyReader reads each response body to its end before MSAL sees it: a body that breaks off is then an error of the
// network and not one of the authority, and no body takes more memory than maxBody. A web page with status 200 is an
// *Error, because MSAL would only report that it is not JSON.
type bodyReader struct{ client *http.Client }

// CloseIdleConnections closes the client's idle connections.
func (b bodyReader) CloseIdleConnections() { b.client.CloseIdleConnections() }

// Do sends a request and returns its response with the body in memory.
func (b bodyReader) Do(request *http.Request) (*http.Response, error) {
	response, err := b.client.Do(request) //nolint:gosec // the request is MSAL's, to the authority that the user names
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, &url.Error{Op: request.Method, URL: request.URL.Host, Err: err}
	case len(body) > maxBody:
		return nil, errLargeBody
	}
	if page := webpage.Of(response, body); page.HTML && response.StatusCode == http.StatusOK {
		return nil, &Error{Status: response.StatusCode, Page: page}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
