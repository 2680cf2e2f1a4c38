package entityfile

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/finops"
)

// Form is the form of an entity file.
type Form string

// The forms. XML with elements and XML with attributes are read in the same way.
const (
	XML       Form = "XML"
	Delimited Form = "delimited text"
	Excel     Form = "Excel"
)

// Rows reads the rows of an entity file, one after the other. It belongs to one goroutine and must be closed. Its memory
// depends on the longest row.
type Rows struct {
	// Form is the form of the file.
	Form Form

	file    string
	raw     io.Reader // the bytes of the file, or of the sheet in it, with their checksum at the end
	columns *columns
	source  rowSource
	close   []io.Closer
	row     int64
	most    int      // bytes of a row
	arena   []byte   // the texts of the current row
	spans   []span   // where the text of each column is in arena
	cells   [][]byte // the same as slices
	err     error
}

// rowSource is an entity file in one form.
type rowSource interface {
	// next appends the texts of the next row. It returns io.EOF after the last row, once the whole file has been read.
	next(*Rows) error
}

// span is the place of a text in the arena of a row. The zero span is that of an empty text.
type span struct{ from, to int }

// Rows opens the file of an entity. Each row will have a cell for each of the given columns, in that order; the names of the
// file's columns are compared without regard to case, because a file has those of the entity in upper case. The context
// ends what is done before the first row: a workbook is unpacked.
//
// The error is ErrNoFile if the package has no file of the entity. Otherwise it is a *DamagedError, a *RefusedError, a
// *FormError, or a *finops.StorageError of the file that a workbook is unpacked into.
func (p *Package) Rows(ctx context.Context, e Entity, names []string) (*Rows, error) {
	f := p.files.find(e.File)
	if e.File == "" || f == nil {
		return nil, ErrNoFile
	}
	unpacked, err := open(f)
	if err != nil {
		return nil, err
	}
	r := &Rows{
		file: f.Name, raw: unpacked, close: []io.Closer{unpacked}, most: p.limits.Row,
		columns: newColumns(names, e.Columns), spans: make([]span, len(names)), cells: make([][]byte, len(names)),
	}
	if err := r.open(ctx, p, f, unpacked); err != nil {
		err = r.typed(err)
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// workbookSignature begins every zip file with a file in it (ZIP File Format Specification, 4.3.7).
var workbookSignature = []byte("PK\x03\x04")

// open finds the form of a file in its first bytes, and reads up to its first row.
func (r *Rows) open(ctx context.Context, p *Package, f *zip.File, unpacked io.Reader) error {
	const peeked = 4 << 10
	buffered := bufio.NewReaderSize(unpacked, peeked)
	first, err := buffered.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bytes.HasPrefix(first, workbookSignature) {
		r.Form = Excel
		return r.openWorkbook(ctx, p, f, buffered)
	}
	text, err := decoded(buffered)
	if err != nil {
		return err
	}
	decodedText := bufio.NewReaderSize(text, peeked)
	if begin, _ := decodedText.Peek(peeked / 2); bytes.HasPrefix(bytes.TrimLeft(begin, " \t\r\n"), []byte("<")) {
		r.Form = XML
		x := &xmlScanner{text: newWindow(decodedText, p.limits.Row)}
		r.source = &xmlRows{scanner: x}
		return nil
	}
	r.Form = Delimited
	r.source, err = newDelimitedRows(decodedText, p.limits.Row, r.columns)
	return err
}

// Next returns the cells of the next row, in the order of the requested columns. An empty cell and one that the row lacks are
// both empty: files do not distinguish them. The cells are valid until the next call. It returns io.EOF after the last row,
// once the checksum of the file has been compared.
func (r *Rows) Next() ([][]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	r.arena = r.arena[:0]
	clear(r.spans)
	if err := r.source.next(r); err != nil {
		r.err = err
		if err != io.EOF { //nolint:errorlint // next returns it as it is
			r.err = r.typed(atRow(typed(r.file, err), r.row+1))
		}
		return nil, r.err
	}
	r.row++
	for i, s := range r.spans {
		r.cells[i] = r.arena[s.from:s.to]
	}
	return r.cells, nil
}

// Skip reads a number of rows without returning them. It returns io.EOF if there are fewer.
func (r *Rows) Skip(n int64) error {
	for range n {
		if _, err := r.Next(); err != nil {
			return err
		}
	}
	return nil
}

// Count returns how many rows have been read, including those that were skipped.
func (r *Rows) Count() int64 { return r.row }

// Missing returns the requested columns that the file does not have. In XML they are those that no row has had so far.
func (r *Rows) Missing() []string { return r.columns.missing() }

// Others returns the columns of the file that were not requested, as it names them, sorted. In XML they are those of the rows
// that have been read.
func (r *Rows) Others() []string { return r.columns.others() }

// Cut returns the columns of a workbook that have had a value of exactly 255 characters, in the order of the request. An
// export to Excel cuts longer values there (Microsoft, "Data management error descriptions and known limitations").
func (r *Rows) Cut() []string {
	if s, ok := r.source.(*sheetRows); ok {
		return s.cutColumns(r.columns)
	}
	return nil
}

// typed returns an error of the file as one of this package. If the text is not well-formed, the rest of the file is read to
// its checksum, which shows whether the service wrote it so.
func (r *Rows) typed(err error) error {
	var storage *finops.StorageError
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &storage) {
		return err
	}
	err = typed(r.file, err)
	var form *FormError
	if errors.As(err, &form) {
		if _, damage := io.Copy(io.Discard, r.raw); damage != nil {
			return typed(r.file, damage)
		}
	}
	return err
}

// Close closes the file. The package stays open.
func (r *Rows) Close() error {
	var all error
	for _, c := range slices.Backward(r.close) {
		all = errors.Join(all, c.Close())
	}
	r.close, r.err = nil, errors.Join(r.err, errClosed)
	return all
}

var errClosed = errors.New("the entity file is closed")

// put sets the text of a column in the current row. A column that occurs twice has the last text.
func (r *Rows) put(column int, text []byte) (err error) {
	from := len(r.arena)
	r.arena, err = appendUpTo(r.most, r.arena, text)
	r.spans[column] = span{from, len(r.arena)}
	return err
}

// appendUpTo appends a text. The error is errTooLong if the result is longer than it may be.
func appendUpTo(most int, dst, text []byte) ([]byte, error) {
	if len(dst)+len(text) > most {
		return dst, errTooLong
	}
	return append(dst, text...), nil
}

// atRow adds the row to an error of the form.
func atRow(err error, row int64) error {
	var form *FormError
	if errors.As(err, &form) && form.Row == 0 {
		form.Row = row
	}
	return err
}

// noColumn is the index of a column that was not requested.
const noColumn = -1

// maxColumns is how many different columns a file may have. A sheet has up to 16,384.
const maxColumns = 20_000

// columns finds the index of a requested column by the name that a file gives it.
type columns struct {
	names  []string
	mapped []string       // all columns of the entity's mapping
	index  map[string]int // by the name in the file
	seen   []bool         // of each requested column
}

func newColumns(names, mapped []string) *columns {
	return &columns{names: names, mapped: mapped, index: map[string]int{}, seen: make([]bool, len(names))}
}

// of returns the index of the column that the file calls by a name, noColumn if it was not requested. It allocates only for
// the first occurrence of a name.
func (c *columns) of(name []byte) (int, error) {
	if i, found := c.index[string(name)]; found {
		return i, nil
	}
	if len(c.index) == maxColumns {
		return noColumn, &RefusedError{Reason: "has more than 20000 different columns"}
	}
	i := slices.IndexFunc(c.names, func(n string) bool { return strings.EqualFold(n, string(name)) })
	c.index[string(name)] = i
	if i >= 0 {
		c.seen[i] = true
	}
	return i, nil
}

// header finds the columns of a header, in its order. The error is a *FormError if none of them is a column of the entity:
// the first row is not a header.
func (c *columns) header(names [][]byte) ([]int, error) {
	all := make([]int, len(names))
	known := len(c.names) == 0 && len(c.mapped) == 0
	for i, name := range names {
		var err error
		if all[i], err = c.of(bytes.TrimSpace(name)); err != nil {
			return nil, err
		}
		if slices.Contains(all[:i], all[i]) {
			all[i] = noColumn // the first of two columns with one name
		}
		known = known || all[i] != noColumn || slices.ContainsFunc(c.mapped, func(m string) bool {
			return strings.EqualFold(m, string(bytes.TrimSpace(name)))
		})
	}
	if !known {
		return nil, &FormError{
			Reason: "its first row has none of the names of the entity's columns",
			Advice: "Select a source data format with the first row as header in its data project.",
		}
	}
	return all, nil
}

func (c *columns) missing() []string {
	var all []string
	for i, name := range c.names {
		if !c.seen[i] {
			all = append(all, name)
		}
	}
	return all
}

func (c *columns) others() []string {
	var all []string
	for name, i := range c.index {
		if i == noColumn && name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
