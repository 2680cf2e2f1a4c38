package replicate_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
)

// service is an environment that responses from a script. A request that the script does not hold is an error.
type service struct {
	responses   map[dataverse.Link][]response // by link, in the order of the requests for it
	filtered    map[dataverse.Link][]response // the same of searches by keys, where they are scripted
	generate    func(dataverse.PageRequest) response
	rows        map[string]bool  // keys that a search by keys finds
	lookupErr   error            // of a search by keys
	hidden      error            // of the question whether the user sees every row
	twice       bool             // a search by keys finds each row twice
	table       *dataverse.Table // the definition
	definitions int              // how often the definition was asked for

	mu       sync.Mutex
	asked    []dataverse.PageRequest // without the searches by keys
	lookedUp []string                // keys of which only the existence was asked for
	found    []string                // keys of which the row was asked for
	proved   int                     // how often it was asked whether the user sees every row
	noted    []dataverse.PageRequest // as they came
	before   func(dataverse.PageRequest)
	longest  int // characters of a search by keys at most
	room     int // characters that a search by keys may have; 0: any number
}

// response is one response to a request for a page.
type response struct {
	at          time.Time // zero: serviceTime()
	rows        []string
	context     string
	bare        bool // it has no context
	next, delta dataverse.Link
	err         error
	before      func() // called before anything is serviceTime
}

func serviceTime() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

func (s *service) note(q dataverse.PageRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, q)
}

// Page implements replicate.Environment.
func (s *service) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	s.note(q)
	if s.before != nil {
		s.before(q)
	}
	check := q.Check
	q.ExpensiveAttempts, q.LongestText, q.OnThrottled, q.OnRetry, q.Check = 0, 0, nil, nil, nil // few tests care
	a, err := s.take(q)
	if err != nil {
		return dataverse.Page{}, err
	}
	if a.before != nil {
		a.before()
	}
	if ctx.Err() != nil {
		return dataverse.Page{}, ctx.Err()
	}
	if a.err != nil {
		return dataverse.Page{}, a.err
	}
	page := dataverse.Page{At: a.at, Context: a.context, Next: a.next, Delta: a.delta}
	if page.At.IsZero() {
		page.At = serviceTime()
	}
	if page.Context == "" && !a.bare && (q.Link.DeltaToken() != "" || strings.Contains(string(q.Link), "istracking=%22True")) {
		page.Context = selecting(strings.Join(q.Link.Select(), ","))
	}
	if err := sink.Begin(ctx, page.At); err != nil {
		return dataverse.Page{}, err
	}
	for _, row := range a.rows {
		if err := sink.Row(jsontext.NewDecoder(strings.NewReader(row), jsontext.AllowDuplicateNames(true))); err != nil {
			return dataverse.Page{}, err
		}
	}
	if check != nil {
		if err := check(page); err != nil {
			return dataverse.Page{}, fmt.Errorf("read a page of %s: %w", q.Table, err)
		}
	}
	return page, nil
}

func (s *service) take(q dataverse.PageRequest) (response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if scripted, found := s.filtered[q.Link]; found && len(scripted) > 0 {
		s.filtered[q.Link] = scripted[1:]
		return scripted[0], nil
	}
	if _, filter, found := strings.Cut(string(q.Link), "$filter="); found {
		return s.search(q.Link, filter)
	}
	if q.Size == 1 && q.TrackChanges {
		s.proved++
		return response{delta: keysSince(1)}, s.hidden
	}
	s.asked = append(s.asked, q)
	if s.generate != nil {
		return s.generate(q), nil
	}
	left := s.responses[q.Link]
	if len(left) == 0 {
		return response{}, fmt.Errorf("the script has no response for %s", q.Link)
	}
	s.responses[q.Link] = left[1:]
	return left[0], nil
}

// search responses for the rows of some keys.
func (s *service) search(link dataverse.Link, filter string) (response, error) {
	s.longest = max(s.longest, len(link))
	var found []string
	asked := &s.found
	if len(link.Select()) == 1 {
		asked = &s.lookedUp
	}
	for condition := range strings.SplitSeq(filter, "%20or%20") {
		key := strings.TrimPrefix(condition, "accountid%20eq%20")
		*asked = append(*asked, key)
		if s.rows[key] {
			found = append(found, row(key, "2026-03-01T00:00:00Z"))
		}
		if s.rows[key] && s.twice {
			found = append(found, row(key, "2026-03-01T00:00:00Z"))
		}
	}
	if s.room > 0 && len(link) > s.room {
		return response{}, refusal(http.StatusRequestURITooLong, "")
	}
	return response{rows: found}, s.lookupErr
}

// Table implements replicate.Environment.
func (s *service) Table(context.Context, string) (*dataverse.Table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.definitions++
	return s.table, s.lookupErr
}

// links are the pages asked for, in order.
func (s *service) links() []dataverse.Link {
	var links []dataverse.Link
	for _, q := range s.asked {
		links = append(links, q.Link)
	}
	return links
}

// script makes a service of one response a link.
func script(responses map[dataverse.Link]response) *service {
	s := &service{responses: map[dataverse.Link][]response{}, rows: map[string]bool{}, table: account()}
	for link, a := range responses {
		s.responses[link] = []response{a}
	}
	return s
}

// row is an account as the service prints it.
func row(id, modified string) string {
	return `{"@odata.etag":"W/\"1\"","accountid":"` + id + `","name":"` + id + `","modifiedon":"` + modified + `"}`
}

// gone is the deletion of an account.
func gone(id string) string {
	return `{"@odata.context":"https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#accounts/$deletedEntity","id":"` + id + `","reason":"deleted"}`
}

func refusal(status int, code string) error {
	return fmt.Errorf("read a page of account: %w", &dataverse.APIError{Status: status, Code: code, Message: "no"})
}

func expired() error { return refusal(http.StatusBadRequest, dataverse.CodeTokenExpired) }

func cookieRefused() error { return refusal(http.StatusBadRequest, dataverse.CodePageNumber) }

// The links of an account stream with all its columns. Their tokens are in the encoding of the service.
const (
	first  dataverse.Link = "accounts?$select=accountid,name"
	second dataverse.Link = first + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20/%3E"
	third  dataverse.Link = first + "&$skiptoken=%3Ccookie%20pagenumber=%223%22%20pagingcookie=%22%253caccountid%2520last%253d%2522a2%2522%253e%22%20/%3E"
)

// keysLink is the first page of the keys alone, and keysSince the delta link that such a scan ends with.
const keysLink dataverse.Link = "accounts?$select=accountid"

func keysSince(version int) dataverse.Link {
	return dataverse.NewDeltaLink("accounts", []string{"accountid"}, token(version))
}

// changesSince is the delta link of a version.
func changesSince(version int) dataverse.Link {
	return dataverse.NewDeltaLink("accounts", []string{"accountid", "name"}, token(version))
}

func token(version int) string {
	return fmt.Sprintf("%d%%2104%%2f01%%2f2026%%2012%%3a00%%3a00", version)
}

// selecting is the context of changes that carry these columns.
func selecting(columns string) string {
	return "https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#accounts(" + columns + ")/$delta"
}
