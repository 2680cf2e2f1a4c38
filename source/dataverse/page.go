package dataverse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxPageSize is the most rows that the service puts on a page; a larger preference is ignored (Microsoft, "Page
// results using OData"). Package config, which does not import this one, limits the user's setting to the same number.
const MaxPageSize = 5000

// LookupAnnotation is the annotation of a lookup's value that holds the logical name of the table that the value refers
// to. It is missing if the value is null (Microsoft, "Request annotations").
const LookupAnnotation = "Microsoft.Dynamics.CRM.lookuplogicalname"

// Sink takes the rows of one page while they are decoded.
type Sink interface {
	// Begin starts an attempt at the page, whose response is in memory. It may wait for memory to decode it. at is the
	// time by the service's clock, in UTC. An error ends the request.
	Begin(ctx context.Context, at time.Time) error
	// Discard drops all rows since Begin, because the attempt has failed.
	Discard()
	// FastRow reads the row or deletion at the beginning of a text, without a decoder, and returns its length. It must
	// be sure that the row is valid JSON, which nothing else checks. If it is not sure, or if the row does not end
	// within the text, it keeps nothing and returns 0: Row is then called for the same row and returns the error, if
	// there is one. The text is valid during the call.
	FastRow(text []byte) int
	// Row reads exactly one row or deletion from the decoder, which is positioned before it. An error that wraps
	// ErrSink ends the request; any other error means a broken response, and the page is requested again.
	Row(*jsontext.Decoder) error
}

// PageRequest asks for one page of rows.
type PageRequest struct {
	Table string // logical name, for errors
	Link  Link
	Size  int // most rows on the page; the service needs it with every request
	// ExpensiveAttempts is the number of attempts at a page that is TooExpensive, for a caller that can request a
	// smaller one instead; 0: as many as at any other page. A failure that may also be temporary gets more attempts:
	// see RetryPolicy.
	ExpensiveAttempts int
	TrackChanges      bool // the first scan with change tracking: its last page has a delta link
	LookupTypes       bool // lookups come with LookupAnnotation
	// LongestText is the length in bytes above which a text on a page of one row may be cut off, to a length that is still
	// greater: such a row may be too large for the memory. 0: no text is cut off.
	LongestText int
	// Check, if any, rejects a page that arrived completely but is not what was requested. It is a broken response then,
	// which wraps the error of Check.
	Check func(Page) error
	// OnThrottled, if any, is called with the time until which the service makes the request wait.
	OnThrottled func(until time.Time)
	// OnRetry, if any, is called when an attempt has failed and another one follows after a time; 0: once the limiter allows it,
	// of which OnThrottled is notified.
	OnRetry func(after time.Duration)
}

// Page is what a response contains besides its rows.
type Page struct {
	At      time.Time // when the service responded, by its clock, in UTC
	Context string    // @odata.context
	Next    Link      // empty on the last page
	Delta   Link      // on the last page of a tracked scan only
}

// Changes reports whether the page is marked as changes: the response to a delta link, and not a page of all rows. Only
// the first page of a scan of changes must be marked; later ones may have the context of the table.
func (p Page) Changes() bool { return strings.HasSuffix(p.Context, "/$delta") }

// Columns returns the properties that the context names, nil if it names none.
func (p Page) Columns() []string {
	_, set, _ := strings.Cut(p.Context, "#")
	_, list, found := strings.Cut(set, "(")
	if !found {
		return nil
	}
	list, _, _ = strings.Cut(list, ")")
	return strings.Split(list, ",")
}

// Page reads one page into sink and returns its links. The rows in sink are valid only if the error is nil.
func (c *Client) Page(ctx context.Context, q PageRequest, sink Sink) (Page, error) {
	prefer := "odata.maxpagesize=" + strconv.Itoa(q.Size)
	if q.LookupTypes {
		prefer = `odata.include-annotations="` + LookupAnnotation + `",` + prefer
	}
	if q.TrackChanges {
		prefer = "odata.track-changes," + prefer
	}
	maxBytes, streamed := c.options.MaxPageBytes, false
	if q.Size == 1 { // there is no smaller page
		maxBytes, streamed = c.options.MaxResponseBytes, q.LongestText > 0
	}
	var page Page
	err := c.get(ctx, request{
		operation:   "read a page of " + q.Table,
		table:       q.Table,
		maxBytes:    maxBytes,
		streamed:    streamed,
		link:        q.Link,
		prefer:      prefer,
		policy:      RetryPolicy{ExpensiveAttempts: q.ExpensiveAttempts},
		onThrottled: q.OnThrottled,
		onRetry:     q.OnRetry,
		read: func(response *http.Response, body io.Reader) error {
			var err error
			if streamed {
				body = &textShortener{from: body, most: q.LongestText}
			}
			page, err = c.scanPage(ctx, response, body, sink)
			if err == nil && q.Check != nil {
				err = notRequested(q.Check(page))
			}
			if err != nil {
				sink.Discard()
			}
			return err
		},
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

// notRequested returns the error of PageRequest.Check as that of a broken response.
func notRequested(err error) error {
	if err == nil {
		return nil
	}
	return &BrokenResponseError{Reason: "it is not what was requested", cause: err}
}

// scanPage reads the members of a page in any order.
func (c *Client) scanPage(ctx context.Context, response *http.Response, body io.Reader, sink Sink) (Page, error) {
	page := Page{At: responseTime(response)}
	if err := sink.Begin(ctx, page.At); err != nil {
		return Page{}, fmt.Errorf("%w: %w", ErrSink, err)
	}
	var next, delta string
	var others envelope
	rows := false
	reader := c.fastReaders.get(body)
	defer c.fastReaders.put(reader)
	reader.start = []byte(`,{"`) // as the service writes all rows but the first
	d := newDecoder(reader)
	err := eachMember(d, func(name []byte) error {
		switch string(name) {
		case "@odata.context":
			return readString(d, &page.Context)
		case "@odata.nextLink":
			return readString(d, &next)
		case "@odata.deltaLink":
			return readString(d, &delta)
		case "value":
			rows = true
			return reader.eachElement(d, sink.FastRow, func() error { return sink.Row(d) })
		default:
			return others.read(d, name)
		}
	})
	if err != nil {
		return Page{}, reader.correctPlace(err)
	}
	if !rows {
		return Page{}, &BrokenResponseError{Reason: `it has no "value"`}
	}
	if page.Next, err = c.relative(next); err != nil {
		return Page{}, err
	}
	if page.Delta, err = c.relative(delta); err != nil {
		return Page{}, err
	}
	if err := others.check(page.Next != ""); err != nil {
		return Page{}, err
	}
	if err := drain(d); err != nil {
		return Page{}, reader.correctPlace(err)
	}
	return page, nil
}
