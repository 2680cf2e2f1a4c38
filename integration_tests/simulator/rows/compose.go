package rows

import "strings"

// Piece is a column that another one is composed of, and what stands between it and the parts before.
type Piece struct {
	cell   *Cell
	before string // escaped as JSON wants it
}

// compose binds the composed cells to their parts.
func (s *Store) compose() {
	for _, c := range s.Cells {
		if c.Column == nil || !s.Table.Composed(c.Column) {
			continue
		}
		c.Role, c.parts = composedRole, nil
		add := func(column, before string) {
			if of := s.CellOf(column); of != nil {
				c.parts = append(c.parts, Piece{of, before})
			}
		}
		address, composite := strings.CutSuffix(c.Property, "_composite")
		if !composite {
			add("firstname", "")
			add("lastname", " ")
			continue
		}
		for _, line := range []string{"_line1", "_line2", "_line3", "_city"} {
			add(address+line, `\r\n`)
		}
		add(address+"_stateorprovince", ", ")
		add(address+"_postalcode", " ")
		add(address+"_country", `\r\n`)
	}
}

// appendComposed writes the parts that the row has, one after another, and nothing if the row has none of them.
func (s *Store) appendComposed(dst []byte, r Ref, c *Cell) []byte {
	start := len(dst)
	dst = append(dst, '"')
	for _, p := range c.parts {
		before := len(dst)
		if before > start+1 {
			dst = append(dst, p.before...)
		}
		at := len(dst)
		dst = s.AppendValue(dst, r, p.cell)
		if len(dst)-at <= len(`""`) {
			dst = dst[:before]
			continue
		}
		dst = append(dst[:at], dst[at+1:len(dst)-1]...) // without its quotes
	}
	if len(dst) == start+1 {
		return dst[:start]
	}
	return append(dst, '"')
}
