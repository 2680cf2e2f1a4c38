package replicate

import (
	"errors"

	"source-microsoft-dataverse/source/dataverse"
)

// pagesBeforeLarger is how many pages in a row have to come before a larger one is tried again. It doubles with each that
// was too expensive.
const pagesBeforeLarger = 8

// pageSize is how many rows a scan asks for at once: less when the service, the network or the memory cannot bear a page,
// and more again when they can.
type pageSize struct {
	now, most int
	// fixed reports that the scan's pages are numbered: with another size the rows of a page would be others.
	fixed  bool
	good   int // pages since the size has changed
	needed int // good pages before a larger one
}

func newPageSize(most int) pageSize {
	return pageSize{now: most, most: most, needed: pagesBeforeLarger}
}

// startAt begins with the size that an earlier scan of the stream came to. 0: there was none.
func (s *pageSize) startAt(rows int) {
	if rows > 0 {
		s.now = min(rows, s.most)
	}
}

// resume continues with the page size of a scan that numbers its pages. 0: it does not.
func (s *pageSize) resume(rows int) {
	if rows > 0 {
		s.now, s.fixed = rows, true
	}
}

// toSave returns the size that the scan has to continue with, 0 if any will do.
func (s *pageSize) toSave() int {
	if s.fixed {
		return s.now
	}
	return 0
}

// smallerSize returns the next size below, 0 if there is none. A page that is too large for the memory may hold a single row.
func smallerSize(size int, err error) int {
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

// largerSize returns the next size above.
func largerSize(size int) int {
	for _, step := range [...]int{10, 50, 250, 1000} {
		if step > size {
			return step
		}
	}
	return dataverse.MaxPageSize
}

// shrink takes the next size below, and reports whether there is one.
func (s *pageSize) shrink(err error) bool {
	next := smallerSize(s.now, err)
	if next == 0 {
		return false
	}
	if s.good < s.needed && s.now < s.most { // it had just grown, or did not shrink far enough
		s.needed *= 2
	}
	s.now, s.good = next, 0
	return true
}

// grow counts a page that came whole, and takes the next size above after enough of them.
func (s *pageSize) grow() {
	s.good++
	if !s.fixed && s.now < s.most && s.good >= s.needed {
		s.now, s.good = min(largerSize(s.now), s.most), 0
	}
}

// attempts returns how many attempts a page is worth that is too expensive; 0: as many as any other. Where a smaller one means
// to begin the scan again, it is worth more than one.
func (s *pageSize) attempts(link dataverse.Link) int {
	switch {
	case smallerSize(s.now, nil) == 0:
		return 0
	case link.NumbersPages():
		return 3
	default:
		return 1
	}
}
