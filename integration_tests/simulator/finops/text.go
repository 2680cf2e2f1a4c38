package finops

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The escapes of XML. In attributes line breaks are escaped too, because a reader would take them for blanks.
var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")
)

// textWriter writes delimited files.
type textWriter struct {
	sheet
	out *packed
}

func newTextWriter(s sheet) *textWriter {
	w := &textWriter{sheet: s, out: newPacked()}
	switch s.format.Encoding {
	case UTF16:
		_, _ = w.out.Write([]byte{0xff, 0xfe})
	case UTF8Mark:
		w.out.write("\ufeff")
	case UTF8, Windows52:
	}
	if !s.format.NoHeader {
		w.line(s.columns, false)
	}
	return w
}

func (w *textWriter) row(values []string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = w.text(i, value)
	}
	if !w.line(texts, w.format.QuoteAll) {
		return "DMF1957: the file contains Unicode characters, and the source data format is not Unicode."
	}
	return ""
}

// line writes a line, with quotation marks around each text or where they are needed. It reports whether the encoding has all
// characters.
func (w *textWriter) line(texts []string, quoteAll bool) bool {
	var line strings.Builder
	special := string(w.format.Delimiter) + "\"\r\n"
	for i, text := range texts {
		if i > 0 {
			line.WriteRune(w.format.Delimiter)
		}
		isText := i < len(w.fields) && (w.fields[i].Type == String || w.fields[i].Type == GUID || w.fields[i].Type == Enum)
		if quoteAll && isText || strings.ContainsAny(text, special) {
			text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		line.WriteString(text)
	}
	line.WriteString("\r\n")
	return w.encode(line.String())
}

// encode appends text in the encoding of the format.
func (w *textWriter) encode(text string) bool {
	switch w.format.Encoding {
	case UTF16:
		_, _ = w.out.Write(utf16LE(text))
	case Windows52:
		for _, c := range text {
			// The two agree but for 128 to 159, which generated rows do not have.
			if c >= utf8.RuneSelf && c < 0xa0 || c > 0xff {
				return false
			}
			_, _ = w.out.Write([]byte{byte(c)})
		}
	case UTF8, UTF8Mark:
		w.out.write(text)
	}
	return true
}

func (w *textWriter) end() *packed { return w.out }

// utf16LE returns text in UTF-16, little endian, without a byte order mark.
func utf16LE(text string) []byte {
	encoded := make([]byte, 0, 2*len(text))
	for _, c := range text {
		for _, unit := range utf16.AppendRune(nil, c) {
			encoded = append(encoded, byte(unit), byte(unit>>8))
		}
	}
	return encoded
}
