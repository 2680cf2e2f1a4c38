package entityfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// delimitedRows reads rows from delimited text. The source data format of a project sets the delimiters and the text
// qualifier, and its name does not show them (Microsoft, "Data import and export jobs overview"). So they are found in the
// header, which has nothing but names:
//
//   - the delimiter is the first character that no name has, a comma if there is only one name;
//   - rows end as the header does: with a carriage return and line feed, or with one of them. The others are part of values;
//   - the qualifier is the quotation mark around the first name, and otherwise a double one, which may be around any value.
//
// A value that only begins with a quotation mark is not a qualified one: whether exports without a qualifier escape
// anything is not documented. A row with more or fewer cells than the header is an error, because some value in it
// contains a delimiter.
type delimitedRows struct {
	text      window
	delimiter byte
	qualifier byte
	rowEnd    []byte
	columns   []int  // of each cell: its index in the request
	cells     []span // of the cells of the current row, relative to the window
}

// newDelimitedRows reads the header. A file without any text has no rows.
func newDelimitedRows(r io.Reader, most int, c *columns) (*delimitedRows, error) {
	d := &delimitedRows{text: newWindow(r, most), delimiter: ',', qualifier: '"', rowEnd: []byte("\r\n")}
	if err := d.detect(); err != nil {
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		return nil, err
	}
	length, err := d.row()
	if err != nil {
		return nil, err
	}
	names := make([][]byte, len(d.cells))
	for i, p := range d.cells {
		names[i] = d.text.rest()[p.from:p.to]
	}
	d.columns, err = c.header(names)
	d.text.at += length
	return d, err
}

// detect finds delimiter, qualifier and row end in the header. It returns io.EOF if the text is empty.
func (d *delimitedRows) detect() error {
	end := 0
	for {
		rest := d.text.rest()
		if i := bytes.IndexAny(rest, "\r\n"); i >= 0 && i+1 < len(rest) {
			end = i
			break
		}
		if err := d.text.fill(); err == io.EOF { //nolint:errorlint // fill returns it as it is
			end = len(bytes.TrimRight(d.text.rest(), "\r\n"))
			break
		} else if err != nil {
			return err
		}
	}
	rest := d.text.rest()
	switch {
	case len(rest) == 0:
		return io.EOF
	case end == 0:
		return &FormError{Reason: "its first row is empty"}
	case bytes.HasPrefix(rest[end:], []byte("\r\n")):
	case end < len(rest):
		d.rowEnd = []byte{rest[end]}
	}
	d.detectDelimiter(rest[:end])
	return nil
}

func (d *delimitedRows) detectDelimiter(header []byte) {
	if header[0] == '\'' || header[0] == '"' {
		d.qualifier = header[0]
	}
	inside := false
	for _, c := range header {
		switch {
		case c == d.qualifier:
			inside = !inside
		case !inside && !inName(c):
			d.delimiter = c
			return
		}
	}
}

// inName reports whether a byte may be part of a column's name. Those of finance & operations have letters, digits and
// underscores.
func inName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || bytes.IndexByte([]byte("_-.#$ ()"), c) >= 0 || c >= 0x80
}

func (d *delimitedRows) next(r *Rows) error {
	for {
		length, err := d.row()
		if err != nil {
			return err
		}
		if len(d.columns) > 1 && len(d.cells) == 1 && d.cells[0] == (span{}) {
			d.text.at += length // an empty line, such as the last
			continue
		}
		if len(d.cells) != len(d.columns) {
			return d.wrongNumber()
		}
		rest := d.text.rest()
		for i, column := range d.columns {
			if column == noColumn {
				continue
			}
			if err := r.put(column, rest[d.cells[i].from:d.cells[i].to]); err != nil {
				return err
			}
		}
		d.text.at += length
		return nil
	}
}

func (d *delimitedRows) wrongNumber() error {
	return &FormError{
		Reason: fmt.Sprintf("it has %d cells under a header of %d, probably because a value contains the delimiter %q or a line end",
			len(d.cells), len(d.columns), d.delimiter),
		Advice: "Select XML-Element as the source data format in its data project, or a format with a text qualifier.",
	}
}

