package replicate

import (
	"errors"

	"source-microsoft-dataverse/source/dataverse"
)

// pagesBeforeLarger is the number of consecutive pages that have to succeed before a larger one is tried again. It
// doubles with each page that was too expensive, until as many of the full size have succeeded: then the service was
// failing, and the pages were not too large.
const pagesBeforeLarger = 8

// pageSize is the number of rows that a scan requests at once: fewer after a page that was too expensive for the
// service, the network or the memory, and more again after several that were not.
type pageSize struct {
	now, most int
	// fixed reports that the scan's pages are numbered: a page of another size would have other rows.
	fixed  bool
	good   int // pages since the size has changed
	needed int // good pages before a larger one
}

func newPageSize(most int) pageSize {
	return pageSize{now: most, most: most, needed: pagesBeforeLarger}
}

// resume continues with the page size of a scan that numbers its pages; 0: it does not number them.
func (s *pageSize) resume(rows int) {
	if rows > 0 {
		s.now, s.fixed = rows, true
	}
}

// toSave returns the size with which the scan has to continue, 0 for any.
func (s *pageSize) toSave() int {
	if s.fixed {
		return s.now
	}
	return 0
}

// smallerSize returns the next smaller size, 0 if there is none. A page that is too large for the memory may hold a
// single row.
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

// largerSize returns the next larger size.
func largerSize(size int) int {
	for _, step := range [...]int{10, 50, 250, 1000} {
		if step > size {
			return step
		}
	}
	return dataverse.MaxPageSize
}

// shrink changes to the next smaller size and reports whether there is one.
func (s *pageSize) shrink(err error) bool {
	next := smallerSize(s.now, err)
	if next == 0 {
		return false
	}
	if s.good < s.needed && s.now < s.most { // it has just grown, or has not shrunk far enough
		s.needed *= 2
	}
	s.now, s.good = next, 0
	return true
}

// grow counts a page that arrived completely and changes to the next larger size after enough of them.
func (s *pageSize) grow() {
	s.good++
	switch {
	case s.good < s.needed:
	case s.now == s.most:
		s.needed = pagesBeforeLarger
	case !s.fixed:
		s.now, s.good = min(largerSize(s.now), s.most), 0
	}
}

// attempts returns the number of attempts at a page that is too expensive; 0: as many as at any other. There is more
// than one if a smaller page means that the scan restarts.
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
