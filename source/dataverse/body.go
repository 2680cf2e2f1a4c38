package dataverse

import (
	"bytes"
	"errors"
	"io"
)

// limitedReader fails with a *ResponseTooLargeError after more than most bytes.
type limitedReader struct {
	from io.Reader
	left int64
	most int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := l.from.Read(p[:min(int64(len(p)), l.left+1)]) // one byte more than allowed shows that the body is too long
	if l.left -= int64(n); l.left < 0 {
		return n - 1, &ResponseTooLargeError{l.most}
	}
	return n, err
}

// bomSkipper drops a UTF-8 byte order mark in front of a body. JSON must not have one, and parsers may ignore it
// (RFC 8259, 8.1); some proxies and services put it there.
type bomSkipper struct {
	from   io.Reader
	looked bool
	head   []byte // of the body, if it is not a mark
}

func (b *bomSkipper) Read(p []byte) (int, error) {
	if !b.looked {
		b.looked = true
		mark := make([]byte, len("\ufeff"))
		n, err := io.ReadFull(b.from, mark)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		if b.head = mark[:n]; bytes.Equal(b.head, []byte("\ufeff")) {
			b.head = nil
		}
	}
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	return b.from.Read(p)
}

// bodyReadError is an error of reading a body, as opposed to one of its content.
type bodyReadError struct{ cause error }

func (e *bodyReadError) Error() string { return e.cause.Error() }

func (e *bodyReadError) Unwrap() error { return e.cause }

// markedBody marks the errors of reading a body, so that they can be recognized after a decoder has wrapped them.
type markedBody struct{ from io.Reader }

func (m markedBody) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &bodyReadError{err}
	}
	return n, err
}
