package simulator

import (
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// appendQuoted writes s as a JSON string. Like the service it escapes only what JSON demands, so that line
// separators and other characters outside ASCII stand as they are.
func appendQuoted(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// cut shortens s to at most limit UTF-16 units, in which the service measures lengths.
func cut(s string, limit int) string {
	units := 0
	for i, r := range s {
		if units += max(1, utf16.RuneLen(r)); units > limit {
			return s[:i]
		}
	}
	return s
}

// units is the length of s as the service measures it.
func units(s string) int {
	if len(s) == utf8.RuneCountInString(s) {
		return len(s)
	}
	return len(utf16.Encode([]rune(s)))
}

// appendTime writes a moment as rows show it, to the second and in UTC.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, "2006-01-02T15:04:05Z")
	return append(dst, '"')
}

func appendDate(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, time.DateOnly)
	return append(dst, '"')
}

// appendScaled writes n/10^precision with scale digits after the point, as SQL Server's money (4) and
// decimal(23,10) columns come: 20000.0000 and 1.0000000000.
func appendScaled(dst []byte, n int64, precision, scale int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	unit := int64(1)
	for range precision {
		unit *= 10
	}
	dst = append(strconv.AppendInt(dst, n/unit, 10), '.')
	fraction := strconv.FormatInt(unit+n%unit, 10)[1:]
	dst = append(dst, fraction...)
	for range scale - precision {
		dst = append(dst, '0')
	}
	return dst
}

// appendDouble writes a double as the service does, with a point even when it is whole.
func appendDouble(dst []byte, f float64) []byte {
	begin := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[begin:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, '.', '0')
}

// randomGUID is a version 4 guid drawn from h.
func randomGUID(h uint64) string {
	var id rowID
	for i := range id {
		id[i] = byte(mix(h, word(i)) & 0xff) //nolint:gosec // one byte
	}
	id[9] = id[9]&0x0f | 0x40 // the version, first of the text's third group
	id[6] = id[6]&0x3f | 0x80
	return id.String()
}
