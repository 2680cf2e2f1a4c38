package replicate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// keyedService is an environment with one table, whose rows are read in the order of their keys, by any filter of keys. Its rows can
// change between two requests.
type keyedService struct {
	mu      sync.Mutex
	rows    []keyedRow // in the order of keys
	version int
	history []keyedRow              // every change, a version each
	noted   []dataverse.PageRequest // all requests

	// byVersion makes the scan with change tracking go by version: a row that changes comes once more.
	byVersion bool
	// compare is how a filter compares keys; nil: as rows are ordered.
	compare func(a, b keyrange.Key) int
	// refuse returns the error of a request, if any.
	refuse func(q dataverse.PageRequest) error
	// before is called before a request is served, without the lock.
	before func(q dataverse.PageRequest)
	// alter, if any, changes the rows of a page of rows, and reports whether the page still has a next link.
	alter func(q dataverse.PageRequest, page []keyedRow, more bool) ([]keyedRow, bool)
	table *dataverse.Table
}

type keyedRow struct {
	key     keyrange.Key
	version int
	deleted bool
}

// newKeyedService returns a service with count rows, whose keys are random.
func newKeyedService(seed uint64, count int) *keyedService {
	source := rand.New(rand.NewPCG(seed, 3))
	s := &keyedService{table: account()}
	for i := range count {
		s.rows = append(s.rows, keyedRow{key: randomKey(source), version: i + 1})
	}
	s.version, s.history = count, slices.Clone(s.rows)
	slices.SortFunc(s.rows, func(a, b keyedRow) int { return a.key.Compare(b.key) })
	return s
}

func randomKey(source *rand.Rand) (k keyrange.Key) {
	for i := range k {
		k[i] = byte(source.Uint32())
	}
	return k
}

func (s *keyedService) find(k keyrange.Key) (int, bool) {
	return slices.BinarySearchFunc(s.rows, k, func(r keyedRow, k keyrange.Key) int { return r.key.Compare(k) })
}

// create creates a row, or updates it.
func (s *keyedService) create(k keyrange.Key) {
	s.version++
	at, found := s.find(k)
	if !found {
		s.rows = slices.Insert(s.rows, at, keyedRow{key: k})
	}
	s.rows[at].version = s.version
	s.history = append(s.history, s.rows[at])
}

// remove deletes a row.
func (s *keyedService) remove(k keyrange.Key) {
	if at, found := s.find(k); found {
		s.version++
		s.rows = slices.Delete(s.rows, at, at+1)
		s.history = append(s.history, keyedRow{key: k, version: s.version, deleted: true})
	}
}

// Table implements replicate.Environment.
func (s *keyedService) Table(context.Context, string) (*dataverse.Table, error) { return s.table, nil }

// Page implements replicate.Environment.
func (s *keyedService) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	if s.before != nil {
		s.before(q)
	}
	if ctx.Err() != nil {
		return dataverse.Page{}, ctx.Err()
	}
	page, rows, err := s.serve(q)
	if err != nil {
		return dataverse.Page{}, err
	}
	page.At = serviceTime()
	if err := sink.Begin(ctx, page.At); err != nil {
		return dataverse.Page{}, err
	}
	for _, r := range rows {
		if err := sink.Row(jsontext.NewDecoder(strings.NewReader(r.text()), jsontext.AllowDuplicateNames(true))); err != nil {
			return dataverse.Page{}, err
		}
	}
	if q.Check != nil {
		if err := q.Check(page); err != nil {
			sink.Discard()
			return dataverse.Page{}, fmt.Errorf("read a page of %s: %w", q.Table, err)
		}
	}
	return page, nil
}

func (r keyedRow) text() string {
	if r.deleted {
		return gone(r.key.String())
	}
	return fmt.Sprintf(`{"accountid":"%v","name":"%d"}`, r.key, r.version)
}

// serve returns the rows of a request.
func (s *keyedService) serve(q dataverse.PageRequest) (dataverse.Page, []keyedRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, q)
	if s.refuse != nil {
		if err := s.refuse(q); err != nil {
			return dataverse.Page{}, nil, err
		}
	}
	query := optionsOf(q.Link)
	if token := query["$deltatoken"]; token != "" {
		return s.changes(q, token)
	}
	found := slices.Clone(s.within(query["$filter"]))
	if filter := query["$filter"]; filter != "" {
		found = slices.DeleteFunc(found, func(r keyedRow) bool { return !s.meets(filter, r.key) })
	}
	if q.TrackChanges && s.byVersion {
		slices.SortFunc(found, func(a, b keyedRow) int { return a.version - b.version })
	}
	if strings.HasSuffix(query["$orderby"], " desc") {
		slices.Reverse(found)
	}
	return s.page(q, query, found)
}

// within returns the rows among which those that meet a filter are.
func (s *keyedService) within(filter string) []keyedRow {
	from, to := 0, len(s.rows)
	words := strings.Fields(filter)
	if s.compare != nil || strings.Contains(filter, " or ") {
		return s.rows
	}
	for i, word := range words {
		k, ok := keyrange.ParseKey(word)
		if !ok {
			continue
		}
		at, found := s.find(k)
		if found && words[i-1] != "eq" {
			at++
		}
		switch words[i-1] {
		case "gt":
			from = at
		case "le":
			to = at
		}
	}
	return s.rows[from:max(from, to)]
}

