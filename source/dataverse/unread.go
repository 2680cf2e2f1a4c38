package dataverse

import (
	"errors"
	"io"
)

// unreadError is an error of a body that could not be read, and not of what it says.
type unreadError struct{ error }

func (e *unreadError) Unwrap() error { return e.error }

// marked marks the errors of a body, so that they are known when a decoder has wrapped them.
type marked struct{ io.Reader }

func (m marked) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &unreadError{err}
	}
	return n, err
}
