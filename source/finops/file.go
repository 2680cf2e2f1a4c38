package finops

import (
	"errors"
	"os"
)

// File is a package on disk. It has no name any more, so that it takes no space once the process ends.
type File struct {
	file   *os.File
	folder string
	size   int64
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, at int64) (int, error) { return f.file.ReadAt(p, at) }

// WriteAt implements io.WriterAt. The error is a *StorageError.
func (f *File) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.file.WriteAt(p, at)
	if err != nil {
		return n, &StorageError{f.folder, withoutPath(err)}
	}
	return n, nil
}

// Size returns the number of bytes of a download.
func (f *File) Size() int64 { return f.size }

// Close frees the space.
func (f *File) Close() error { return f.file.Close() }

// StorageError reports that a package cannot be stored on this machine.
type StorageError struct {
	Folder string
	cause  error
}

func (e *StorageError) Error() string {
	return "store the package in " + e.Folder + ": " + e.cause.Error()
}

// Unwrap returns the error of the operating system.
func (e *StorageError) Unwrap() error { return e.cause }

// NewFile creates a file in a folder, "" that of os.TempDir, which only this user can read, and removes its name. The error is a
// *StorageError.
func NewFile(folder string) (*File, error) {
	if folder == "" {
		folder = os.TempDir()
	}
	file, err := os.CreateTemp(folder, "source-microsoft-dataverse-*.zip") // O_EXCL, 0600
	if err != nil {
		return nil, &StorageError{folder, withoutPath(err)}
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, &StorageError{folder, withoutPath(err)}
	}
	return &File{file: file, folder: folder}, nil
}

func withoutPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
