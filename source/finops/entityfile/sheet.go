package entityfile

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// sheetRows reads the rows of a sheet. It takes the place of a cell from the cell's own reference, and ignores the dimension
// that the sheet states: a reader that trusts it loses rows.
type sheetRows struct {
	scanner *xmlScanner
	shared  *sharedStrings
	columns []int // of each column of the sheet that has a header: its index in the request

	value []byte // of the current cell
	texts []byte // of the current row
	cells []sheetCell
	cut   []bool // of each column of the sheet
	done  bool
}

// sheetCell is where the text of a cell is, and the column of the sheet, from 0.
type sheetCell struct {
	column int
	span
}

// dummyRow begins the text of a row that an export to Excel may add so that columns take texts of more than 255 characters
// (Microsoft, "Data entities and packages framework troubleshooting").
const dummyRow = "This is a string that is inserted into Excel as a dummy cell"

// cutAt is the length at which an export to Excel cuts texts, in UTF-16 code units.
const cutAt = 255

// maxSheetColumn is the last column of a sheet, from 0.
const maxSheetColumn = 16_383

// header reads the first row that has cells.
func (s *sheetRows) header(c *columns) error {
	err := s.row()
	if err == io.EOF { //nolint:errorlint // row returns it as it is
		s.done = true
		return nil
	}
	if err != nil {
		return err
	}
	last := 0
	for _, p := range s.cells {
		last = max(last, p.column)
	}
	names := make([][]byte, last+1)
	for _, p := range s.cells {
		names[p.column] = s.texts[p.from:p.to]
	}
	s.columns, err = c.header(names)
	s.cut = make([]bool, len(names))
	return err
}

func (s *sheetRows) next(r *Rows) error {
	if s.done {
		return io.EOF
	}
	for {
		if err := s.row(); err != nil {
			return err
		}
		if s.isDummy() {
			continue
		}
		for _, p := range s.cells {
			if p.column >= len(s.columns) {
				return &FormError{Reason: "it has a cell to the right of the last column with a name"}
			}
			column, text := s.columns[p.column], s.texts[p.from:p.to]
			if column == noColumn {
				continue
			}
			s.cut[p.column] = s.cut[p.column] || isCut(text)
			if err := r.put(column, text); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *sheetRows) isDummy() bool {
	return slices.ContainsFunc(s.cells, func(p sheetCell) bool { return bytes.HasPrefix(s.texts[p.from:p.to], []byte(dummyRow)) })
}

// isCut reports whether a text has the length at which exports cut.
func isCut(text []byte) bool {
	if len(text) < cutAt {
		return false
	}
	units := 0
	for len(text) > 0 {
		char, width := utf8.DecodeRune(text)
		units += utf16.RuneLen(char)
		text = text[width:]
	}
	return units == cutAt
}

// cutColumns returns the requested columns with a cut value.
func (s *sheetRows) cutColumns(c *columns) []string {
	var all []string
	for i, name := range c.names {
		if at := slices.Index(s.columns, i); at >= 0 && s.cut[at] {
			all = append(all, name)
		}
	}
	return all
}

// row reads the cells of the next row that has any. It returns io.EOF after the last row.
func (s *sheetRows) row() error {
	s.cells, s.texts = s.cells[:0], s.texts[:0]
	following := 0
	for {
		kind, err := s.scanner.next()
		switch {
		case err != nil:
			return err
		case kind == xmlEnd && string(s.scanner.name) == "row" && len(s.cells) > 0:
			return nil
		case kind != xmlStart || string(s.scanner.name) != "c":
			continue
		}
		column, err := s.cell(following)
		if err != nil {
			return err
		}
		following = column + 1
	}
}

// cell reads a cell, and returns its column. It is the following one unless the cell has a reference.
func (s *sheetRows) cell(following int) (int, error) {
	column, kind := following, cellNumber
	for _, a := range s.scanner.attributes {
		switch string(a.name) {
		case "r":
			column = columnOf(a.value)
		case "t":
			kind = cellKindOf(a.value)
		}
	}
	if column < 0 || column > maxSheetColumn {
		return 0, &FormError{Reason: "it has a cell with a reference to no column"}
	}
	text, err := s.content(kind)
	if err != nil || len(text) == 0 {
		return column, err
	}
	from := len(s.texts)
	s.texts, err = appendUpTo(s.scanner.text.most, s.texts, text)
	s.cells = append(s.cells, sheetCell{column, span{from, len(s.texts)}})
	return column, err
}

// cellKind is how the text of a cell is found (ECMA-376, part 1, 18.18.11, ST_CellType).
type cellKind int

const (
	cellNumber cellKind = iota // the value, as also that of a formula, an error or a date
	cellInline
	cellShared
	cellBoolean
)

func cellKindOf(name []byte) cellKind {
	switch string(name) {
	case "inlineStr":
		return cellInline
	case "s":
		return cellShared
	case "b":
		return cellBoolean
	default:
		return cellNumber
	}
}

// content reads up to the end of a cell and returns its text, which is valid until the next cell.
func (s *sheetRows) content(kind cellKind) ([]byte, error) {
	inline := stringReader{}
	inValue := false
	s.value = s.value[:0]
	for {
		token, err := s.scanner.next()
		switch {
		case err != nil:
			return nil, err
		case token == xmlEnd && string(s.scanner.name) == "c":
			return s.text(kind)
		case kind == cellInline:
			s.value, err = inline.add(s.value, s.scanner, token, s.scanner.text.most)
		case token == xmlText && inValue:
			s.value, err = appendUpTo(s.scanner.text.most, s.value, s.scanner.value)
		case token != xmlText:
			inValue = token == xmlStart && string(s.scanner.name) == "v"
		}
		if err != nil {
			return nil, err
		}
	}
}

// text returns the text of a cell from what it contains.
func (s *sheetRows) text(kind cellKind) ([]byte, error) {
	switch kind {
	case cellShared:
		number, ok := smallNumber(bytes.TrimSpace(s.value))
		text, found := s.shared.of(number)
		if !ok || !found {
			return nil, &FormError{Reason: "it has a cell with a shared string that does not exist"}
		}
		s.value = append(s.value[:0], text...)
		return unescapeCell(s.value), nil
	case cellBoolean: // F&O has no booleans but its enumeration NoYes
		if string(bytes.TrimSpace(s.value)) == "1" {
			return []byte("Yes"), nil
		}
		return []byte("No"), nil
	case cellInline:
		return unescapeCell(s.value), nil
	default:
		return s.value, nil
	}
}

// columnOf returns the column of a reference such as "AB12", from 0, or -1.
func columnOf(reference []byte) int {
	column := 0
	for i, c := range reference {
		switch {
		case 'A' <= c && c <= 'Z' && i < len("XFD"):
			column = 26*column + int(c-'A') + 1
		case '0' <= c && c <= '9' && i > 0:
			return column - 1
		default:
			return -1
		}
	}
	return -1
}

// smallNumber returns the value of a text of up to nine digits.
func smallNumber(text []byte) (int, bool) {
	if len(text) == 0 || len(text) > 9 {
		return 0, false
	}
	number := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		number = 10*number + int(c-'0')
	}
	return number, true
}

// escapedUnit returns the code unit of an escape such as _x000D_.
func escapedUnit(text []byte) (rune, bool) {
	if len(text) != len("_x0000_") || text[0] != '_' || text[1] != 'x' || text[6] != '_' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
