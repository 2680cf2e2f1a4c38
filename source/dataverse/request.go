package dataverse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"source-microsoft-dataverse/source/webpage"
)

// Limits of decompressed bodies. That of a page is Options.MaxPageBytes; none exceeds Options.MaxResponseBytes.
const (
	// maxFactBytes limits responses that are neither pages nor definitions. The largest are the privileges of an
	// administrator, 150 bytes each, and the list of tables, 100 bytes each: an environment has thousands.
	maxFactBytes = 16 << 20
	// maxMetadataBytes limits definitions. Fifty of the largest tables take 75 MB with every property, 1.5 MB each, and
	// 2 MB with the requested properties.
	maxMetadataBytes = 80 << 20
	// maxErrorBytes limits how much of the body of a refusal is read.
	maxErrorBytes = 1 << 20
	// maxRowBytes limits a page of one row that does not have to fit in memory. It is more than a row has: an attachment may
	// have 128 MB (Microsoft, "Attachments and notes"), and a memo column about a million characters.
	maxRowBytes = 1 << 30
)

// request is one GET of the Web API.
type request struct {
	operation string // such as "read a page of account": used in errors and logs in place of the url
	table     string // logical name of the table whose rows it reads; empty: none
	link      Link
	prefer    string
	policy    RetryPolicy // a zero Attempts means Options.Attempts
	maxBytes  int64       // of the body, compressed or not; 0: maxFactBytes
	// streamed reports that read needs little memory whatever the length of the body, so that a long one is read while it
	// arrives, and only maxRowBytes limits it.
	streamed bool
	// onThrottled, if any, is called with the time until which the service makes the request wait.
	onThrottled func(until time.Time)
	// onRetry, if any, is called when an attempt has failed and another one follows after a time.
	onRetry func(after time.Duration)
	// binary reports that the response is not JSON, and byteRange is the part that is requested; "": all of it.
	binary    bool
	byteRange string
	// read decodes the unpacked body of a response with a status that succeeds accepts. It runs once per attempt, from the
	// beginning each time; after a *BrokenResponseError there is another attempt.
	read func(response *http.Response, body io.Reader) error
}

// get sends a request until its response has been read completely or further attempts are pointless. Its errors are of
// type *RequestError.
func (c *Client) get(ctx context.Context, q request) error {
	if q.maxBytes == 0 {
		q.maxBytes = maxFactBytes
	}
	q.maxBytes = min(q.maxBytes, c.options.MaxResponseBytes)
	if q.streamed {
		q.maxBytes = maxRowBytes
	}
	if q.policy.Attempts == 0 {
		q.policy.Attempts = c.options.Attempts
	}
	q.policy.Attempts = min(q.policy.Attempts, c.options.Attempts)
	if err := c.send(ctx, q); err != nil {
		return &RequestError{Operation: q.operation, Table: q.table, cause: err}
	}
	return nil
}

// succeeds reports whether a response with the status is what was requested.
func (q *request) succeeds(status int) bool {
	return status == http.StatusOK || q.binary && (status == http.StatusPartialContent || status == http.StatusNoContent)
}

// setHeaders sets what the Web API expects of every request (Microsoft, "Compose HTTP requests and handle errors").
func (c *Client) setHeaders(h http.Header, prefer string) {
	h.Set("Accept", "application/json")
	h.Set("Accept-Encoding", "gzip")
	h.Set("OData-MaxVersion", "4.0")
	h.Set("OData-Version", "4.0")
	h.Set("If-None-Match", "null")
	if c.options.Agent != "" {
		h.Set("User-Agent", c.options.Agent)
	}
	if prefer != "" {
		h.Set("Prefer", prefer) // one header: with several the service has dropped the delta link
	}
}

// decode passes the body of a good response to read and turns any other response into an error. Every body is limited
// here, where it is decompressed: a body that is small on the wire may be huge in memory.
func (c *Client) decode(response *http.Response, maxBytes int64, read func(*http.Response, io.Reader) error) error {
	body, err := c.unpack.open(response)
	if response.StatusCode != http.StatusOK {
		if err != nil { // the status is enough
			return newAPIError(response, http.NoBody)
		}
		defer body.Close()
		return newAPIError(response, &bomSkipper{from: io.LimitReader(body, maxErrorBytes)})
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if media := response.Header.Get("Content-Type"); !isJSON(media) {
		return notJSON(response, body)
	}
	bounded := &limitedReader{from: body, left: maxBytes, most: maxBytes}
	err = read(response, markedBody{&bomSkipper{from: bounded}})
	var failed *BrokenResponseError
	if errors.As(err, &failed) {
		failed.Reason = withoutTokens(failed.Reason, response.Request) // it may quote an error of the service
	}
	return err
}

// notJSON returns the error of a response that is no JSON, which comes from a proxy, a firewall or a sign-in page.
func notJSON(response *http.Response, body io.Reader) *BrokenResponseError {
	const most = 64 << 10 // the title is at the beginning
	beginning, _ := io.ReadAll(io.LimitReader(body, most))
	page := webpage.Of(response, beginning)
	reason := fmt.Sprintf("its type is %q and not JSON, like that of a proxy's response", response.Header.Get("Content-Type"))
	if page.HTML {
		reason = "it is " + page.String() + ", like that of a sign-in page or a proxy"
	}
	return &BrokenResponseError{Reason: reason, Page: page, passing: true, notJSON: true}
}

// isJSON reports whether a media type is JSON. Media types have no case (RFC 9110, 8.3.1).
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, _, _ = strings.Cut(strings.ToLower(contentType), ";")
		media = strings.TrimSpace(media)
	}
	return media == "application/json" || media == "text/json"
}
