package simulator

import (
	"encoding/binary"
	"strconv"
)

// role marks the columns whose value the service itself keeps.
type role int

const (
	ordinary role = iota
	keyRole
	versionRole
	createdRole
	modifiedRole
	composedRole // of other columns
)

// cell is a property of a table's rows: its column, and how a generated row gets its value.
type cell struct {
	column    *Column // nil for a key that is no column, as ownerid of systemuser
	property  string
	member    string // the property as JSON begins a member with it, behind a comma
	role      role
	unfilled  bool // generated rows have null
	fill      filler
	reference referrer // lookups only
	parts     []piece  // composed cells only
}

func newCell(column *Column, property string) *cell {
	return &cell{column: column, property: property, member: `,"` + property + `":`}
}

// appendName writes the member's name, with a comma unless it is the first behind begin.
func (c *cell) appendName(dst []byte, begin int) []byte {
	if len(dst) == begin {
		return append(dst, c.member[1:]...)
	}
	return append(dst, c.member...)
}

// filler writes the value of a generated row as JSON, or nothing for null.
type filler func(dst []byte, row uint64) []byte

// referrer says where a generated row's lookup points to.
type referrer func(row uint64) (reference, bool)

// reference is a row of a table.
type reference struct {
	table string
	id    rowID
}

// bind makes the cells of the table's columns. A column that was bound before keeps its values.
func (s *store) bind(e *Environment) {
	known := make(map[string]*cell, len(s.cells))
	for _, c := range s.cells {
		known[c.property] = c
	}
	b := binder{env: e, store: s}
	s.cells = make([]*cell, 0, len(s.table.Columns)+1)
	for i := range s.table.Columns {
		column := &s.table.Columns[i]
		property := column.Property()
		if property == "" || column.NotReadable || column.Type == VirtualColumn {
			continue
		}
		if old := known[property]; old != nil && old.column != nil && old.column.Type == column.Type && old.column.Behavior == column.Behavior {
			kept := *old
			kept.column = column
			s.cells = append(s.cells, &kept)
			continue
		}
		s.cells = append(s.cells, b.cell(column))
	}
	if key := s.table.KeyProperty(); s.table.ByProperty(key) == nil {
		made := newCell(nil, key)
		made.role = keyRole
		s.cells = append(s.cells, made)
	}
	s.compose()
}

// cellOf is the cell of that property, nil if rows do not show it.
func (s *store) cellOf(property string) *cell {
	for _, c := range s.cells {
		if c.property == property {
			return c
		}
	}
	return nil
}

// appendValue writes the JSON of a row's property, nothing for null.
func (s *store) appendValue(dst []byte, r ref, c *cell) []byte {
	switch c.role {
	case keyRole:
		return r.id.appendQuotedTo(dst)
	case versionRole:
		return strconv.AppendInt(dst, s.version(r), 10)
	case createdRole:
		return appendUnix(dst, s.createdOn(r))
	case modifiedRole:
		return appendUnix(dst, s.modifiedOn(r))
	case composedRole:
		return s.appendComposed(dst, r, c)
	case ordinary:
	}
	if c.column.Secured {
		return dst
	}
	if r.row != nil {
		if v, ok := r.row.values[c.column.LogicalName]; ok {
			return append(dst, v.json...)
		}
	}
	if c.column.SourceType == calculatedSource {
		// A calculated value depends on the rest of its row and cannot be written.
		return c.fill(dst, mix(binary.BigEndian.Uint64(r.id[8:]), word64(s.version(r))))
	}
	if r.index < 0 || c.unfilled {
		return dst
	}
	return c.fill(dst, word(r.index))
}

// points is the row that a lookup refers to.
func (s *store) points(r ref, c *cell) (reference, bool) {
	if r.row != nil {
		if v, ok := r.row.values[c.column.LogicalName]; ok {
			if len(v.json) == 0 {
				return reference{}, false
			}
			id, _ := parseRowID(string(v.json[1 : len(v.json)-1]))
			return reference{v.target, id}, true
		}
	}
	if r.index < 0 || c.unfilled || c.reference == nil {
		return reference{}, false
	}
	return c.reference(word(r.index))
}

// The values of AttributeMetadata.SourceType.
const (
	calculatedSource = 1
	rollupSource     = 2
)

func word64(i int64) uint64 { return uint64(i) }
