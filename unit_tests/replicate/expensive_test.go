package replicate_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// narrowNumbered is the second page of changes of other columns than today's, numbered.
const narrowNumbered dataverse.Link = "accounts?$select=accountid,modifiedon&$skiptoken=%3Ccookie%20pagenumber=%222%22%20istracking=%22True%22%20/%3E"

// limited is a service that cannot bear some requests. It ends a read that asks without end.
type limited struct {
	*service
	expensive func(dataverse.PageRequest) bool
	stop      context.CancelFunc
}

func (b limited) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	if len(b.noted) > 100 {
		b.stop()
	}
	if b.expensive(q) {
		b.note(q)
		return dataverse.Page{}, tooExpensive()
	}
	return b.service.Page(ctx, q, sink)
}

// runWithLimit reads a stream from a service that cannot bear some requests.
func runWithLimit(t *testing.T, s *service, expensive func(dataverse.PageRequest) bool, streams ...replicate.Stream) outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return runIn(ctx, t, limited{s, expensive, cancel}, func(j *replicate.Job) { j.Parallel = func() int { return 1 } }, streams...)
}

// narrowByKeys is the state of a stream whose changes are read by their keys.
func narrowByKeys() string {
	return `{"version":2,"phase":"changes","delta_link":"` + escaped(narrow()) + `","columns":["accountid","name"],"by_keys":true,` +
		`"issued":"2026-04-01T12:00:00Z","max_cursor":"` + march + `",` + ofOrganization() + `}`
}

func TestExpensiveNumberedPagesOfChangesComeSmaller(t *testing.T) {
	s := script(nil)
	s.rows = map[string]bool{"a1": true, "a2": true}
	one := response{rows: []string{row("a1", inMarch)}, next: narrowNumbered}
	s.responses[narrow()] = []response{one, one}
	s.responses[narrowNumbered] = []response{{rows: []string{row("a2", inMarch)}, delta: dataverse.NewDeltaLink("accounts", []string{"accountid", "modifiedon"}, token(110))}}
	got := runWithLimit(t, s, func(q dataverse.PageRequest) bool { return q.Link == narrowNumbered && q.Size > 1000 }, incremental(narrowByKeys()))
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, 1000, s.asked[1].Size)
	assert.Contains(t, strings.Join(got.records(), ""), `"a2"`)
}

func TestResumedNumberedPagesOfChangesKeepTheirSize(t *testing.T) {
	s := script(nil)
	s.rows = map[string]bool{"a1": true}
	s.responses[narrow()] = []response{{err: tooExpensive()}, {rows: []string{row("a1", inMarch)}, next: narrowNumbered}}
	s.responses[narrowNumbered] = []response{{err: refusal(http.StatusForbidden, "")}}
	got := run(t, s, nil, incremental(narrowByKeys()))
	require.Equal(t, 1, got.failed)
	assert.Contains(t, got.lastState(), `"page_size":1000`, "another size would lead to other rows")
}

func TestALookupThatIsTooExpensiveAsksForFewerRows(t *testing.T) {
	keys := []string{"a1", "a2", "a3", "a4"}
	s := script(nil)
	rows := make([]string, len(keys))
	for i, key := range keys {
		s.rows[key], rows[i] = true, row(key, inMarch)
	}
	s.responses[narrow()] = []response{{rows: rows, delta: dataverse.NewDeltaLink("accounts", []string{"accountid", "modifiedon"}, token(110))}}
	got := run(t, pagedLookups{s}, nil, incremental(narrowByKeys()))
	require.Zero(t, got.failed, got.messages)
	for _, key := range keys {
		assert.Contains(t, strings.Join(got.records(), ""), `"accountid":"`+key+`"`)
	}
}

// pagedLookups answers a search for more than two rows with numbered pages, of which the second is too expensive.
type pagedLookups struct{ *service }

func (p pagedLookups) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	if strings.Contains(string(q.Link), "$filter=") && strings.Contains(string(q.Link), "pagenumber") {
		return dataverse.Page{}, tooExpensive()
	}
	page, err := p.service.Page(ctx, q, sink)
	if strings.Count(string(q.Link), "%20eq%20") > 2 {
		page.Next = q.Link + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
	}
	return page, err
}
