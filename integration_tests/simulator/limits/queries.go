package limits

import (
	"cmp"
	"net/http"
	"sync"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// QueryThrottling refuses queries that load the database, regardless of the user (Microsoft, "Query throttling"). Queries are of
// one shape if they differ only in the values of their filters and in the page.
type QueryThrottling struct {
	Parallel int    // queries of one shape at one moment; 0: any number
	Code     string // of the refusal; empty: 0x80048544
}

// Queries counts the queries that are running.
type Queries struct {
	throttling QueryThrottling

	mu      sync.Mutex
	running map[string]int // by shape
	refused int
}

// NewQueries returns a count of no queries.
func NewQueries(t QueryThrottling) *Queries {
	return &Queries{throttling: t, running: map[string]int{}}
}

// Enter counts a query. It returns the refusal if too many of its shape are running, and otherwise a function to call when the
// query is done. An empty shape is not limited.
func (q *Queries) Enter(shape string) (leave func(), refusal *odata.Error) {
	if q.throttling.Parallel <= 0 || shape == "" {
		return func() {}, nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running[shape] >= q.throttling.Parallel {
		q.refused++
		code := cmp.Or(q.throttling.Code, queryThrottled)
		return nil, &odata.Error{Status: http.StatusInternalServerError, Code: code, Message: queryMessage(code)}
	}
	q.running[shape]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.running[shape]--
	}, nil
}

// Refused returns how many queries have been refused.
func (q *Queries) Refused() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refused
}

// queryThrottled is the code of a refusal without a more specific reason.
const queryThrottled = "0x80048544"

// queryMessage returns the message of a code ("Query throttling" has a table of them).
func queryMessage(code string) string {
	reason := map[string]string{
		"0x80048644": "the query uses a leading wildcard value in a filter condition",
		"0x80048744": "the query uses a computed column in a filter condition",
		"0x80048745": "the query has performance validation issues (LargeAmountOfAttributes)",
	}[code]
	if reason == "" {
		return "This query cannot be executed because it conflicts with query throttling."
	}
	return "This query cannot be executed because it conflicts with Query Throttling; " + reason + ", which will cause the query to be throttled more aggressively."
}
