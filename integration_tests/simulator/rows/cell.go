package rows

import (
	"encoding/binary"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Role marks the columns whose value the service itself keeps.
type Role int

// The roles of columns. An ordinary one is not set by the service.
const (
	ordinary Role = iota
	KeyRole
	VersionRole
	createdRole
	modifiedRole
	composedRole // of other columns
)

// Cell is a property of a table's rows: its column, and how a generated row gets its value.
type Cell struct {
	Column    *schema.Column // nil for a key that is not a column, as ownerid of systemuser
	Property  string
	member    string // the property as JSON begins a member with it, after a comma
	Role      Role
	unfilled  bool // generated rows have null
	null      bool // all rows have null
	fill      Filler
	reference Referrer // lookups only
	parts     []Piece  // composed cells only
}

func newCell(column *schema.Column, property string) *Cell {
	return &Cell{Column: column, Property: property, member: `,"` + property + `":`}
}

// AppendName writes the member's name, with a comma unless it is the first after start.
func (c *Cell) AppendName(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, c.member[1:]...)
	}
	return append(dst, c.member...)
}

// Filler writes the value of a generated row as JSON, or nothing for null.
type Filler func(dst []byte, row uint64) []byte

// Referrer returns the row that a generated row's lookup points to.
type Referrer func(row uint64) (Reference, bool)

// Reference is a row of a table.
type Reference struct {
	Table string
	ID    guid.ID
}

// bind makes the cells of the table's columns. A column that was bound before keeps its values.
func (s *Store) bind(db *Database) {
	known := make(map[string]*Cell, len(s.Cells))
	for _, c := range s.Cells {
		known[c.Property] = c
	}
	b := binder{env: db, store: s}
	s.Cells = make([]*Cell, 0, len(s.Table.Columns)+1)
	for i := range s.Table.Columns {
		column := &s.Table.Columns[i]
		property := column.Property()
		if property == "" || column.NotReadable || column.Type == schema.VirtualColumn {
			continue
		}
		if old := known[property]; old != nil && old.Column != nil && old.Column.Type == column.Type && old.Column.Behavior == column.Behavior {
			kept := *old
			kept.Column = column
			s.Cells = append(s.Cells, &kept)
			continue
		}
		s.Cells = append(s.Cells, b.cell(column))
	}
	if key := s.Table.KeyProperty(); s.Table.ByProperty(key) == nil {
		made := newCell(nil, key)
		made.Role = KeyRole
		s.Cells = append(s.Cells, made)
	}
	s.compose()
}

// CellOf returns the cell of that property, nil if rows do not show it.
func (s *Store) CellOf(property string) *Cell {
	for _, c := range s.Cells {
		if c.Property == property {
			return c
		}
	}
	return nil
}

// AppendValue writes the JSON of a row's property, nothing for null.
func (s *Store) AppendValue(dst []byte, r Ref, c *Cell) []byte {
	switch c.Role {
	case KeyRole:
		return r.ID.AppendQuotedTo(dst)
	case VersionRole:
		return strconv.AppendInt(dst, s.Version(r), 10)
	case createdRole:
		return odata.AppendUnix(dst, s.createdOn(r))
	case modifiedRole:
		return odata.AppendUnix(dst, s.ModifiedOn(r))
	case composedRole:
		return s.appendComposed(dst, r, c)
	case ordinary:
	}
	if c.Secured() || c.null {
		return dst
	}
	return s.AppendStored(dst, r, c)
}

// Secured reports whether only some users may read the property.
func (c *Cell) Secured() bool { return c.Role == ordinary && c.Column.Secured }

// AppendStored writes the JSON of an ordinary property as AppendValue does, for a user who may read it if it is secured.
func (s *Store) AppendStored(dst []byte, r Ref, c *Cell) []byte {
	if r.Row != nil {
		if v, ok := r.Row.Values[c.Column.LogicalName]; ok {
			return append(dst, v.Json...)
		}
	}
	if c.Column.SourceType == schema.CalculatedSource {
		// A calculated value depends on the rest of its row and cannot be written.
		return c.fill(dst, Mix(binary.BigEndian.Uint64(r.ID[8:]), Word64(s.Version(r))))
	}
	if r.Index < 0 || c.unfilled {
		return dst
	}
	return c.fill(dst, Word(r.Index))
}

// Points returns the row that a lookup refers to.
func (s *Store) Points(r Ref, c *Cell) (Reference, bool) {
	if r.Row != nil {
		if v, ok := r.Row.Values[c.Column.LogicalName]; ok {
			if len(v.Json) == 0 {
				return Reference{}, false
			}
			id, _ := guid.Parse(string(v.Json[1 : len(v.Json)-1]))
			return Reference{v.Target, id}, true
		}
	}
	if r.Index < 0 || c.unfilled || c.reference == nil {
		return Reference{}, false
	}
	return c.reference(Word(r.Index))
}

// Word64 converts a number to an operand of Draw and Mix.
func Word64(i int64) uint64 { return uint64(i) }

// AppendOrNull writes a value, and null as such.
func (s *Store) AppendOrNull(dst []byte, r Ref, c *Cell) []byte {
	before := len(dst)
	if dst = s.AppendValue(dst, r, c); len(dst) == before {
		dst = append(dst, "null"...)
	}
	return dst
}
