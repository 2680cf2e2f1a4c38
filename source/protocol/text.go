package protocol

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// newTextReader returns the text of a file in UTF-8. A byte order mark at its beginning, which is dropped, shows the
// encoding: UTF-8 or UTF-16. Without one the first character, which is ASCII in JSON, has a zero byte on one side in UTF-16
// (RFC 4627, section 3).
func newTextReader(file io.Reader) io.Reader {
	in := bufio.NewReader(file)
	start, _ := in.Peek(3) // its error comes again with the next read
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3)
		return in
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}):
		_, _ = in.Discard(2)
		return &utf16Reader{in: in, order: binary.LittleEndian}
	case bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		_, _ = in.Discard(2)
		return &utf16Reader{in: in, order: binary.BigEndian}
	case len(start) > 1 && start[0] != 0 && start[1] == 0:
		return &utf16Reader{in: in, order: binary.LittleEndian}
	case len(start) > 1 && start[0] == 0 && start[1] != 0:
		return &utf16Reader{in: in, order: binary.BigEndian}
	default:
		return in
	}
}

// utf16Reader reads UTF-16 as UTF-8. What is not a character becomes U+FFFD.
type utf16Reader struct {
	in    *bufio.Reader
	order binary.ByteOrder
	text  []byte // read and not yet returned
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	var err error
	for err == nil && len(r.text) < len(p) {
		var character rune
		if character, err = r.character(); err == nil {
			r.text = utf8.AppendRune(r.text, character)
		}
	}
	n := copy(p, r.text)
	r.text = r.text[:copy(r.text, r.text[n:])]
	if n > 0 {
		err = nil // the next read has it again
	}
	return n, err
}

// character reads one character, which takes two units if it is a surrogate pair.
func (r *utf16Reader) character() (rune, error) {
	first, err := r.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	next, err := r.in.Peek(2)
	if err != nil {
		return utf8.RuneError, nil //nolint:nilerr // the next read has the error again
	}
	pair := utf16.DecodeRune(first, rune(r.order.Uint16(next)))
	if pair != utf8.RuneError {
		_, _ = r.in.Discard(2)
	}
	return pair, nil
}

func (r *utf16Reader) unit() (rune, error) {
	var unit [2]byte
	if _, err := io.ReadFull(r.in, unit[:]); err != nil {
		return 0, err
	}
	return rune(r.order.Uint16(unit[:])), nil
}
