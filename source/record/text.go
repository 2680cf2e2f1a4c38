package record

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendOnOneLine appends a string, an object or an array of JSON. It escapes the three characters beyond ASCII at which
// some readers of lines, Python's str.splitlines among them, break a line: U+0085, U+2028 and U+2029. Line feeds between
// tokens go. What is no text is mended.
func appendOnOneLine(dst, value []byte) []byte {
	if value[0] != '"' && bytes.ContainsAny(value, "\n\r") {
		compact := jsontext.Value(bytes.Clone(value))
		if compact.Compact() == nil {
			value = compact
		}
	}
	from := 0 // what stands before is appended
	for at := plain(value); at < len(value); {
		width, instead := judge(value[at:])
		if instead != "" {
			dst = append(dst, value[from:at]...)
			dst = append(dst, instead...)
			from = at + width
		}
		at += width
		at += plain(value[at:])
	}
	return append(dst, value[from:]...)
}

// plain is how many bytes in front of a text stay as they are, as far as that is seen at a glance. Characters of two and
// three bytes are known by their first one to lie between those that are to be judged: U+0085, U+2028, U+2029, and
// halves of pairs.
func plain(text []byte) int {
	at := 0
	for at < len(text) {
		switch first := text[at]; {
		case first < utf8.RuneSelf && first != '\\':
			at += plainASCII(text[at:])
		case first == '\\' && len(text)-at > 1 && text[at+1] != 'u':
			at += len(`\n`)
		case 0xC3 <= first && first <= 0xDF && len(text)-at > 1 && !utf8.RuneStart(text[at+1]):
			at += 2
		case 0xE3 <= first && first <= 0xEC && len(text)-at > 2 && !utf8.RuneStart(text[at+1]) && !utf8.RuneStart(text[at+2]):
			at += 3
		default:
			return at
		}
	}
	return at
}

// plainASCII is the length of the ASCII in front of a text, up to a backslash. It takes eight bytes at once: most texts
// hold nothing else.
func plainASCII(text []byte) int {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; len(text)-at >= 8; at += 8 {
		eight := binary.LittleEndian.Uint64(text[at:])
		other := eight ^ '\\'*each // its bytes are zero where a backslash stands
		if found := (eight | (other-each)&^other) & highest; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(text) && text[at] < utf8.RuneSelf && text[at] != '\\' {
		at++
	}
	return at
}

// replacement stands for what is no text (Unicode Standard, section 5.22).
const replacement = "\ufffd"

// judge looks at the character or the escape in front of a text: how many bytes it has, and what is to stand there
// instead, "" if it may stay. Bytes that are not UTF-8 are one character together.
func judge(text []byte) (width int, instead string) {
	if text[0] == '\\' {
		return judgeEscape(text)
	}
	char, width := utf8.DecodeRune(text)
	switch char {
	case '\u0085':
		return width, `\u0085`
	case '\u2028':
		return width, `\u2028`
	case '\u2029':
		return width, `\u2029`
	case utf8.RuneError:
		if width > 1 { // it was sent as it is
			return width, ""
		}
		for width < len(text) && noText(text[width:]) {
			width++
		}
		return width, replacement
	default:
		return width, ""
	}
}

// noText says whether a text begins with a byte that is not UTF-8.
func noText(text []byte) bool {
	char, width := utf8.DecodeRune(text)
	return char == utf8.RuneError && width == 1
}

// escapeLength is the length of an escape like \u0041.
const escapeLength = 6

// judgeEscape replaces one half of a surrogate pair, as a text has it that was cut in the middle of a character. RFC 8259
// allows such escapes, but says that readers of JSON do not agree on them (section 8.2).
func judgeEscape(text []byte) (width int, instead string) {
	first := surrogate(text)
	switch {
	case first == 0:
		return min(len(`\n`), len(text)), "" // the digits of \u0041 are plain
	case utf16.DecodeRune(first, surrogate(text[escapeLength:])) == utf8.RuneError:
		return escapeLength, replacement
	default:
		return 2 * escapeLength, ""
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
