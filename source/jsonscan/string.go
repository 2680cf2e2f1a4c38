package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// EndOfString returns the end of the string whose quotation mark is at the given position, and whether it is a
// PlainString or an EscapedString.
func EndOfString(text []byte, at int) (end int, kind Kind) {
	kind = PlainString
	for at++; ; {
		at += UnescapedASCII(text[at:])
		if at >= len(text) {
			return 0, 0
		}
		switch c := text[at]; {
		case c == '"':
			return at + 1, kind
		case c == '\\':
			length := lengthOfEscape(text[at:])
			if length == 0 {
				return 0, 0
			}
			at, kind = at+length, EscapedString
		case c < ' ':
			return 0, 0
		default:
			at, kind = at+1, EscapedString
		}
	}
}

// UnescapedASCII returns the number of ASCII bytes at the beginning of a text that represent themselves within a string
// ("unescaped" in RFC 8259, section 7): up to a quotation mark, a backslash, a control character or a byte beyond
// ASCII.
//
// It examines eight bytes at once. With x as the number that they form, (x-0x01…)&^x has the highest bit set in each
// zero byte, and in no byte below the first one ("Bit Twiddling Hacks", haszero). An xor with the byte to find makes
// its occurrences zero.
func UnescapedASCII(text []byte) int {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; len(text)-at >= 8; at += 8 {
		eight := binary.LittleEndian.Uint64(text[at:])
		quote, backslash := eight^'"'*each, eight^'\\'*each
		// A borrow affects only bytes after the first one that is found.
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

// lengthOfEscape returns the length of the escape at the beginning of a text, 0 if there is no valid one.
func lengthOfEscape(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return len(`\n`)
	case 'u':
		if len(text) < len(`\u0041`) {
			return 0
		}
		for _, c := range text[len(`\u`):len(`\u0041`)] {
			if !isDigit(c) && (c|' ' < 'a' || 'f' < c|' ') {
				return 0
			}
		}
		return len(`\u0041`)
	default:
		return 0
	}
}
