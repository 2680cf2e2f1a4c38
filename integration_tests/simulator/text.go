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

// appendUnix writes a moment as rows show it, to the second and in UTC.
func appendUnix(dst []byte, seconds int64) []byte {
	at := time.Unix(seconds, 0).UTC()
	hour, minute, second := at.Clock()
	dst = appendCalendarDay(append(dst, '"'), at)
	dst = appendTwoDigits(append(dst, 'T'), hour)
	dst = appendTwoDigits(append(dst, ':'), minute)
	dst = appendTwoDigits(append(dst, ':'), second)
	return append(dst, 'Z', '"')
}

// appendUnixDate writes the day of a moment.
func appendUnixDate(dst []byte, seconds int64) []byte {
	return append(appendCalendarDay(append(dst, '"'), time.Unix(seconds, 0).UTC()), '"')
}

func appendCalendarDay(dst []byte, at time.Time) []byte {
	year, month, day := at.Date()
	dst = appendTwoDigits(appendTwoDigits(dst, year/100), year%100)
	dst = appendTwoDigits(append(dst, '-'), int(month))
	return appendTwoDigits(append(dst, '-'), day)
}

func appendTwoDigits(dst []byte, n int) []byte {
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
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
	for rest := n % unit; unit > 1; rest %= unit {
		unit /= 10
		dst = append(dst, '0'+byte(rest/unit))
	}
	for range scale - precision {
		dst = append(dst, '0')
	}
	return dst
}

// appendDouble writes n/10^precision as the service writes a double: no zeros at the end, yet a point in whole numbers.
func appendDouble(dst []byte, n int64, precision int) []byte {
	if precision == 0 {
		return append(strconv.AppendInt(dst, n, 10), '.', '0')
	}
	dst = appendScaled(dst, n, precision, precision)
	for dst[len(dst)-1] == '0' && dst[len(dst)-2] != '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}
