package keyrange

import "slices"

const (
	// MaxRanges is the most ranges into which a table is divided, so that they fit in two kilobytes of a state.
	MaxRanges = 48
	// pagesPerRange is the fewest pages for which a range of its own is worth its partly filled last page.
	pagesPerRange = 4
	// pagesToHalve is the fewest pages that must be left of a range to halve it: one is under way, and each half has another.
	pagesToHalve = 3
)

// Range is the keys that are greater than After and at most UpTo. nil: there is no such bound.
type Range struct {
	After, UpTo *Key
	use         use
}

// use is what is being done with a range.
type use int

const (
	waiting  use = iota // nothing yet
	reading             // its rows are read
	scanning            // its keys are scanned, before its rows are read
)

// Contains reports whether a key is in the range.
func (r *Range) Contains(k Key) bool {
	return (r.After == nil || k.Compare(*r.After) > 0) && (r.UpTo == nil || k.Compare(*r.UpTo) <= 0)
}

// empty reports whether the range cannot have a key.
func (r *Range) empty() bool {
	return r.After != nil && r.UpTo != nil && r.After.Compare(*r.UpTo) >= 0
}

// Ranges are the ranges of a table that are still to be read, in ascending order. They do not overlap. They are not safe for
// concurrent use.
type Ranges struct{ list []*Range }

// Divide returns ranges that together have all keys, divided at the given ones, which are ascending.
func Divide(at []Key) *Ranges {
	r := &Ranges{}
	var after *Key
	for _, k := range at {
		r.list = append(r.list, &Range{After: after, UpTo: &k})
		after = &k
	}
	r.list = append(r.list, &Range{After: after})
	return r
}

// Parts returns the number of ranges into which a table is divided that has the given number of pages.
func Parts(pages int64) int { return int(max(min(pages/pagesPerRange, MaxRanges), 1)) }

// Empty reports whether everything has been read.
func (r *Ranges) Empty() bool { return len(r.list) == 0 }

// Open returns a range that waits, and notes that it is being read; nil: there is none.
func (r *Ranges) Open() *Range {
	for _, one := range r.list {
		if one.use == waiting {
			one.use = reading
			return one
		}
	}
	return nil
}

// Scan returns the range without an upper bound, and notes that its keys are being scanned, so that Open does not return it; nil: it
// has been read.
func (r *Ranges) Scan() *Range {
	if last := len(r.list) - 1; last >= 0 && r.list[last].UpTo == nil {
		r.list[last].use = scanning
		return r.list[last]
	}
	return nil
}

// Release makes a range wait that was being read or scanned.
func (r *Ranges) Release(one *Range) { one.use = waiting }

// Advance notes that the rows of a range up to a key have been sent.
func (r *Ranges) Advance(one *Range, to Key) {
	one.After = &to
	if one.empty() {
		r.End(one)
	}
}

// End notes that a range has been read to its end.
func (r *Ranges) End(one *Range) {
	r.list = slices.DeleteFunc(r.list, func(other *Range) bool { return other == one })
}

// Has reports whether a range is still to be read.
func (r *Ranges) Has(one *Range) bool { return slices.Contains(r.list, one) }

// Halve divides the range that has the most rows left of those that are being read, and returns its upper half, which is being read
// as well; nil: none has enough rows left. A page of the range may be under way, so Halve divides what the sample shows after a page of
// rowsPerPage rows.
func (r *Ranges) Halve(s *Sample, rowsPerPage int64) *Range {
	var largest *Range
	var left []Key
	for _, one := range r.list {
		if within := s.Within(*one); one.use == reading && len(within) > len(left) {
			largest, left = one, within
		}
	}
	rows := int64(len(left)) * s.Spread()
	if largest == nil || rows < pagesToHalve*rowsPerPage {
		return nil
	}
	cut := left[min((rows+rowsPerPage)/2/s.Spread(), int64(len(left)-1))]
	upper := &Range{After: &cut, UpTo: largest.UpTo, use: reading}
	if upper.empty() {
		return nil
	}
	largest.UpTo = &cut
	r.list = slices.Insert(r.list, slices.Index(r.list, largest)+1, upper)
	return upper
}

// Extend divides the range that is scanned at a key up to which all keys are known: the rows up to there can be read. If the
// ranges become too many for a state, those that wait are joined in pairs.
func (r *Ranges) Extend(scanned *Range, upTo Key) {
	at := slices.Index(r.list, scanned)
	r.list = slices.Insert(r.list, at, &Range{After: scanned.After, UpTo: &upTo})
	scanned.After = &upTo
	if len(r.list) > MaxRanges {
		r.join()
	}
}

// join joins adjacent ranges in pairs if both wait.
func (r *Ranges) join() {
	var joined []*Range
	for i := 0; i < len(r.list); i++ {
		one := r.list[i]
		if i+1 < len(r.list) && adjacent(one, r.list[i+1]) {
			one.UpTo = r.list[i+1].UpTo
			i++
		}
		joined = append(joined, one)
	}
	r.list = joined
}

// adjacent reports whether both ranges wait, and next begins where one ends.
func adjacent(one, next *Range) bool {
	return one.use == waiting && next.use == waiting && one.UpTo != nil && next.After != nil && *one.UpTo == *next.After
}
