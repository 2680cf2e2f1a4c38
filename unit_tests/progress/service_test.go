package progress_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
)

// slowService is an environment whose responses take time, and which now and then makes all requests wait.
type slowService struct {
	rows     map[string]int // of each table
	page     int            // rows of a page
	response time.Duration
	// throttled reports for the n-th request, counted from 1, whether a limit refuses it at first; pause is what it asks for.
	throttled func(n int) bool
	pause     time.Duration

	mu       sync.Mutex
	requests int
	resume   time.Time
	total    time.Duration // of all pauses
}

// Page implements replicate.Environment. A link ends with the page's number after "page=".
func (s *slowService) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	s.pass(q)
	time.Sleep(s.response)
	at := time.Now().UTC()
	if err := sink.Begin(ctx, at); err != nil {
		return dataverse.Page{}, err
	}
	table := q.Table
	if q.Link.DeltaToken() != "" {
		return dataverse.Page{At: at, Context: "#" + table + "s(" + strings.Join(q.Link.Select(), ",") + ")/$delta", Delta: q.Link}, nil
	}
	first := 0
	if _, page, found := strings.Cut(string(q.Link), "page="); found {
		n, _ := strconv.Atoi(page)
		first = n * s.page
	}
	last := min(first+s.page, s.rows[table])
	for i := first; i < last; i++ {
		row := fmt.Sprintf(`{"%sid":"%08d-0000-0000-0000-000000000000","name":"row %d"}`, table, i, i)
		if err := sink.Row(jsontext.NewDecoder(strings.NewReader(row), jsontext.AllowDuplicateNames(true))); err != nil {
			return dataverse.Page{}, err
		}
	}
	page := dataverse.Page{At: at}
	switch base, _, _ := strings.Cut(string(q.Link), "&page="); {
	case last < s.rows[table]:
		page.Next = dataverse.Link(base + "&page=" + strconv.Itoa(last/s.page))
	case q.TrackChanges:
		page.Delta = dataverse.NewDeltaLink(table+"s", q.Link.Select(), "1!01/01/2003 00:00:00")
	}
	return page, nil
}

// pass waits as the limiter does: a refused request makes all others wait as well.
func (s *slowService) pass(q dataverse.PageRequest) {
	s.mu.Lock()
	s.requests++
	refused := s.throttled != nil && s.throttled(s.requests)
	if now := time.Now(); refused {
		if until := now.Add(s.pause); until.After(s.resume) {
			s.total += min(until.Sub(s.resume), s.pause)
			s.resume = until
		}
	}
	until := s.resume
	s.mu.Unlock()
	if refused {
		q.OnRetry(0)
	}
	for time.Now().Before(until) {
		q.OnThrottled(until)
		time.Sleep(time.Until(until))
		s.mu.Lock()
		until = s.resume
		s.mu.Unlock()
	}
}

// throttling returns what dataverse.Client.Throttled does.
func (s *slowService) throttling() (time.Duration, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := time.Until(s.resume); left > 0 {
		return s.total - left, s.resume
	}
	return s.total, time.Time{}
}

// Table implements replicate.Environment. No test changes a table.
func (s *slowService) Table(context.Context, string) (*dataverse.Table, error) { return nil, nil }
