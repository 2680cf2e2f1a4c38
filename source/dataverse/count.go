package dataverse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// countedAtOnce keeps a request for counts well below the 32 KB that the url of a GET may have
// (Microsoft, "Query data using the Web API").
const countedAtOnce = 300

// countingsMost is how many requests may be spent on finding out which tables the service does not count.
const countingsMost = 40

// RowCounts tells how many rows tables have, from a snapshot that the service takes once a day and that counts rows
// which the user may not see as well. It is good for estimates and for nothing else (Web API reference,
// RetrieveTotalRecordCount).
//
// Tables that the service refuses to count are left out. The error is that of a request which failed otherwise.
func (c *Client) RowCounts(ctx context.Context, tables []string) (map[string]int64, error) {
	counts := make(map[string]int64, len(tables))
	left := countingsMost
	var count func(some []string) error
	count = func(some []string) error {
		left--
		err := c.rowCounts(ctx, some, counts)
		var refused *APIError
		if err == nil || !errors.As(err, &refused) || refused.Temporary() {
			return err
		}
		half := len(some) / 2
		if half == 0 || left < 2 {
			return nil
		}
		if err := count(some[:half]); err != nil {
			return err
		}
		return count(some[half:])
	}
	for some := range slices.Chunk(tables, countedAtOnce) {
		if err := count(some); err != nil {
			return counts, err
		}
	}
	return counts, nil
}

func (c *Client) rowCounts(ctx context.Context, tables []string, counts map[string]int64) error {
	var names []string
	var rows []int64
	err := c.get(ctx, request{
		operation: "count the rows of " + someOf(tables),
		link:      Link("RetrieveTotalRecordCount(EntityNames=@p1)?@p1=" + escape(`["`+strings.Join(tables, `","`)+`"]`)),
		read: func(_ *http.Response, body io.Reader) error {
			var answer struct {
				Counts struct {
					Keys   []string
					Values []int64
				} `json:"EntityRecordCountCollection"`
			}
			d := newDecoder(body)
			if err := decode(d, &answer); err != nil {
				return err
			}
			names, rows = answer.Counts.Keys, answer.Counts.Values
			if len(names) != len(rows) {
				return &BrokenResponseError{Reason: "it has not as many counts as tables"}
			}
			return drain(d)
		},
	})
	if err != nil {
		return err
	}
	for i, name := range names {
		counts[name] = rows[i]
	}
	return nil
}
