package timing

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
)

// Page is what one page of a table took.
type Page struct {
	Rows int64
	// Took is the time from the request until the response was complete, without the waits that the service asked for.
	Took time.Duration
	// Bytes is the length of the rows as JSON, and OmittableBytes that of the columns among them that can be left out.
	Bytes, OmittableBytes int64
	// More reports whether another page follows. If not, the table has exactly Rows rows that the user may see.
	More bool
}

// Environment is where pages come from: a *dataverse.Client.
type Environment interface {
	Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error)
}

// Measure requests the first page of a table with some of its columns, as a snapshot does, and discards its rows. It is
// one request, with the attempts that the client makes at it.
func Measure(ctx context.Context, e Environment, t dataverse.Table, columns []string, size int) (Page, error) {
	s := sink{sent: time.Now(), omittable: map[string]bool{}}
	read, err := e.Page(ctx, dataverse.PageRequest{
		Table: t.LogicalName, Link: dataverse.NewLink(t.EntitySet, columns), Size: size,
		OnThrottled: func(until time.Time) { s.sent = until },
		OnRetry:     func(after time.Duration) { s.sent = time.Now().Add(after) },
	}, &s)
	if err != nil {
		return Page{}, fmt.Errorf("time a page of %s: %w", t.LogicalName, err)
	}
	s.page.More = read.Next != ""
	return s.page, nil
}

// sink counts the rows of a page.
type sink struct {
	sent      time.Time // the last attempt
	page      Page
	omittable map[string]bool // by the names of columns, which each row repeats
}

// Begin starts an attempt, whose response has arrived.
func (s *sink) Begin(context.Context, time.Time) error {
	s.page = Page{Took: max(time.Since(s.sent), 0)}
	return nil
}

// Discard drops the rows of an attempt that failed.
func (s *sink) Discard() { s.page = Page{} }

// FastRow returns 0: it leaves every row to Row.
func (s *sink) FastRow([]byte) int { return 0 }

// Row counts a row and its bytes.
func (s *sink) Row(d *jsontext.Decoder) error {
	begin := d.InputOffset()
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		before := d.InputOffset()
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		omittable := s.isOmittable(token.String())
		if err := d.SkipValue(); err != nil {
			return err
		}
		if omittable {
			s.page.OmittableBytes += d.InputOffset() - before
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	s.page.Rows++
	s.page.Bytes += d.InputOffset() - begin
	return nil
}

// isOmittable is Omittable, once for each name.
func (s *sink) isOmittable(name string) bool {
	omittable, known := s.omittable[name]
	if !known {
		omittable = Omittable(name)
		s.omittable[name] = omittable
	}
	return omittable
}