// page returns the page of a scan at which a link is.
func (s *keyedService) page(q dataverse.PageRequest, query map[string]string, found []keyedRow) (dataverse.Page, []keyedRow, error) {
	if last, _ := keyrange.ParseKey(query["$skiptoken"]); query["$skiptoken"] != "" && !s.byVersion && query["$filter"] == "" {
		at, exists := s.find(last)
		if exists {
			at++
		}
		found = found[at:]
	} else if after := query["$skiptoken"]; after != "" { // the key or the version of the last row that was read
		found = slices.DeleteFunc(found, func(r keyedRow) bool {
			if q.TrackChanges && s.byVersion {
				return fmt.Sprint(r.version) == after || r.version < number(after)
			}
			k, _ := keyrange.ParseKey(after)
			return r.key.Compare(k) <= 0
		})
	}
	more := len(found) > q.Size
	found = found[:min(len(found), q.Size)]
	if s.alter != nil && !q.TrackChanges {
		found, more = s.alter(q, found, more)
	}
	var page dataverse.Page
	last := ""
	if n := len(found) - 1; n >= 0 && q.TrackChanges && s.byVersion {
		last = fmt.Sprint(found[n].version)
	} else if n >= 0 {
		last = found[n].key.String()
	}
	link, _, _ := strings.Cut(string(q.Link), "&$skiptoken=")
	switch {
	case more:
		page.Next = dataverse.Link(link).With("$skiptoken=" + last)
	case q.TrackChanges:
		page.Delta = dataverse.NewDeltaLink("accounts", q.Link.Select(), token(s.version))
	}
	return page, found, nil
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// changes returns the last version of each row that has changed since a token.
func (s *keyedService) changes(q dataverse.PageRequest, since string) (dataverse.Page, []keyedRow, error) {
	version, _, _ := strings.Cut(since, "!")
	newest := map[keyrange.Key]keyedRow{}
	for _, r := range s.history {
		if r.version > number(version) {
			newest[r.key] = r
		}
	}
	var changed []keyedRow
	for _, r := range newest {
		changed = append(changed, r)
	}
	slices.SortFunc(changed, func(a, b keyedRow) int { return a.version - b.version })
	return dataverse.Page{
		Context: selecting(strings.Join(q.Link.Select(), ",")), Delta: dataverse.NewDeltaLink("accounts", q.Link.Select(), token(s.version)),
	}, changed, nil
}

// meets reports whether a key meets a filter: comparisons of the key that are all joined by "and", or all by "or".
func (s *keyedService) meets(filter string, k keyrange.Key) bool {
	compare := keyrange.Key.Compare
	if s.compare != nil {
		compare = s.compare
	}
	either := strings.Contains(filter, " or ")
	for condition := range strings.SplitSeq(strings.ReplaceAll(filter, " or ", " and "), " and ") {
		words := strings.Fields(condition)
		with, _ := keyrange.ParseKey(words[2])
		order := compare(k, with)
		met := map[string]bool{"eq": k == with, "gt": order > 0, "le": order <= 0}[words[1]]
		if met == either {
			return met
		}
	}
	return !either
}

// optionsOf returns the query options of a link.
func optionsOf(link dataverse.Link) map[string]string {
	_, query, _ := strings.Cut(string(link), "?")
	options := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		options[name], _ = url.PathUnescape(value)
	}
	return options
}

// requests returns how many requests there were whose link has a text.
func (s *keyedService) requests(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, q := range s.noted {
		if decoded, _ := url.PathUnescape(string(q.Link)); strings.Contains(decoded, text) {
			count++
		}
	}
	return count
}

// isOfRange reports whether a request is one for the rows of a range of keys.
func isOfRange(q dataverse.PageRequest) bool {
	return len(q.Link.Select()) > 1 && strings.Contains(string(q.Link), "$orderby=")
}

// destination returns the version of each row that records leave behind.
func destination(t *testing.T, into map[string]string, got outcome) map[string]string {
	t.Helper()
	for _, r := range got.records() {
		_, data, _ := strings.Cut(r, " RECORD ")
		var fields struct {
			Key     string  `json:"accountid"`
			Name    string  `json:"name"`
			Deleted *string `json:"_ab_cdc_deleted_at"`
		}
		require.NoError(t, json.Unmarshal([]byte(data), &fields))
		if fields.Deleted != nil {
			delete(into, fields.Key)
		} else {
			into[fields.Key] = fields.Name
		}
	}
	return into
}

// environment returns the version of each row that exists.
func (s *keyedService) environment() map[string]string {
	all := map[string]string{}
	for _, r := range s.rows {
		all[r.key.String()] = strconv.Itoa(r.version)
	}
	return all
}

func compareAsText(a, b keyrange.Key) int { return strings.Compare(a.String(), b.String()) }

func badOperator() error { return refusal(http.StatusBadRequest, dataverse.CodeConditionOperator) }
