package entityfile

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// encodingOf is how the text of a file is encoded, by its first bytes.
type encodingOf int

const (
	utf8Encoding encodingOf = iota
	utf16LittleEndian
	utf16BigEndian
)

// sniffed is how many bytes are examined to find out what a file is.
const sniffed = 4

// detectEncoding returns the encoding of a text that begins with the given bytes, and the length of its byte order mark. A
// text without a mark is UTF-16 only if its first character shows it: both XML and the header of a delimited file begin with
// an ASCII character (Extensible Markup Language 1.0, appendix F).
func detectEncoding(first []byte) (encoding encodingOf, mark int) {
	switch {
	case bytes.HasPrefix(first, []byte{0xEF, 0xBB, 0xBF}):
		return utf8Encoding, 3
	case bytes.HasPrefix(first, []byte{0xFF, 0xFE}):
		return utf16LittleEndian, 2
	case bytes.HasPrefix(first, []byte{0xFE, 0xFF}):
		return utf16BigEndian, 2
	case len(first) >= 2 && first[0] != 0 && first[1] == 0:
		return utf16LittleEndian, 0
	case len(first) >= 2 && first[0] == 0 && first[1] != 0:
		return utf16BigEndian, 0
	default:
		return utf8Encoding, 0
	}
}

// decoded returns a text as UTF-8, without its byte order mark. Bytes of a file in UTF-8 pass as they are, even if they are
// not valid.
func decoded(r io.Reader) (io.Reader, error) {
	first := make([]byte, sniffed)
	n, err := io.ReadFull(r, first)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF { //nolint:errorlint // ReadFull returns them as they are
		return nil, err
	}
	encoding, mark := detectEncoding(first[:n])
	rest := io.MultiReader(bytes.NewReader(first[mark:n]), r)
	if encoding == utf8Encoding {
		return rest, nil
	}
	return bufio.NewReader(&utf16Reader{from: rest, bigEndian: encoding == utf16BigEndian}), nil
}

// utf16Reader turns UTF-16 into UTF-8. Half a surrogate pair becomes U+FFFD.
type utf16Reader struct {
	from      io.Reader
	bigEndian bool
	raw       [8 << 10]byte
	at, end   int // what is left in raw
	high      rune
	err       error
}

// maxPerUnit is the most bytes of UTF-8 that one unit adds: U+FFFD for a high surrogate before it, and a character.
const maxPerUnit = 2 * 3

func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(p) < maxPerUnit {
		return 0, io.ErrShortBuffer
	}
	written := 0
	for written == 0 {
		if u.end-u.at < 2 {
			if u.err != nil {
				return u.finish(p)
			}
			u.fill()
			continue
		}
		for u.end-u.at >= 2 && len(p)-written >= maxPerUnit {
			written += u.put(p[written:], u.unit())
		}
	}
	return written, nil
}

// unit returns the next code unit.
func (u *utf16Reader) unit() rune {
	first, second := rune(u.raw[u.at]), rune(u.raw[u.at+1])
	u.at += 2
	if u.bigEndian {
		return first<<8 | second
	}
	return second<<8 | first
}

// put writes the character that a code unit completes.
func (u *utf16Reader) put(p []byte, unit rune) int {
	n := 0
	if u.high != 0 {
		pair := utf16.DecodeRune(u.high, unit)
		u.high = 0
		n = utf8.EncodeRune(p, pair)
		if pair != utf8.RuneError {
			return n
		}
	}
	if 0xD800 <= unit && unit < 0xDC00 {
		u.high = unit
		return n
	}
	return n + utf8.EncodeRune(p[n:], unit)
}

func (u *utf16Reader) fill() {
	u.end = copy(u.raw[:], u.raw[u.at:u.end])
	u.at = 0
	var n int
	n, u.err = u.from.Read(u.raw[u.end:])
	u.end += n
}

// finish returns what is left at the end of the text: nothing, or an error if it ends within a character.
func (u *utf16Reader) finish(p []byte) (int, error) {
	switch {
	case u.err == io.EOF && u.end > u.at: //nolint:errorlint // readers return it as it is
		return 0, io.ErrUnexpectedEOF
	case u.high != 0:
		u.high = 0
		return utf8.EncodeRune(p, utf8.RuneError), nil
	default:
		return 0, u.err
	}
}
