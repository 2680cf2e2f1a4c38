package odata

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendQuoted writes s as a JSON string. Like the service it escapes only what JSON demands, so that line
// separators and other characters outside ASCII stand as they are.
func AppendQuoted(dst []byte, s string) []byte {
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

// Cut shortens s to at most limit UTF-16 units, in which the service measures lengths.
func Cut(s string, limit int) string {
	units := 0
	for i, r := range s {
		if units += max(1, utf16.RuneLen(r)); units > limit {
			return s[:i]
		}
	}
	return s
}

// Units returns the length of s as the service measures it.
func Units(s string) int {
	if len(s) == utf8.RuneCountInString(s) {
		return len(s)
	}
	return len(utf16.Encode([]rune(s)))
}

// AppendUnix writes a moment as rows show it, to the second and in UTC.
func AppendUnix(dst []byte, seconds int64) []byte {
	at := time.Unix(seconds, 0).UTC()
	hour, minute, second := at.Clock()
	dst = appendCalendarDay(append(dst, '"'), at)
	dst = appendTwoDigits(append(dst, 'T'), hour)
	dst = appendTwoDigits(append(dst, ':'), minute)
	dst = appendTwoDigits(append(dst, ':'), second)
	return append(dst, 'Z', '"')
}

// AppendUnixDate writes the day of a moment.
func AppendUnixDate(dst []byte, seconds int64) []byte {
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

// AppendScaled writes n/10^precision with scale digits after the point, as SQL Server's money (4) and
// decimal(23,10) columns come: 20000.0000 and 1.0000000000.
func AppendScaled(dst []byte, n int64, precision, scale int) []byte {
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

// AppendDouble writes n/10^precision as the service writes a double: no zeros at the end, yet a point in whole numbers.
func AppendDouble(dst []byte, n int64, precision int) []byte {
	if precision == 0 {
		return append(strconv.AppendInt(dst, n, 10), '.', '0')
	}
	dst = AppendScaled(dst, n, precision, precision)
	for dst[len(dst)-1] == '0' && dst[len(dst)-2] != '.' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// PercentLower percent-encodes all but letters, digits and -_. with lower-case digits, as .NET does.
func PercentLower(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// Plain returns a JSON value as text: a string without its quotes and escapes.
func Plain(raw []byte) string {
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
	}
	return string(raw)
}

// Btoi returns 1 for true and 0 for false.
func Btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// GroupedDigits writes a number with commas between thousands and that many digits after the point.
func GroupedDigits(number string, digits int) string {
	sign := ""
	if strings.HasPrefix(number, "-") {
		sign, number = "-", number[1:]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if digits == 0 {
		return sign + whole
	}
	return sign + whole + "." + (fraction + strings.Repeat("0", digits))[:digits]
}