// row finds the cells of the next row and removes the qualifiers from them. It returns the length of the row with its end,
// and io.EOF if there is no row.
func (d *delimitedRows) row() (int, error) {
	d.cells = d.cells[:0]
	if len(d.text.rest()) == 0 {
		if err := d.text.fill(); err != nil {
			return 0, err
		}
	}
	at := 0
	for {
		cell, end, err := d.cell(at)
		if err != nil {
			return 0, err
		}
		if len(d.cells) == maxColumns {
			return 0, &RefusedError{Reason: fmt.Sprintf("has a row with more than %d cells", maxColumns)}
		}
		d.cells = append(d.cells, cell)
		rest := d.text.rest()
		switch {
		case end == len(rest):
			return end, nil
		case rest[end] == d.delimiter:
			at = end + 1
		default:
			return end + len(d.rowEnd), nil
		}
	}
}

// cell finds the cell at a position of the window, and where it ends: at a delimiter, a row end or the end of the text.
func (d *delimitedRows) cell(at int) (cell span, end int, err error) {
	first, err := d.more(at)
	if err != nil || !first {
		return span{at, at}, at, err
	}
	if d.text.rest()[at] == d.qualifier {
		cell, end, err = d.qualified(at)
		if end > 0 || err != nil {
			return cell, end, err
		}
	}
	for end = at; ; end++ {
		more, err := d.more(end)
		if err != nil {
			return span{}, 0, err
		}
		if !more {
			return span{at, end}, end, nil
		}
		rest := d.text.rest()
		for end < len(rest) && rest[end] != d.delimiter && rest[end] != d.rowEnd[0] {
			end++
		}
		if end == len(rest) {
			end-- // and read more
			continue
		}
		ends, err := d.endsAt(end)
		if ends || err != nil {
			return span{at, end}, end, err
		}
	}
}

// qualified finds the cell whose qualifier is at a position. end is 0 if the cell does not end after a qualifier: it only
// begins with one.
func (d *delimitedRows) qualified(at int) (cell span, end int, err error) {
	doubled := false
	for i := at + 1; ; i++ {
		more, err := d.more(i)
		if errors.Is(err, errTooLong) || err == nil && !more {
			return span{}, 0, nil
		} else if err != nil {
			return span{}, 0, err
		}
		rest := d.text.rest()
		skipped := bytes.IndexByte(rest[i:], d.qualifier)
		if skipped < 0 {
			i = len(rest) - 1
			continue
		}
		i += skipped
		if more, err = d.more(i + 1); err != nil {
			return span{}, 0, err
		}
		if more && d.text.rest()[i+1] == d.qualifier {
			doubled = true
			i++
			continue
		}
		ends, err := d.endsAt(i + 1)
		if !ends || err != nil {
			return span{}, 0, err
		}
		cell = span{at + 1, i}
		if doubled {
			cell.to = d.unify(cell)
		}
		return cell, i + 1, nil
	}
}

// endsAt reports whether a cell ends at a position.
func (d *delimitedRows) endsAt(at int) (bool, error) {
	for i, c := range d.rowEnd {
		more, err := d.more(at + i)
		if err != nil {
			return false, err
		}
		rest := d.text.rest()
		switch {
		case !more:
			return i == 0, nil
		case i == 0 && rest[at] == d.delimiter:
			return true, nil
		case rest[at+i] != c:
			return false, nil
		}
	}
	return true, nil
}

// unify replaces doubled qualifiers in a cell by single ones, in place, and returns where the cell then ends.
func (d *delimitedRows) unify(cell span) int {
	rest := d.text.rest()
	to := cell.from
	for i := cell.from; i < cell.to; i++ {
		rest[to] = rest[i]
		to++
		if rest[i] == d.qualifier {
			i++
		}
	}
	return to
}

// more makes the byte at a position of the window available, and reports whether there is one.
func (d *delimitedRows) more(at int) (bool, error) {
	for at >= len(d.text.rest()) {
		if err := d.text.fill(); err != nil {
			if err == io.EOF { //nolint:errorlint // fill returns it as it is
				return false, nil
			}
			return false, err
		}
	}
	return true, nil
}
