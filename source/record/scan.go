package record

import (
	"encoding/binary"
	"math/bits"
)

// deepest is how many objects and arrays may lie within each other in a value that is scanned.
const deepest = 16

// scanValue finds the end of the JSON value that stands at a place of a text, so deep in other values. It is 0 where the
// value is not valid or not compact, lies too deep, or where the text does not go on behind it. ascii says that the value
// is no object or array and has nothing but ASCII without escapes.
func scanValue(text []byte, at, depth int) (end int, ascii bool) {
	switch text[at] {
	case '"':
		return scanString(text, at)
	case 'n':
		return scanWord(text, at, "null"), true
	case 't':
		return scanWord(text, at, "true"), true
	case 'f':
		return scanWord(text, at, "false"), true
	case '{':
		return scanNested(text, at, '}', depth+1), false
	case '[':
		return scanNested(text, at, ']', depth+1), false
	default:
		return scanNumber(text, at), true
	}
}

// scanNested finds the end of an object or an array, which closes with a bracket.
func scanNested(text []byte, at int, closing byte, depth int) int {
	at++
	if depth > deepest || at+1 >= len(text) {
		return 0
	}
	if text[at] == closing {
		return at + 1
	}
	for {
		if closing == '}' {
			if at >= len(text) || text[at] != '"' {
				return 0
			}
			if at, _ = scanString(text, at); at == 0 || text[at] != ':' {
				return 0
			}
			at++
		}
		if at >= len(text) {
			return 0
		}
		if at, _ = scanValue(text, at, depth); at == 0 {
			return 0
		}
		switch text[at] {
		case ',':
			at++
		case closing:
			if at+1 >= len(text) {
				return 0
			}
			return at + 1
		default:
			return 0
		}
	}
}

// scanWord finds the end of a word that stands for a value.
func scanWord(text []byte, at int, word string) int {
	end := at + len(word)
	if end < len(text) && string(text[at:end]) == word {
		return end
	}
	return 0
}

// scanString finds the end of a string. Bytes beyond ASCII need not be UTF-8: whoever passes them on mends them.
func scanString(text []byte, at int) (end int, ascii bool) {
	ascii = true
	for at++; ; {
		at += unescaped(text[at:])
		if at+1 >= len(text) {
			return 0, false
		}
		switch c := text[at]; {
		case c == '"':
			return at + 1, ascii
		case c == '\\':
			width := escape(text[at:])
			if width == 0 {
				return 0, false
			}
			at, ascii = at+width, false
		case c < ' ':
			return 0, false
		default:
			at, ascii = at+1, false
		}
	}
}

// unescaped is the length of the ASCII in front of a text, up to a quote, a backslash or a control character. It takes
// eight bytes at once.
func unescaped(text []byte) int {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; len(text)-at >= 8; at += 8 {
		eight := binary.LittleEndian.Uint64(text[at:])
		quote, backslash := eight^'"'*each, eight^'\\'*each // their bytes are zero where one stands
		// A borrow spoils only what stands behind a byte that is found.
		found := (eight | (eight - ' '*each) | (quote-each)&^quote | (backslash-each)&^backslash) & highest
		if found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(text) && text[at] >= ' ' && text[at] < 0x80 && text[at] != '"' && text[at] != '\\' {
		at++
	}
	return at
}

// escape is the length of the escape that a text begins with, 0 if it is none.
func escape(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return len(`\n`)
	case 'u':
		if len(text) < escapeLength {
			return 0
		}
		for _, c := range text[2:escapeLength] {
			if !isDigit(c) && (c|' ' < 'a' || 'f' < c|' ') {
				return 0
			}
		}
		return escapeLength
	default:
		return 0
	}
}

// scanNumber finds the end of a number (RFC 8259, section 6).
func scanNumber(text []byte, at int) int {
	if text[at] == '-' {
		at++
	}
	if at < len(text) && text[at] == '0' {
		at++
	} else if at = scanDigits(text, at); at == 0 {
		return 0
	}
	if at < len(text) && text[at] == '.' {
		if at = scanDigits(text, at+1); at == 0 {
			return 0
		}
	}
	if at < len(text) && text[at]|' ' == 'e' {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		if at = scanDigits(text, at); at == 0 {
			return 0
		}
	}
	if at >= len(text) {
		return 0
	}
	return at
}

// scanDigits finds the end of one digit or more.
func scanDigits(text []byte, at int) int {
	from := at
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	if at == from {
		return 0
	}
	return at
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
