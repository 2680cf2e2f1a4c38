package finops

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
)

// Paths of the service (Microsoft, "Open Data Protocol (OData)" and "Service endpoints overview" of finance & operations).
const (
	dataPath     = "/data/"
	metadataPath = "/metadata/"
)

// maxPages bounds the pages of one set.
const maxPages = 10_000

// set requests all rows of a set and calls each with every page's, as they are in the member value.
func (c *Client) set(ctx context.Context, operation, path string, each func(rows json.RawMessage) error) error {
	seen := map[string]bool{}
	for path != "" {
		if seen[path] || len(seen) == maxPages {
			return c.failed(operation, 0, ErrLinkOutside)
		}
		seen[path] = true
		var page struct {
			Value json.RawMessage `json:"value"`
			Next  string          `json:"@odata.nextLink"`
		}
		err := c.send(ctx, request{operation: operation, path: path, read: func(body []byte) error {
			page.Value, page.Next = nil, ""
			if err := json.Unmarshal(body, &page); err != nil || page.Value == nil {
				return &BrokenResponseError{Reason: "it is not a set of rows"}
			}
			return nil
		}})
		if err != nil {
			return err
		}
		if err := each(page.Value); err != nil {
			return c.failed(operation, 0, &BrokenResponseError{Reason: "its rows do not have the documented types"})
		}
		if path, err = c.next(page.Next); err != nil {
			return c.failed(operation, 0, err)
		}
	}
	return nil
}

// next returns the path of a next link, "" for "". The service may name itself by another host than the one that it was reached
// under, so only the path counts, which must be one of the service's.
func (c *Client) next(link string) (string, error) {
	if link == "" {
		return "", nil
	}
	parsed, err := url.Parse(link)
	if err != nil {
		return "", ErrLinkOutside
	}
	path := parsed.EscapedPath()
	for _, below := range []string{dataPath, metadataPath} {
		if at := strings.Index(path, below); at >= 0 {
			if parsed.RawQuery != "" {
				return path[at:] + "?" + parsed.RawQuery, nil
			}
			return path[at:], nil
		}
	}
	return "", ErrLinkOutside
}

// rowsOf appends the rows of each page of a set to a list.
func rowsOf[T any](ctx context.Context, c *Client, operation, path string) ([]T, error) {
	var all []T
	err := c.set(ctx, operation, path, func(rows json.RawMessage) error {
		var page []T
		if err := json.Unmarshal(rows, &page); err != nil {
			return err
		}
		all = append(all, page...)
		return nil
	})
	return all, err
}

// filtered is the path of the rows of a set whose column has a text. The service compares without regard to letter case and takes
// * for any characters, so the caller compares again.
func filtered(set, column, text string, options ...string) string {
	condition := column + " eq '" + strings.ReplaceAll(text, "'", "''") + "'"
	path := set + "?$filter=" + strings.ReplaceAll(url.QueryEscape(condition), "+", "%20")
	for _, option := range options {
		path += "&" + option
	}
	return path
}
