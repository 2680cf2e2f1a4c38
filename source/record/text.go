package record

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendOnOneLine appends a JSON value, escaping the three characters beyond ASCII at which some readers of lines,
// Python's str.splitlines among them, break a line: U+0085, U+2028 and U+2029. Line feeds between tokens go. What is no
// text is mended.
func appendOnOneLine(dst, value []byte) []byte {
	if !utf8.Valid(value) || indexHalf(value) >= 0 {
		value = mended(value)
	}
	if value[0] != '"' && bytes.ContainsAny(value, "\n\r") {
		compact := jsontext.Value(bytes.Clone(value))
		if compact.Compact() == nil {
			value = compact
		}
	}
	for {
		at := indexBreak(value)
		if at < 0 {
			return append(dst, value...)
		}
		dst = append(dst, value[:at]...)
		switch value[at+1] {
		case 0x85:
			dst = append(dst, `\u0085`...)
			value = value[at+2:]
		default:
			dst = append(dst, `\u202`...)
			dst = append(dst, '8'+value[at+2]-0xA8)
			value = value[at+3:]
		}
	}
}

// indexBreak finds the first U+0085 (C2 85), U+2028 (E2 80 A8) or U+2029 (E2 80 A9).
func indexBreak(value []byte) int {
	next := bytes.Index(value, []byte("\u0085"))
	for from := 0; ; {
		at := bytes.Index(value[from:], []byte("\xe2\x80"))
		if at < 0 {
			return next
		}
		at += from
		if last := value[at+2]; last == 0xA8 || last == 0xA9 {
			if next < 0 || at < next {
				return at
			}
			return next
		}
		from = at + 2
	}
}

// replacement stands for what is no text (Unicode Standard, section 5.22).
const replacement = "\ufffd"

// mended puts U+FFFD in place of bytes that are not UTF-8 and of escapes of one half of a surrogate pair, as a text has
// them that was cut in the middle of a character. RFC 8259 allows the escapes, but says that readers of JSON do not
// agree on them (section 8.2).
func mended(value []byte) []byte {
	value = bytes.ToValidUTF8(value, []byte(replacement))
	var whole []byte
	for {
		at := indexHalf(value)
		if at < 0 {
			return append(whole, value...)
		}
		whole = append(append(whole, value[:at]...), replacement...)
		value = value[at+escapeLength:]
	}
}

// escapeLength is the length of an escape like \u0041.
const escapeLength = 6

// indexHalf finds the first escape of a surrogate that has not its other half behind it, -1 if there is none.
func indexHalf(value []byte) int {
	for at := 0; ; {
		next := bytes.IndexByte(value[at:], '\\')
		if next < 0 {
			return -1
		}
		at += next
		first := surrogate(value[at:])
		switch {
		case first == 0:
			at += len(`\n`) // the digits of \u0041 hold no backslash
		case utf16.DecodeRune(first, surrogate(value[at+escapeLength:])) == utf8.RuneError:
			return at
		default:
			at += 2 * escapeLength
		}
	}
}

// surrogate is the half of a pair for which the escape in front of a text stands, 0 if there is no such escape.
func surrogate(text []byte) rune {
	if len(text) < escapeLength || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	half, err := strconv.ParseUint(string(text[2:escapeLength]), 16, 16)
	if err != nil || !utf16.IsSurrogate(rune(half)) {
		return 0
	}
	return rune(half)
}
