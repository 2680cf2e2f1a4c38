package finops

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// maxURLs is how many urls of one package are requested because a url was refused. A url is valid for about an hour, and each
// request makes a new one.
const maxURLs = 3

// packageURL returns the url of the package of an execution, "" if there is none (yet). The url is a secret.
func (c *Client) packageURL(ctx context.Context, execution string) (string, error) {
	text, err := c.action(ctx, "read the url of the package of execution "+execution, "GetExportedPackageUrl", map[string]string{"executionId": execution}, false)
	var refused *APIError
	if errors.As(err, &refused) && refused.notFound() {
		return "", &LostError{Execution: execution, Reason: "finance & operations does not have the package any more"}
	}
	return text, err
}

// awaitURL returns the url of the package of an execution that has ended. The url may be empty for some time after that
// (microsoft/Recurring-Integrations-Scheduler polls it up to 100 times), and stays empty if there is no package.
func (c *Client) awaitURL(ctx context.Context, execution string, mayBeNone bool) (string, error) {
	began, wait := time.Now(), c.options.PollMin
	grace := c.options.Grace
	if mayBeNone {
		grace /= 30 // the job log counts no record, so that there is probably nothing to wait for
	}
	for {
		url, err := c.packageURL(ctx, execution)
		if err != nil || url != "" || time.Since(began) > grace {
			return url, err
		}
		if wait, err = c.poll(ctx, wait); err != nil {
			return "", err
		}
	}
}

// Download stores the package of an execution, which has ended, in a file. The caller closes it. It is nil if the execution has
// no package; mayBeNone reports that the execution may have exported no record, so that a missing package is no surprise.
//
// The download continues with the last byte, of the same version of the blob, when it is cut off. When the url is refused, a new
// one is requested. The error is a *LostError if the package is gone.
func (c *Client) Download(ctx context.Context, execution string, mayBeNone bool) (*File, error) {
	url, err := c.awaitURL(ctx, execution, mayBeNone)
	if err != nil || url == "" {
		return nil, err
	}
	return c.download(ctx, execution, url)
}

// Existing is Download for an execution of the past, whose package exists now or never will.
func (c *Client) Existing(ctx context.Context, execution string) (*File, error) {
	url, err := c.packageURL(ctx, execution)
	if err != nil || url == "" {
		return nil, err
	}
	return c.download(ctx, execution, url)
}

// download stores the package at a url in a file.
func (c *Client) download(ctx context.Context, execution, url string) (*File, error) {
	file, err := NewFile(c.options.Folder)
	if err != nil {
		return nil, err
	}
	d := download{client: c, execution: execution, url: url, file: file, total: -1}
	if err := d.run(ctx); err != nil {
		_ = file.Close()
		return nil, err
	}
	file.size = d.at
	return file, nil
}

// download is one package on its way to a file.
type download struct {
	client    *Client
	execution string
	url       string
	file      *File

	at    int64  // how many bytes are in the file
	total int64  // how many the blob has; -1: not known
	etag  string // of the blob that the bytes are of
	urls  int    // that were requested again
}

// run requests the rest of the package until all of it has arrived. Attempts that bring the download forward do not count.
func (d *download) run(ctx context.Context) error {
	c, operation := d.client, "download the package of execution "+d.execution
	failed := 0
	for {
		before := d.at
		err := d.attempt(ctx)
		var lost *LostError
		var storage *StorageError
		var expired *expiredError
		switch {
		case err == nil && d.at == d.total:
			return nil
		case err == nil:
			err = &BrokenResponseError{Reason: fmt.Sprintf("it has %d bytes of %d", d.at, d.total), passing: true}
		case ctx.Err() != nil:
			return c.failed(operation, 0, ctx.Err())
		case errors.As(err, &lost), errors.As(err, &storage):
			return err
		case errors.As(err, &expired):
			if d.urls++; d.urls > maxURLs {
				return c.failed(operation, failed+d.urls, expired.refused)
			}
			if d.url, err = c.awaitURL(ctx, d.execution, false); err != nil {
				return err
			}
			if d.url == "" {
				return &LostError{Execution: d.execution, Reason: "finance & operations does not have the package any more"}
			}
			continue
		}
		if failed++; d.at > before {
			failed = 1
		}
		if failed >= c.options.Attempts || !temporary(err) || doubtful(err) && failed >= fewAttempts {
			return c.failed(operation, failed, dataverse.WithoutURL(err))
		}
		c.log.InfoContext(ctx, fmt.Sprintf("The attempt to %s failed at byte %d and will be continued: %v", operation, d.at, dataverse.WithoutURL(err)))
		if err := sleep(ctx, dataverse.Backoff(c.options.WaitMin, c.options.WaitMax, failed)); err != nil {
			return err
		}
	}
}

