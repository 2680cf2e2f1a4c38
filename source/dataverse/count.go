package dataverse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

const (
	// countedAtOnce keeps a request for counts well below the 32 KB that the url of a GET may have
	// (Microsoft, "Query data using the Web API").
	countedAtOnce = 300
	// maxCountRequests is how many requests may be spent on finding out which tables the service does not count.
	maxCountRequests = 40
)

// RowCounts returns how many rows tables have, from a snapshot that the service takes once a day and that includes rows
// which the user may not see. It is suitable only for estimates (Web API reference, RetrieveTotalRecordCount).
//
// Tables that the service refuses to count are left out. The error is that of a request which failed otherwise.
func (c *Client) RowCounts(ctx context.Context, tables []string) (map[string]int64, error) {
	counts := make(map[string]int64, len(tables))
	left := maxCountRequests
	var count func(some []string) error
	count = func(some []string) error {
		left--
		err := c.rowCounts(ctx, some, counts)
		var refused *APIError
		if err == nil || !errors.As(err, &refused) || refused.Temporary() && !refused.Inconclusive() {
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
	var result struct {
		Keys   []string
		Values []int64
	}
	err := c.get(ctx, request{
		operation: "count the rows of " + someOf(tables),
		link:      Link("RetrieveTotalRecordCount(EntityNames=@p1)?@p1=" + escape(`["`+strings.Join(tables, `","`)+`"]`)),
		policy:    RetryPolicy{Attempts: 1}, // an estimate is not worth retrying
		read: func(_ *http.Response, body io.Reader) error {
			result.Keys, result.Values = nil, nil
			var others envelope
			d := newDecoder(body)
			err := eachMember(d, func(name []byte) error {
				if string(name) == "EntityRecordCountCollection" {
					return decode(d, &result)
				}
				return others.read(d, name)
			})
			switch {
			case err != nil:
				return err
			case len(result.Keys) != len(result.Values):
				return &BrokenResponseError{Reason: "it does not have one count for each table"}
			}
			if err := others.check(false); err != nil {
				return err
			}
			return drain(d)
		},
	})
	if err != nil {
		return err
	}
	for i, name := range result.Keys {
		counts[name] = result.Values[i]
	}
	return nil
}
