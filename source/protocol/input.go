package protocol

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// InputError is a file of the caller that cannot be used. Its message is sentences for the user, which name the file.
type InputError struct {
	Message string
	cause   error
}

func (e *InputError) Error() string { return e.Message }

// Unwrap returns the error of opening or reading the file, or nil.
func (e *InputError) Unwrap() error { return e.cause }

func invalidInput(format string, args ...any) *InputError {
	return &InputError{Message: fmt.Sprintf(format, args...)}
}

// ReadInput reads a text file that the caller names and returns it in UTF-8 without a byte order mark: editors on Windows
// write one before a text, and PowerShell redirects output in UTF-16. The error does not name the file.
func ReadInput(path string) ([]byte, error) {
	file, err := openInput(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(file)
	return data, withoutPath(err)
}

// openInput opens a text file, whose content arrives as ReadInput returns it.
func openInput(path string) (io.ReadCloser, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the caller's own argument
	if err != nil {
		return nil, withoutPath(err)
	}
	return textFile{Reader: newTextReader(file), file: file}, nil
}

// textFile is an open file as UTF-8.
type textFile struct {
	io.Reader
	file *os.File
}

func (t textFile) Close() error { return t.file.Close() }

// withoutPath returns the cause of an error of a file: the messages name the file themselves.
func withoutPath(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
