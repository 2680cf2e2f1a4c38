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

// MaxPageSize is the most rows that the service puts on a page; a larger preference is ignored
// (Microsoft, "Page results using OData"). Package config, which stands above this one, holds the user's setting to
// the same number.
const MaxPageSize = 5000

// Sink takes the rows of one page while they are decoded.
type Sink interface {
	// Begin starts an attempt at the page, whose answer waits in memory. It may wait for room to decode it. at is the
	// service's clock, in UTC. An error ends the request.
	Begin(ctx context.Context, at time.Time) error
	// Discard drops what came since Begin: the attempt has failed.
	Discard()
	// FastRow reads the row, or the deletion, that a text begins with, without a decoder, and returns its length. It has to be
	// sure that the row is valid JSON, which nobody else checks. Of a row that it is not sure of, or whose end is not in the
	// text, it leaves nothing behind and returns 0: Row will be called for it, and will tell what is wrong. The text is valid
	// during the call.
	FastRow(text []byte) int
	// Row reads exactly one row, or one deletion, from the decoder, which stands in front of it. An error that wraps
	// ErrRow ends the request; any other is taken for a broken answer, and the page is asked for again.
	Row(*jsontext.Decoder) error
}

// PageRequest asks for one page of rows.
type PageRequest struct {
	Table string // logical name, for errors
	Link  Link
	Size  int // rows on the page at most; the service needs it with every request
	// ExpensiveAttempts is how many attempts a page is worth that is TooHeavy, where a smaller one can be asked for instead; 0:
	// as many as for any other reason.
	ExpensiveAttempts int
	TrackChanges  bool // the first walk of change tracking: its last page carries a delta link
	// OnThrottled, if any, is told until when the service makes the request wait.
	OnThrottled func(until time.Time)
}

// Page is what an answer says besides its rows.
type Page struct {
	At      time.Time // when the service answered, by its clock, in UTC
	Context string    // @odata.context
	Next    Link      // empty on the last page
	Delta   Link      // on the last page of a tracked walk only
}

// Changes says whether the page holds changes: the answer to a delta link, and not a page of all rows.
func (p Page) Changes() bool { return strings.HasSuffix(p.Context, "/$delta") }

// Columns returns the properties that the context names, nil where it names none.
func (p Page) Columns() []string {
	_, set, _ := strings.Cut(p.Context, "#")
	_, list, found := strings.Cut(set, "(")
	if !found {
		return nil
	}
	list, _, _ = strings.Cut(list, ")")
	return strings.Split(list, ",")
}

// Page reads one page into sink and returns its links. Rows in sink count only when it returns no error.
func (c *Client) Page(ctx context.Context, q PageRequest, sink Sink) (Page, error) {
	prefer := "odata.maxpagesize=" + strconv.Itoa(q.Size)
	if q.TrackChanges {
		prefer = "odata.track-changes," + prefer
	}
	most := c.options.MaxPageBytes
	if q.Size == 1 {
		most = c.options.MaxResponseBytes
	}
	var page Page
	err := c.get(ctx, request{
		operation: "read a page of " + q.Table,
		table:     q.Table,
		kind:      kindOf(q),
		most:      most,
		link:      q.Link,
		prefer:    prefer,
		heavy:     q.ExpensiveAttempts,
		waits:     q.OnThrottled,
		read: func(answer *http.Response, body io.Reader) error {
			body = marked{&limitedReader{from: body, left: most, most: most}}
			var err error
			if page, err = c.scanPage(ctx, answer, body, sink); err != nil {
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

// kindOf tells pages apart that take the service differently long.
func kindOf(q PageRequest) string {
	purpose := ""
	for _, option := range []string{"$filter", "$deltatoken", "$skiptoken"} {
		if q.Link.option(option) != "" {
			purpose = option
		}
	}
	return fmt.Sprintf("%s %d %d %t %s", q.Table, q.Size, len(q.Link.Select()), q.TrackChanges, purpose)
}

// scanPage reads the members of a page in whatever order they stand.
func (c *Client) scanPage(ctx context.Context, answer *http.Response, body io.Reader, sink Sink) (Page, error) {
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		at = time.Now()
	}
	page := Page{At: at.UTC()}
	if err := sink.Begin(ctx, page.At); err != nil {
		return Page{}, fmt.Errorf("%w: %w", ErrSink, err)
	}
	var next, delta string
	rows := false
	reader := c.fastReaders.get(body)
	defer c.fastReaders.put(reader)
	reader.start = []byte(`,{"`) // as the service writes all rows but the first
	d := newDecoder(reader)
	err = eachMember(d, func(name []byte) error {
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
			return d.SkipValue()
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
	if err := drain(d); err != nil {
		return Page{}, reader.correctPlace(err)
	}
	return page, nil
}
