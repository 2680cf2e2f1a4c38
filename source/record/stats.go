package record

import (
	"cmp"
	"slices"

	"source-microsoft-dataverse/source/protocol"
)

// ColumnStats counts what happened to the selected columns of a stream, over all its pages and all its encoders, which
// share it through Options. It counts only pages that were returned by Records. It belongs to one goroutine at a time.
// The zero value is ready to use.
type ColumnStats struct {
	rows   int
	seen   map[string]bool
	nulled map[nulledColumn]int
}

// nulledColumn is a column with values that were delivered as null, and the reason.
type nulledColumn struct {
	name   string
	reason protocol.ChangeReason
}

// NulledColumn is a column and the number of its values that were delivered as null for one reason.
type NulledColumn struct {
	Name   string
	Reason protocol.ChangeReason
	Count  int
}

// Nulled returns the columns with nulled values, sorted by name and reason.
func (s *ColumnStats) Nulled() []NulledColumn {
	var all []NulledColumn
	for column, count := range s.nulled {
		all = append(all, NulledColumn{column.name, column.reason, count})
	}
	slices.SortFunc(all, func(a, b NulledColumn) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason))
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
func (s *ColumnStats) addPage(rows int, nulled map[nulledColumn]int) {
	s.rows += rows
	for column, count := range nulled {
		if s.nulled == nil {
			s.nulled = map[nulledColumn]int{}
		}
		s.nulled[column] += count
	}
}

// addSeen notes that a row had a column.
func (s *ColumnStats) addSeen(name string) {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[name] = true
}
