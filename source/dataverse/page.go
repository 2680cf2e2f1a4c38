package dataverse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxPageSize is the most rows that the service puts on a page; a larger preference is ignored
// (Microsoft, "Page results using OData").
const MaxPageSize = 5000

// Sink takes the rows of one page while they are decoded.
type Sink interface {
	// Begin starts an attempt at the page: what came of it before is void. at is the service's clock, in UTC.
	Begin(at time.Time)
	// Row reads exactly one row, or one deletion, from the decoder, which stands in front of it. An error that wraps
	// ErrRow ends the request; any other is taken for a broken answer, and the page is asked for again.
	Row(*jsontext.Decoder) error
}

// PageRequest asks for one page of rows.
type PageRequest struct {
	Table        string // logical name, for errors
	Link         Link
	Size         int  // rows on the page at most; the service needs it with every request
	TrackChanges bool // the first walk of change tracking: its last page carries a delta link
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
	var page Page
	err := c.get(ctx, request{
		operation: "read a page of " + q.Table,
		link:      q.Link,
		prefer:    prefer,
		read: func(answer *http.Response, body io.Reader) error {
			var err error
			page, err = c.scanPage(answer, body, sink)
			return err
		},
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

// scanPage reads the members of a page in whatever order they stand.
func (c *Client) scanPage(answer *http.Response, body io.Reader, sink Sink) (Page, error) {
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		at = time.Now()
	}
	page := Page{At: at.UTC()}
	sink.Begin(page.At)
	var next, delta string
	rows := false
	// The default check for repeated names would remember every name of every row.
	d := jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true))
	err = eachMember(d, func(name string) error {
		switch name {
		case "@odata.context":
			return readString(d, &page.Context)
		case "@odata.nextLink":
			return readString(d, &next)
		case "@odata.deltaLink":
			return readString(d, &delta)
		case "value":
			rows = true
			return eachElement(d, func() error { return sink.Row(d) })
		default:
			return d.SkipValue()
		}
	})
	if err != nil {
		return Page{}, err
	}
	if !rows {
		return Page{}, &BrokenAnswerError{Reason: `it has no "value"`}
	}
	if page.Next, err = c.relative(next); err != nil {
		return Page{}, err
	}
	if page.Delta, err = c.relative(delta); err != nil {
		return Page{}, err
	}
	return page, drain(d)
}

// eachMember reads an object, calling member after each name to read its value.
func eachMember(d *jsontext.Decoder, member func(name string) error) error {
	if err := open(d, '{'); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return broken(err)
		}
		if err := member(name.String()); err != nil {
			return broken(err)
		}
	}
	_, err := d.ReadToken()
	return broken(err)
}

// eachElement reads an array, calling element in front of each of its values to read it.
func eachElement(d *jsontext.Decoder, element func() error) error {
	if err := open(d, '['); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if d.PeekKind() == jsontext.KindInvalid {
			_, err := d.ReadToken()
			return broken(err)
		}
		if err := element(); err != nil {
			return broken(err)
		}
	}
	_, err := d.ReadToken()
	return broken(err)
}

func open(d *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := d.ReadToken()
	if err != nil {
		return broken(err)
	}
	if token.Kind() != kind {
		return &BrokenAnswerError{Reason: fmt.Sprintf("it has a %v where a %v belongs", token.Kind(), kind)}
	}
	return nil
}

// readString reads a string or null.
func readString(d *jsontext.Decoder, into *string) error {
	token, err := d.ReadToken()
	if err != nil {
		return broken(err)
	}
	switch token.Kind() {
	case '"':
		*into = token.String()
	case 'n':
		*into = ""
	default:
		return &BrokenAnswerError{Reason: fmt.Sprintf("it has a %v where a string belongs", token.Kind())}
	}
	return nil
}

// drain reads to the end of the answer, so that a cut body or a wrong checksum is noticed.
func drain(d *jsontext.Decoder) error {
	_, err := d.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return &BrokenAnswerError{Reason: "it goes on after its end"}
	default:
		return broken(err)
	}
}

// broken turns an error of the JSON syntax or of the body into a *BrokenAnswerError. Errors that are typed already
// stay as they are.
func broken(err error) error {
	var already *BrokenAnswerError
	if err == nil || errors.As(err, &already) || errors.Is(err, ErrRow) {
		return err
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return &BrokenAnswerError{Reason: "its JSON is not valid", cause: syntax.Err}
	}
	return &BrokenAnswerError{Reason: "it could not be read to its end", cause: err}
}
