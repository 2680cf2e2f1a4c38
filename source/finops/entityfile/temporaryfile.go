package entityfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// temporaryFile is a file that only this process can read, and that is gone when the process ends, however it ends.
type temporaryFile struct {
	file *os.File
	left string // its path, if it could not be removed while it is open
}

// temporaryFileError reports that a temporary file could not be created or written.
type temporaryFileError struct{ cause error }

func (e *temporaryFileError) Error() string {
	return fmt.Sprintf("unpack a workbook into a temporary file: %v", e.cause)
}

func (e *temporaryFileError) Unwrap() error { return e.cause }

// newTemporaryFile creates a file with mode 0600 that did not exist before, and removes its name.
func newTemporaryFile(dir string) (*temporaryFile, error) {
	file, err := os.CreateTemp(dir, "source-microsoft-dataverse-")
	if err != nil {
		return nil, &temporaryFileError{err}
	}
	t := &temporaryFile{file: file}
	if os.Remove(file.Name()) != nil { // Windows removes no open file
		t.left = file.Name()
	}
	return t, nil
}

// fill writes all of r into the file, until the context ends.
func (t *temporaryFile) fill(ctx context.Context, r io.Reader) (int64, error) {
	block := make([]byte, 128<<10)
	size := int64(0)
	for ctx.Err() == nil {
		n, err := r.Read(block)
		if n > 0 {
			if _, err := t.file.Write(block[:n]); err != nil {
				return size, &temporaryFileError{err}
			}
			size += int64(n)
		}
		switch {
		case err == io.EOF: //nolint:errorlint // readers return it as it is
			return size, nil
		case err != nil:
			return size, err
		}
	}
	return size, ctx.Err()
}

func (t *temporaryFile) Close() error {
	err := t.file.Close()
	if t.left != "" {
		err = errors.Join(err, os.Remove(t.left))
	}
	return err
}
