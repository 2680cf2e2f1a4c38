package dataverse

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
)

// countedAtOnce keeps a request for counts well below the 32 KB that the url of a GET may have
// (Microsoft, "Query data using the Web API").
const countedAtOnce = 300

// RowCounts tells how many rows tables have, from a snapshot that the service takes once a day and that counts rows
// which the user may not see as well. It is good for estimates and for nothing else (Web API reference,
// RetrieveTotalRecordCount).
func (c *Client) RowCounts(ctx context.Context, tables []string) (map[string]int64, error) {
	counts := make(map[string]int64, len(tables))
	for some := range slices.Chunk(tables, countedAtOnce) {
		if err := c.rowCounts(ctx, some, counts); err != nil {
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
				return &BrokenAnswerError{Reason: "it has not as many counts as tables"}
			}
			return drain(d)
		},
	})
	for i, name := range names {
		counts[name] = rows[i]
	}
	return err
}
