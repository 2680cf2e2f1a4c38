package dataverse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// contentPart is how many bytes of a content are requested at once, as Microsoft's samples do ("Use file column data").
const contentPart = 4 << 20

// ContentRequest asks for a file or an image of one row.
type ContentRequest struct {
	Table     string // logical name, for errors
	EntitySet string
	Key       string // of the row
	Column    string // logical name of the file or image column
	FullSize  bool   // an image at full size
	Most      int64  // the most bytes that are accepted
	// OnThrottled and OnRetry are those of PageRequest.
	OnThrottled func(until time.Time)
	OnRetry     func(after time.Duration)
}

// Content reads a file or an image. It returns nil if there is none. The error wraps a *ResponseTooLargeError if it has more
// bytes than are accepted; a large one is requested in parts, so that this is known after the first.
func (c *Client) Content(ctx context.Context, q ContentRequest) ([]byte, error) {
	var content []byte
	for size := int64(1); int64(len(content)) < size; {
		part, err := c.contentPart(ctx, q, int64(len(content)))
		var refused *APIError
		switch {
		case HasCode(err, codeNotInParts):
			part, err = c.contentPart(ctx, q, allBytes)
		case errors.As(err, &refused) && refused.Status == http.StatusRequestedRangeNotSatisfiable && len(content) == 0:
			return []byte{}, nil // it is empty: no part begins at its end
		}
		switch {
		case err != nil:
			return nil, err
		case part.none:
			return nil, nil
		case part.complete:
			return part.bytes, nil
		case len(part.bytes) == 0 || len(content) > 0 && part.size != size:
			another := &BrokenResponseError{Reason: "it is another file than the part before"}
			return nil, &RequestError{Operation: contentOperation(q), Table: q.Table, cause: another}
		}
		content, size = append(content, part.bytes...), part.size
	}
	return content, nil
}

// allBytes takes the place of a position where all of a content is requested.
const allBytes = -1

// contentBytes is a response to a request for a content.
type contentBytes struct {
	bytes    []byte
	size     int64 // of the content
	complete bool  // bytes is all of it
	none     bool  // there is no content
}

// contentPart requests the part of a content from a position on, or all of it.
func (c *Client) contentPart(ctx context.Context, q ContentRequest, from int64) (contentBytes, error) {
	link := q.EntitySet + "(" + q.Key + ")/" + q.Column + "/$value"
	if q.FullSize {
		link += "?size=full"
	}
	byteRange := ""
	if from >= 0 {
		byteRange = fmt.Sprintf("bytes=%d-%d", from, from+contentPart-1)
	}
	var part contentBytes
	err := c.get(ctx, request{
		operation:   contentOperation(q),
		table:       q.Table,
		link:        Link(link),
		binary:      true,
		byteRange:   byteRange,
		maxBytes:    max(q.Most, contentPart) + 1, // one more shows that there are too many
		policy:      RetryPolicy{Attempts: fewAttempts},
		onThrottled: q.OnThrottled,
		onRetry:     q.OnRetry,
		read: func(response *http.Response, body io.Reader) error {
			var err error
			part, err = readContent(response, body)
			if err == nil && part.size > q.Most {
				err = &ResponseTooLargeError{q.Most}
			}
			return err
		},
	})
	return part, err
}

func contentOperation(q ContentRequest) string { return "read " + q.Column + " of a row of " + q.Table }

// readContent reads a content or a part of one, with the headers that describe it.
func readContent(response *http.Response, body io.Reader) (contentBytes, error) {
	if response.StatusCode == http.StatusNoContent {
		return contentBytes{none: true}, nil
	}
	named := response.Header.Get("x-ms-file-name") != "" || response.Header.Get("x-ms-file-size") != ""
	if media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); media == "text/html" && !named {
		return contentBytes{}, notJSON(response, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return contentBytes{}, broken(err)
	}
	size, known := contentSize(response.Header)
	if response.StatusCode == http.StatusOK {
		if known && size != int64(len(data)) {
			return contentBytes{}, &BrokenResponseError{Reason: fmt.Sprintf("it has %d bytes of a file of %d", len(data), size), cut: true, passing: true}
		}
		return contentBytes{bytes: data, size: int64(len(data)), complete: true}, nil
	}
	if !known {
		return contentBytes{}, &BrokenResponseError{Reason: "it is a part of a file whose size it does not have"}
	}
	return contentBytes{bytes: data, size: size}, nil
}

// contentSize returns the size of a content from the headers of a response.
func contentSize(header http.Header) (size int64, known bool) {
	_, total, _ := strings.Cut(header.Get("Content-Range"), "/")
	for _, text := range []string{header.Get("x-ms-file-size"), total} {
		if size, err := strconv.ParseInt(text, 10, 64); err == nil && size >= 0 {
			return size, true
		}
	}
	return 0, false
}

// filesPerRequest is how many files one request for sizes names: about 6 KB of url.
const filesPerRequest = 100

// FileSizes returns the sizes in bytes of files by their ids, which are the values of file columns (Microsoft, "File
// Attachment (FileAttachment) table reference"). Files that are not found are missing.
func (c *Client) FileSizes(ctx context.Context, ids []string) (map[string]int64, error) {
	sizes := make(map[string]int64, len(ids))
	for some := range slices.Chunk(ids, filesPerRequest) {
		err := c.get(ctx, request{
			operation: "read the sizes of files",
			link: Link("fileattachments?$select=fileattachmentid,filesizeinbytes&$filter=fileattachmentid%20eq%20" +
				strings.Join(some, "%20or%20fileattachmentid%20eq%20")),
			policy: RetryPolicy{Attempts: fewAttempts},
			read: func(_ *http.Response, body io.Reader) error {
				return eachDefinition(body, "value", func(d *jsontext.Decoder) error {
					var file struct {
						ID   string `json:"fileattachmentid"`
						Size *int64 `json:"filesizeinbytes"`
					}
					err := decode(d, &file)
					if err == nil && file.Size != nil {
						sizes[strings.ToLower(file.ID)] = *file.Size
					}
					return err
				})
			},
		})
		if err != nil {
			return sizes, err
		}
	}
	return sizes, nil
}

// decodeContent passes the body of a good response to a request for a content to its read.
func (a *call) decodeContent(response *http.Response) error {
	body, err := a.client.unpack.open(response)
	if err != nil {
		return err
	}
	defer body.Close()
	return a.request.read(response, markedBody{&limitedReader{from: body, left: a.maxBytes, most: a.maxBytes}})
}
