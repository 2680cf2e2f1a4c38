package record

import "slices"

// ColumnStats counts what happened to the selected columns of a stream, over all its pages and all its encoders, which
// share it through Options. It counts pages that were taken with Records, not those that were discarded. It belongs to one
// goroutine at a time. The zero value is ready.
type ColumnStats struct {
	rows   int
	seen   map[string]bool
	nulled map[string]int
}

// NulledColumn is a column with how many of its values were delivered as null, because they were not of the type that the
// configured schema declares.
type NulledColumn struct {
	Name  string
	Count int
}

// Nulled returns the columns of which a value was nulled, by name.
func (s *ColumnStats) Nulled() []NulledColumn {
	var all []NulledColumn
	for name, count := range s.nulled {
		all = append(all, NulledColumn{name, count})
	}
	slices.SortFunc(all, func(a, b NulledColumn) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}

// NeverSeen returns the columns of a plan that came in no row at all, by name. It is empty before there was a row.
func (s *ColumnStats) NeverSeen(p *Plan) []string {
	if s.rows == 0 {
		return nil
	}
	var all []string
	for _, c := range p.columns {
		if !s.seen[c.property] {
			all = append(all, c.property)
		}
	}
	return all
}

// addPage counts a page: its rows, and how often a value of each column was nulled.
func (s *ColumnStats) addPage(rows int, nulled map[string]int) {
	s.rows += rows
	for name, count := range nulled {
		if s.nulled == nil {
			s.nulled = map[string]int{}
		}
		s.nulled[name] += count
	}
}

// addSeen notes that a column came.
func (s *ColumnStats) addSeen(name string) {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[name] = true
}
