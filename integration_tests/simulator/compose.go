package simulator

import "strings"

// piece is a column that another one is composed of, and what stands between it and the parts before.
type piece struct {
	cell   *cell
	before string // escaped as JSON wants it
}

// composed says whether the service makes the column's values of those of other columns: the full name of a person
// and the whole of an address (Microsoft, "Web API entity type reference": address1_composite, fullname).
func (t *Table) composed(c *Column) bool {
	address, composite := strings.CutSuffix(c.LogicalName, "_composite")
	return composite && t.Column(address+"_line1") != nil ||
		c.LogicalName == "fullname" && t.Column("firstname") != nil && t.Column("lastname") != nil
}

// compose binds the composed cells to their parts.
func (s *store) compose() {
	for _, c := range s.cells {
		if c.column == nil || !s.table.composed(c.column) {
			continue
		}
		c.role, c.parts = composedRole, nil
		add := func(column, before string) {
			if of := s.cellOf(column); of != nil {
				c.parts = append(c.parts, piece{of, before})
			}
		}
		address, composite := strings.CutSuffix(c.property, "_composite")
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

// appendComposed writes the parts that the row has, one behind the other, and nothing if it has none.
func (s *store) appendComposed(dst []byte, r ref, c *cell) []byte {
	begin := len(dst)
	dst = append(dst, '"')
	for _, p := range c.parts {
		before := len(dst)
		if before > begin+1 {
			dst = append(dst, p.before...)
		}
		at := len(dst)
		dst = s.appendValue(dst, r, p.cell)
		if len(dst)-at <= len(`""`) {
			dst = dst[:before]
			continue
		}
		dst = append(dst[:at], dst[at+1:len(dst)-1]...) // without its quotes
	}
	if len(dst) == begin+1 {
		return dst[:begin]
	}
	return append(dst, '"')
}
