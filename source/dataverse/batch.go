package dataverse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// A GET whose url is too long for a proxy, or for the 32 KB of the service, is sent inside the body of a POST to $batch,
// where its url may have 64 KB (Microsoft, "Query data using the Web API", "Compose a query that is too long").

// batchBoundary delimits the only part of a batch; a link cannot contain it.
const batchBoundary = "batch_source_microsoft_dataverse"

// longURL is a length at which web servers and proxies begin to refuse urls with a status that does not name the
// reason: IIS, for instance, responds with 404.15 to a query of more than 2,048 bytes (Microsoft, "Request Limits
// <requestLimits>").
const longURL = 2000

// URLTooLong reports whether the status says that a url was refused because of its length.
func URLTooLong(err error) bool {
	var refused *APIError
	return errors.As(err, &refused) && refused.Code == "" &&
		(refused.Status == http.StatusRequestURITooLong || refused.Status == http.StatusRequestHeaderFieldsTooLarge)
}

// mayBeTooLong reports whether the length of a url may be the reason of its refusal.
func mayBeTooLong(err error, length int) bool {
	var refused *APIError
	return URLTooLong(err) || length > longURL && errors.As(err, &refused) && refused.Code == "" && refused.Inconclusive()
}

// urlLength is the length of a link's url in bytes.
func (c *Client) urlLength(link Link) int { return len(c.root) + len(apiPath) + len(link) }

// send sends a request by its url, or in a batch if the url is at least as long as one that was refused.
func (c *Client) send(ctx context.Context, q request) error {
	length := c.urlLength(q.link)
	if longest := c.longest.Load(); longest > 0 && int64(length) >= longest {
		return (&call{client: c, request: q, batched: true}).run(ctx)
	}
	err := (&call{client: c, request: q}).run(ctx)
	if !mayBeTooLong(err, length) || ctx.Err() != nil {
		return err
	}
	batch := &call{client: c, request: q, batched: true}
	batched := batch.run(ctx)
	switch {
	case refused(batched) && !batch.unwrapped: // the batch itself is refused
		return err
	case URLTooLong(err): // the status says so, whatever becomes of the batch
	case !batch.unwrapped: // no response proves that the length was the reason
		return err
	case isInconclusive(batched): // it was not
		return batched
	}
	if c.longest.Swap(int64(length)) == 0 {
		c.log.InfoContext(ctx, fmt.Sprintf("A url of %d bytes was refused (%v). The connector sends urls of this length in batches.", length, err))
	}
	return batched
}

// newBatch returns a POST of $batch with one GET in it.
func (a *call) newBatch(ctx context.Context) (*retryablehttp.Request, error) {
	if !a.link.Usable() {
		return nil, errUnusableLink
	}
	var body bytes.Buffer
	body.WriteString("--" + batchBoundary + "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n")
	body.WriteString("GET " + apiPath + string(a.link) + " HTTP/1.1\r\n")
	inner := http.Header{}
	a.client.setHeaders(inner, a.prefer)
	inner.Del("Accept-Encoding")
	inner.Del("User-Agent")
	if err := inner.Write(&body); err != nil {
		return nil, fmt.Errorf("write a batch: %w", err)
	}
	body.WriteString("\r\n\r\n--" + batchBoundary + "--\r\n")
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, a.client.root+apiPath+"$batch", body.Bytes())
	if err != nil {
		return nil, fmt.Errorf("prepare a batch: %w", err)
	}
	a.client.setHeaders(req.Header, "odata.continue-on-error") // otherwise a refused GET would make the whole batch fail
	req.Header.Set("Content-Type", "multipart/mixed; boundary="+batchBoundary)
	return req, nil
}

// decodeBatch decodes the one response in the response to a batch.
func (a *call) decodeBatch(outer *http.Response) error {
	body, err := a.client.unpack.open(outer)
	if err != nil {
		return err
	}
	defer body.Close()
	media, parameters, err := mime.ParseMediaType(outer.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		return &BrokenResponseError{Reason: "it is not a batch response", passing: true, notJSON: true}
	}
	parts := multipart.NewReader(markedBody{&limitedReader{from: body, left: a.maxBytes, most: a.maxBytes}}, parameters["boundary"])
	part, err := parts.NextRawPart()
	if err != nil {
		return cutBatch(err)
	}
	inner, err := http.ReadResponse(bufio.NewReader(part), nil)
	if err != nil {
		return cutBatch(err)
	}
	defer inner.Body.Close()
	a.unwrapped = true
	completeInner(inner, outer, a.link)
	if err := a.client.decode(inner, a.maxBytes, a.request.read); err != nil {
		return err
	}
	switch _, err := parts.NextRawPart(); {
	case err == nil:
		return &BrokenResponseError{Reason: "it has more parts than the batch has requests"}
	case !errors.Is(err, io.EOF): // the end of the batch must be there
		return cutBatch(err)
	default:
		return nil
	}
}

// completeInner copies to the response in a batch what only the outer response has, and to the outer response the pause
// that the inner one asks for.
func completeInner(inner, outer *http.Response, link Link) {
	for _, name := range []string{"Date", "x-ms-service-request-id"} {
		if inner.Header.Get(name) == "" {
			inner.Header.Set(name, outer.Header.Get(name))
		}
	}
	if after := inner.Header.Get("Retry-After"); after != "" {
		outer.Header.Set("Retry-After", after)
	}
	_, query, _ := strings.Cut(string(link), "?")
	inner.Request = &http.Request{URL: &url.URL{RawQuery: query}, Header: outer.Request.Header}
}

// cutBatch is the error of a batch whose parts cannot be read.
func cutBatch(err error) error {
	var large *ResponseTooLargeError
	if errors.As(err, &large) {
		return large
	}
	return &BrokenResponseError{Reason: "it ends before the end of its batch", cause: err, cut: true, passing: true}
}
