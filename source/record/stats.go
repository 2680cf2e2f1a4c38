package record

import "slices"

// ColumnStats counts what happened to the selected columns of a stream, over all its pages and all its encoders, which
// share it through Options. It counts only pages that were returned by Records. It belongs to one goroutine at a time.
// The zero value is ready to use.
type ColumnStats struct {
	rows   int
	seen   map[string]bool
	nulled map[string]int
}

// NulledColumn is a column and the number of its values that were delivered as null, because they were not of the type
// that the configured schema declares.
type NulledColumn struct {
	Name  string
	Count int
}

// Nulled returns the columns with nulled values, sorted by name.
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

// NeverSeen returns the columns of a plan that were in no row, sorted by name. It is empty before the first row. Derived
// columns are never among them: rows without a value have nothing to derive one from.
func (s *ColumnStats) NeverSeen(p *Plan) []string {
	if s.rows == 0 {
		return nil
	}
	var all []string
	for _, c := range p.columns {
		if !c.derived && !s.seen[c.property] {
			all = append(all, c.property)
		}
	}
	return all
}

// addPage counts a page: its rows and the nulled values of each column.
func (s *ColumnStats) addPage(rows int, nulled map[string]int) {
	s.rows += rows
	for name, count := range nulled {
		if s.nulled == nil {
			s.nulled = map[string]int{}
		}
		s.nulled[name] += count
	}
}

// addSeen notes that a row had a column.
func (s *ColumnStats) addSeen(name string) {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[name] = true
}
