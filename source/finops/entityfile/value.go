package entityfile

import (
	"bytes"
	"unicode/utf8"

	"source-microsoft-dataverse/source/finops"
)

// Conversion turns cells into JSON. The zero value turns dates without a value into null.
type Conversion struct {
	// KeepNoDate keeps 1900-01-01, by which finance & operations means that there is no date.
	KeepNoDate bool
}

// Append appends the JSON of a property's cell: a string for texts, GUIDs, names of enum members, dates ("2011-01-31") and times
// ("2011-01-31T00:00:00", with Z or an offset unless they are of type LocalTime), and otherwise a number with the digits of the
// cell. It appends null, and parsed is false, if the cell is not of the property's type.
//
// An empty cell is:
//
//   - "" in a String, a GUID and an Enum: finance & operations has no nulls (Microsoft, "Choose finance and operations data in
//     Azure Synapse Link for Dataverse");
//   - null in a property of another type;
//   - the default of its type in a key, because keys are never null: "", 0 or 1900-01-01, which keys also keep.
//
// A key that was not parsed must not be delivered.
func (o Conversion) Append(dst []byte, of finops.Property, cell []byte) (json []byte, parsed bool) {
	switch of.Type {
	case finops.String, finops.GUID, finops.Enum:
		return appendText(dst, cell)
	case finops.Integer, finops.Number, finops.Date, finops.DateTime, finops.LocalTime:
	}
	cell = bytes.Trim(cell, " \t\r\n")
	if len(cell) == 0 && !of.Key {
		return append(dst, "null"...), true
	}
	var ok bool
	switch of.Type {
	case finops.Integer:
		json, ok = appendInteger(dst, orDefault(cell, "0"))
	case finops.Number:
		json, ok = appendNumber(dst, orDefault(cell, "0"))
	case finops.Date, finops.DateTime, finops.LocalTime:
		json, ok = o.appendDate(dst, of, orDefault(cell, noDate))
	case finops.String, finops.GUID, finops.Enum: // above
	}
	if !ok {
		return append(dst, "null"...), false
	}
	return json, true
}

func orDefault(cell []byte, zero string) []byte {
	if len(cell) == 0 {
		return []byte(zero)
	}
	return cell
}

// appendInteger appends an integer. One with a fraction of zeros is accepted, as some programs write it.
func appendInteger(dst, cell []byte) ([]byte, bool) {
	negative, digits := cutSign(cell)
	integer, fraction, _ := bytes.Cut(digits, []byte{'.'})
	if len(integer) == 0 || !areDigits(integer) || len(bytes.Trim(fraction, "0")) > 0 {
		return dst, false
	}
	integer = withoutLeadingZeros(integer)
	const largest, lowest = "9223372036854775807", "9223372036854775808"
	bound := largest
	if negative {
		bound = lowest
	}
	if len(integer) > len(bound) || len(integer) == len(bound) && string(integer) > bound {
		return dst, false
	}
	if negative && string(integer) != "0" {
		dst = append(dst, '-')
	}
	return append(dst, integer...), true
}

// appendNumber appends a number with a decimal point. Real numbers of an export have no digit before the point if that would
// be 0, which JSON requires (RFC 8259, section 6).
func appendNumber(dst, cell []byte) ([]byte, bool) {
	negative, digits := cutSign(cell)
	mantissa, exponent := digits, []byte(nil)
	if i := bytes.IndexAny(digits, "eE"); i >= 0 {
		mantissa, exponent = digits[:i], digits[i+1:]
		if unsigned := bytes.TrimLeft(exponent, "+-"); len(exponent)-len(unsigned) > 1 || len(unsigned) == 0 || len(unsigned) > 3 || !areDigits(unsigned) {
			return dst, false
		}
	}
	integer, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	if len(integer)+len(fraction) == 0 || !areDigits(integer) || !areDigits(fraction) {
		return dst, false
	}
	if negative {
		dst = append(dst, '-')
	}
	if integer = withoutLeadingZeros(integer); len(integer) == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, integer...)
	if len(fraction) > 0 {
		dst = append(append(dst, '.'), fraction...)
	}
	if exponent != nil {
		dst = append(append(dst, 'e'), exponent...)
	}
	return dst, true
}

func cutSign(cell []byte) (negative bool, digits []byte) {
	if cell[0] == '-' || cell[0] == '+' {
		return cell[0] == '-', cell[1:]
	}
	return false, cell
}

func areDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// withoutLeadingZeros leaves one digit of a number that is 0.
func withoutLeadingZeros(digits []byte) []byte {
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}

// appendText appends a text as a JSON string on one line: U+0085, U+2028 and U+2029, at which some readers break a line, are
// escaped. U+0000, which PostgreSQL accepts in no text, becomes U+FFFD. A text that is not UTF-8 is not parsed: its file has
// another code page, so characters would be lost.
func appendText(dst, text []byte) (json []byte, parsed bool) {
	from := len(dst)
	dst = append(dst, '"')
	copied := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		width, replacement := 1, ""
		if c < utf8.RuneSelf {
			replacement = escape(c)
		} else {
			var char rune
			char, width = utf8.DecodeRune(text[i:])
			if char == utf8.RuneError && width == 1 {
				return append(dst[:from], "null"...), false
			}
			replacement = lineSeparator(char)
		}
		if replacement != "" {
			dst = append(append(dst, text[copied:i]...), replacement...)
			copied = i + width
		}
		i += width
	}
	return append(append(dst, text[copied:]...), '"'), true
}

func lineSeparator(char rune) string {
	switch char {
	case '\u0085':
		return `\u0085`
	case '\u2028':
		return `\u2028`
	case '\u2029':
		return `\u2029`
	default:
		return ""
	}
}

// escapes are the escapes of the control characters from U+0000 on, eight bytes each, padded with blanks.
const escapes = `\ufffd  \u0001  \u0002  \u0003  \u0004  \u0005  \u0006  \u0007  ` +
	`\b      \t      \n      \u000b  \f      \r      \u000e  \u000f  ` +
	`\u0010  \u0011  \u0012  \u0013  \u0014  \u0015  \u0016  \u0017  ` +
	`\u0018  \u0019  \u001a  \u001b  \u001c  \u001d  \u001e  \u001f  `

// escape returns the escape of a quotation mark, a backslash or a control character.
func escape(c byte) string {
	switch c {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b', '\t', '\n', '\f', '\r':
		return escapes[8*int(c):][:len(`\n`)]
	default:
		return escapes[8*int(c):][:len(`\u0000`)]
	}
}
