package record

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/jsonscan"
)

// appendOnOneLine appends a JSON string, object or array so that it stays on one line and is valid text:
//
//   - U+0085, U+2028 and U+2029, at which some readers of lines break a line, Python's str.splitlines among them, become
//     escapes;
//   - line feeds between tokens are removed;
//   - invalid text becomes U+FFFD, and so does U+0000, which PostgreSQL accepts in no text (its documentation,
//     "Character Types").
func appendOnOneLine(dst, value []byte) []byte {
	if value[0] != '"' && bytes.ContainsAny(value, "\n\r") {
		compact := jsontext.Value(bytes.Clone(value))
		if compact.Compact() == nil {
			value = compact
		}
	}
	from := 0 // everything before it is appended
	for at := unchanged(value); at < len(value); {
		width, replacement := replacementFor(value[at:])
		if replacement != "" {
			dst = append(dst, value[from:at]...)
			dst = append(dst, replacement...)
			from = at + width
		}
		at += width
		at += unchanged(value[at:])
	}
	return append(dst, value[from:]...)
}

// unchanged returns how many bytes at the beginning of a text certainly stay as they are. It recognizes a character of
// two or three bytes by its first byte, unless that could begin U+0085, U+2028, U+2029, or half a surrogate pair.
func unchanged(text []byte) int {
	at := 0
	for at < len(text) {
		switch first := text[at]; {
		case first == '\\' && len(text)-at > 1 && text[at+1] != 'u':
			at += len(`\n`)
		case first < utf8.RuneSelf && first != '\\':
			at++
			at += jsonscan.UnescapedASCII(text[at:])
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

// replacementCharacter replaces invalid text (Unicode Standard, section 5.22).
const replacementCharacter = "\ufffd"

// replacementFor returns the length of the character or escape at the beginning of a text, and its replacement, "" if
// it stays. Bytes that are not UTF-8 count as one character together.
func replacementFor(text []byte) (width int, replacement string) {
	if text[0] == '\\' {
		return replacementForEscape(text)
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
		if width > 1 { // U+FFFD itself was sent
			return width, ""
		}
		for width < len(text) && isInvalid(text[width:]) {
			width++
		}
		return width, replacementCharacter
	default:
		return width, ""
	}
}

// isInvalid reports whether a text begins with a byte that is not UTF-8.
func isInvalid(text []byte) bool {
	char, width := utf8.DecodeRune(text)
	return char == utf8.RuneError && width == 1
}

// replacementForEscape does the same for an escape. Half a surrogate pair, which remains of a text that was cut within
// a character, is replaced: RFC 8259 allows such escapes, but warns that readers of JSON do not agree on them (section
// 8.2).
func replacementForEscape(text []byte) (width int, replacement string) {
	char, width := escapedChar(text)
	switch {
	case width == 0:
		return min(len(`\n`), len(text)), ""
	case char == 0:
		return width, replacementCharacter
	case !utf16.IsSurrogate(char):
		return width, ""
	}
	second, _ := escapedChar(text[width:])
	if utf16.DecodeRune(char, second) == utf8.RuneError {
		return width, replacementCharacter
	}
	return 2 * width, ""
}

// escapedChar returns the UTF-16 code unit of an escape like \u0041 at the beginning of a text, and the escape's
// length, 0 if there is no such escape.
func escapedChar(text []byte) (char rune, width int) {
	width = len(`\u0041`)
	if len(text) < width || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	unit, err := strconv.ParseUint(string(text[len(`\u`):width]), 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(unit), width
}
