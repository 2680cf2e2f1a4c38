package entityfile

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"path"
	"strings"
	"unicode/utf8"

	"source-microsoft-dataverse/source/finops"
)

// openWorkbook opens the first sheet of a workbook (ECMA-376, part 1, SpreadsheetML). A workbook is a zip file of its own,
// which is unpacked into a temporary file because its directory is at its end.
func (r *Rows) openWorkbook(ctx context.Context, p *Package, f *zip.File, packed io.Reader) error {
	file, err := finops.NewFile(p.tempDir)
	if err != nil {
		return err
	}
	r.close = append(r.close, file)
	size, err := store(ctx, file, packed)
	if err != nil {
		return err
	}
	files, err := openArchive(file, size, f.Name, p.limits)
	if err != nil {
		return err
	}
	shared, err := readSharedStrings(files, p.limits)
	if err != nil {
		return err
	}
	sheet, err := files.firstSheet(p.limits)
	if err != nil {
		return err
	}
	unpacked, err := open(sheet)
	if err != nil {
		return err
	}
	r.close = append(r.close, unpacked)
	r.raw = unpacked
	x, err := newXMLScanner(unpacked, p.limits.Row)
	if err != nil {
		return err
	}
	rows := &sheetRows{scanner: x, shared: shared}
	r.source = rows
	return rows.header(r.columns)
}

// store writes a text to a file and returns its size. It ends with the context.
func store(ctx context.Context, file *finops.File, text io.Reader) (size int64, err error) {
	block := make([]byte, 128<<10)
	for ctx.Err() == nil {
		n, err := text.Read(block)
		if _, storage := file.WriteAt(block[:n], size); storage != nil {
			return size, storage
		}
		size += int64(n)
		switch {
		case err == io.EOF: //nolint:errorlint // readers return it as it is
			return size, nil
		case err != nil:
			return size, err
		}
	}
	return size, ctx.Err()
}

const (
	sheetFolder       = "xl/worksheets/"
	workbookFile      = "xl/workbook.xml"
	relationshipsFile = "xl/_rels/workbook.xml.rels"
)

// firstSheet returns the file of the first sheet. An export has one.
func (a archive) firstSheet(limits Limits) (*zip.File, error) {
	var sheets []*zip.File
	for _, f := range a.zip.File {
		if strings.HasPrefix(f.Name, sheetFolder) && strings.HasSuffix(f.Name, ".xml") {
			sheets = append(sheets, f)
		}
	}
	switch len(sheets) {
	case 0:
		return nil, &FormError{Reason: "it is a zip file without sheets"}
	case 1:
		return sheets[0], nil
	}
	id, err := a.attribute(workbookFile, limits, func(element string, attributes []xmlAttribute) string {
		return attribute(attributes, element, "sheet", "r:id")
	})
	if err != nil {
		return nil, err
	}
	target, err := a.attribute(relationshipsFile, limits, func(element string, attributes []xmlAttribute) string {
		if attribute(attributes, element, "Relationship", "Id") != id {
			return ""
		}
		return attribute(attributes, element, "Relationship", "Target")
	})
	if err != nil {
		return nil, err
	}
	if f := a.find(path.Join("xl", target)); f != nil {
		return f, nil
	}
	if f := a.find(target); f != nil { // a target that begins with a slash is relative to the package
		return f, nil
	}
	return nil, &FormError{Reason: fmt.Sprintf("it has %d sheets, and does not state which is the first", len(sheets))}
}

// attribute returns the value of an attribute of an element with a name, "" if it is another element.
func attribute(attributes []xmlAttribute, element, of, name string) string {
	if element != of {
		return ""
	}
	for _, a := range attributes {
		if string(a.name) == name {
			return string(a.value)
		}
	}
	return ""
}

// attribute returns the first value that a function finds in the elements of a file, "" if there is none.
func (a archive) attribute(name string, limits Limits, find func(element string, attributes []xmlAttribute) string) (string, error) {
	f := a.find(name)
	if f == nil {
		return "", nil
	}
	unpacked, err := open(f)
	if err != nil {
		return "", err
	}
	defer unpacked.Close()
	x, err := newXMLScanner(io.LimitReader(unpacked, limits.Manifest), limits.Row)
	if err != nil {
		return "", err
	}
	for {
		kind, err := x.next()
		switch {
		case err == io.EOF: //nolint:errorlint // next returns it as it is
			return "", nil
		case err != nil:
			return "", err
		case kind == xmlStart:
			if value := find(string(x.name), x.attributes); value != "" {
				return value, nil
			}
		}
	}
}

// sharedStrings are the texts of a workbook that cells refer to by number. Exports have none; a program that saved the file
// again moves all texts there.
type sharedStrings struct {
	text []byte
	ends []uint32
}

// of returns a text by its number.
func (s *sharedStrings) of(number int) ([]byte, bool) {
	if number < 0 || number >= len(s.ends) {
		return nil, false
	}
	from := uint32(0)
	if number > 0 {
		from = s.ends[number-1]
	}
	return s.text[from:s.ends[number]], true
}

func readSharedStrings(a archive, limits Limits) (*sharedStrings, error) {
	s := &sharedStrings{}
	f := a.find("xl/sharedStrings.xml")
	if f == nil {
		return s, nil
	}
	unpacked, err := open(f)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	x, err := newXMLScanner(unpacked, limits.Row)
	if err != nil {
		return nil, err
	}
	texts := stringReader{}
	for {
		kind, err := x.next()
		switch {
		case err == io.EOF: //nolint:errorlint // next returns it as it is
			return s, nil
		case err != nil:
			return nil, err
		}
		if s.text, err = texts.add(s.text, x, kind, math.MaxInt); err != nil { // the limit below is less
			return nil, err
		}
		if kind == xmlEnd && string(x.name) == "si" {
			s.ends = append(s.ends, uint32(len(s.text))) //nolint:gosec // the limit below is less
		}
		if int64(len(s.text)+4*len(s.ends)) > limits.Strings {
			return nil, &FormError{
				Reason: fmt.Sprintf("its shared strings have more than %d bytes", limits.Strings),
				Advice: "Select XML-Element as the source data format in its data project.",
			}
		}
	}
}

// stringReader collects the text of a string: that of its t elements, but not of those with the pronunciation (ECMA-376, part
// 1, 18.4).
type stringReader struct {
	inText, inPronunciation bool
}

func (s *stringReader) add(text []byte, x *xmlScanner, kind xmlKind, most int) ([]byte, error) {
	switch {
	case kind == xmlText:
		if s.inText && !s.inPronunciation {
			return appendUpTo(most, text, x.value)
		}
	case string(x.name) == "t":
		s.inText = kind == xmlStart
	case string(x.name) == "rPh":
		s.inPronunciation = kind == xmlStart
	}
	return text, nil
}

// unescapeCell replaces escapes such as _x000D_ in the text of a cell by their characters, in place (ECMA-376, part 1,
// 22.9.2.19, ST_Xstring). Half a surrogate pair becomes U+FFFD.
func unescapeCell(text []byte) []byte {
	const length = len("_x0000_")
	if !bytes.Contains(text, []byte("_x")) {
		return text
	}
	to := 0
	for i := 0; i < len(text); {
		if code, ok := escapedUnit(text[i:min(len(text), i+length)]); ok {
			to = len(utf8.AppendRune(text[:to], code))
			i += length
			continue
		}
		text[to] = text[i]
		to, i = to+1, i+1
	}
	return text[:to]
}
