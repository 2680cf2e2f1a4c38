package replicate

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/dataverse"
)

// smallerPagesError says that a page was too heavy in a walk that numbers its pages: it has to begin again with pages of
// so many rows.
type smallerPagesError struct {
	rows  int
	cause error
}

func (e *smallerPagesError) Error() string {
	return "a page was too heavy, and the table's pages are numbered: " + e.cause.Error()
}

func (e *smallerPagesError) Unwrap() error { return e.cause }

// easy is how many pages in a row have to come before a larger one is tried again. It doubles with each that was too much.
const easy = 8

// pageSize is how many rows a walk asks for at once: less when the service, the network or the memory cannot bear a
// page, and more again when they can.
type pageSize struct {
	now, most int
	// pinned says that the walk's pages are numbered: with another size the rows of a page would be others.
	pinned  bool
	good    int // pages since the size has changed
	patient int // how many good pages allow a larger one
}

func newPageSize(most int) pageSize { return pageSize{now: most, most: most, patient: easy} }

// resume goes on with the pages of a walk that numbers them. 0: it does not.
func (s *pageSize) resume(rows int) {
	if rows > 0 {
		s.now, s.pinned = rows, true
	}
}

// toKeep is the size that the walk has to go on with, 0 if any will do.
func (s *pageSize) toKeep() int {
	if s.pinned {
		return s.now
	}
	return 0
}

// smaller is the next size below, 0 if there is none. A page that is too large for the memory may hold a single row.
func smaller(size int, err error) int {
	var large *dataverse.ResponseTooLargeError
	steps := []int{1000, 250, 50}
	if errors.As(err, &large) {
		steps = append(steps, 10, 1)
	}
	for _, step := range steps {
		if step < size {
			return step
		}
	}
	return 0
}

// larger is the next size above.
func larger(size int) int {
	for _, step := range [...]int{10, 50, 250, 1000} {
		if step > size {
			return step
		}
	}
	return dataverse.MaxPageSize
}

// shrink takes the next size below. It says whether there is one.
func (s *pageSize) shrink(err error) bool {
	next := smaller(s.now, err)
	if next == 0 {
		return false
	}
	if s.good < s.patient && s.now < s.most { // it had just grown, or did not shrink far enough
		s.patient *= 2
	}
	s.now, s.good = next, 0
	return true
}

// come notes a page that came whole.
func (s *pageSize) come() {
	s.good++
	if !s.pinned && s.now < s.most && s.good >= s.patient {
		s.now, s.good = min(larger(s.now), s.most), 0
	}
}

// attempts is how many of them a page is worth that is too heavy. Where a smaller one means to begin the walk again, it is
// worth more than one.
func (s *pageSize) attempts(link dataverse.Link) int {
	switch {
	case smaller(s.now, nil) == 0:
		return 0
	case link.NumbersPages():
		return 3
	default:
		return 1
	}
}

// request asks for a page, and for a smaller one where it is too heavy. Where the link leads to one of a certain size it
// is tried more than once: the whole walk would have to begin again.
func (p *pager) request(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	for {
		page, err := p.Environment.Page(ctx, dataverse.PageRequest{
			Table: p.table.LogicalName, Link: link, Size: p.size.now, ExpensiveAttempts: p.size.attempts(link),
			TrackChanges: p.track || p.whole, OnThrottled: p.waits(ctx),
		}, arrival{p.encoder, p})
		p.goOn(ctx)
		if err == nil {
			p.size.pinned = p.size.pinned || page.Next.NumbersPages()
			p.size.come()
			return page, nil
		}
		before := p.size.now
		if !dataverse.TooExpensive(err) || ctx.Err() != nil || !p.size.shrink(err) {
			return page, err
		}
		p.log.WarnContext(ctx, "a page was too heavy for the service, the network or the memory; smaller ones are asked for",
			"rows", before, "now", p.size.now, "reason", err.Error())
		if link.NumbersPages() {
			return page, &smallerPagesError{rows: p.size.now, cause: err}
		}
	}
}