// expiredError reports that the signature of the url is not valid (any more).
type expiredError struct{ refused *APIError }

func (e *expiredError) Error() string { return e.refused.Error() }

// attempt requests the rest of the package once and appends what arrives to the file.
func (d *download) attempt(ctx context.Context) error {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	// A download may take long, so that only the time without any byte is limited.
	idle := time.AfterFunc(d.client.options.AttemptTimeout, cancel)
	defer idle.Stop()
	req, err := http.NewRequestWithContext(limited, http.MethodGet, d.url, nil)
	if err != nil || req.URL.Scheme != "https" {
		return errUnusableURL
	}
	if d.client.options.Agent != "" {
		req.Header.Set("User-Agent", d.client.options.Agent)
	}
	req.Header.Set("Accept-Encoding", "identity") // a range is of the bytes that are sent (RFC 9110, 14.1)
	if d.at > 0 && d.etag != "" {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
		req.Header.Set("If-Match", d.etag)
	}
	response, err := d.client.blobs.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if err := d.begin(response); err != nil {
		return err
	}
	for chunk := make([]byte, 256<<10); ; {
		n, err := response.Body.Read(chunk)
		if n > 0 {
			idle.Reset(d.client.options.AttemptTimeout)
			if _, err := d.file.WriteAt(chunk[:n], d.at); err != nil {
				return err
			}
			d.at += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			if d.total < 0 {
				d.total = d.at
			}
			return nil
		case err != nil:
			return &BrokenResponseError{Reason: fmt.Sprintf("it was cut off after %d bytes", d.at), passing: true, cause: dataverse.WithoutURL(err)}
		}
	}
}

// begin reads the head of a response. A response with the whole blob, or with another one, starts the download over.
func (d *download) begin(response *http.Response) error {
	switch response.StatusCode {
	case http.StatusPartialContent:
		var from, to, total int64
		if n, _ := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n != 3 || from != d.at {
			d.restart()
			return &BrokenResponseError{Reason: "it is another part of the package than the one that was requested"}
		}
		d.total = total
		return nil
	case http.StatusOK:
		d.restart()
		d.etag, d.total = response.Header.Get("ETag"), response.ContentLength
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
	code := blobCode(response, body)
	refused := newAPIError(response, body)
	if code != "" {
		refused.Message = code
	}
	switch {
	case response.StatusCode == http.StatusPreconditionFailed || response.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		d.restart()
		return &BrokenResponseError{Reason: "the package was replaced while it was downloaded"}
	case response.StatusCode == http.StatusForbidden && code != "":
		return &expiredError{refused}
	case response.StatusCode == http.StatusNotFound && code != "":
		return &LostError{Execution: d.execution, Reason: "it was removed from the storage (" + code + ")"}
	}
	return refused
}

func (d *download) restart() { d.at, d.total, d.etag = 0, -1, "" }

// blobCode returns the code of a refusal of Azure Storage, such as BlobNotFound, "" if the response is not one: the header
// x-ms-error-code, or the element Code of the body (Microsoft, "Status and error codes" of Azure Storage).
func blobCode(response *http.Response, body []byte) string {
	if code := response.Header.Get("x-ms-error-code"); code != "" {
		return code
	}
	var document struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
	}
	if xml.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &document) != nil {
		return ""
	}
	return strings.TrimSpace(document.Code)
}
