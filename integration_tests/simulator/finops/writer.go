package finops

import (
	"strings"
	"time"
)

// writer writes the file of an entity. row returns a message if the row cannot be written, which fails the entity.
type writer interface {
	row(values []string) (message string)
	end() *packed
}

// sheet is what writers of all kinds know of a file.
type sheet struct {
	format  *Format
	entity  *Entity
	fields  []*Field
	columns []string
}

// newWriter returns a writer of a file with that many rows.
func newWriter(f *Format, l *Line, e *Entity, b Behaviors, rows int) writer {
	s := sheet{format: f, entity: e}
	for _, at := range l.fields(e) {
		s.fields = append(s.fields, &e.Fields[at])
		s.columns = append(s.columns, l.column(&e.Fields[at]))
	}
	switch f.Kind {
	case XMLElements, XMLAttributes:
		return newXMLWriter(s)
	case Delimited:
		return newTextWriter(s)
	case Workbook:
	}
	return newWorkbookWriter(s, b, rows)
}

// text returns a value as files of any kind write it: decimals without a zero before the point, dates with a time.
func (s *sheet) text(at int, value string) string {
	switch s.fields[at].Type {
	case Decimal:
		sign, digits := "", value
		if strings.HasPrefix(value, "-") {
			sign, digits = "-", value[1:]
		}
		if strings.HasPrefix(digits, "0.") {
			digits = digits[1:]
		}
		return sign + digits
	case Date:
		return s.time(value + " 00:00:00")
	case DateTime:
		return s.time(value)
	default:
		return value
	}
}

// time returns a time in the layout of the format. A value that is no time stays as it is.
func (s *sheet) time(value string) string {
	if s.format.Times == "" {
		return value
	}
	at, err := time.Parse(time.DateTime, value)
	if err != nil {
		return value
	}
	return at.Format(s.format.Times)
}

// xmlWriter writes both forms of XML.
type xmlWriter struct {
	sheet
	tag string
	out *packed
}

func newXMLWriter(s sheet) *xmlWriter {
	w := &xmlWriter{sheet: s, tag: s.entity.tag(), out: newPacked()}
	if s.format.Pascal {
		w.tag = s.entity.Name
	}
	w.out.write(`<?xml version="1.0" encoding="utf-8"?><Document>`)
	return w
}

func (w *xmlWriter) row(values []string) string {
	for _, value := range values {
		if strings.ContainsFunc(value, isControl) {
			return "DMF2055: the data contains characters that are not allowed in XML."
		}
	}
	w.out.write("<", w.tag)
	if w.format.Kind == XMLAttributes {
		for i, value := range values {
			w.out.write(" ", w.columns[i], `="`, attributeEscapes.Replace(w.text(i, value)), `"`)
		}
		w.out.write("/>")
		return ""
	}
	w.out.write(">")
	for i, value := range values {
		w.out.write("<", w.columns[i], ">", textEscapes.Replace(w.text(i, value)), "</", w.columns[i], ">")
	}
	w.out.write("</", w.tag, ">")
	return ""
}

func (w *xmlWriter) end() *packed {
	w.out.write("</Document>")
	return w.out
}

func isControl(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' }
