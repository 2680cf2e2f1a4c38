package progress

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// reportMode is the mode of a report's file: it holds no secret, and a person other than the connector's user reads it.
const reportMode = 0o644

// ReportFile is where a report is to be written.
type ReportFile struct {
	path   string // of the file itself, if the given path is a symbolic link
	asHTML bool
}

// ReportFileError is a report that could not be written. Its message is sentences for the user, which name the file.
type ReportFileError struct {
	path    string
	problem string
	cause   error
}

func (e *ReportFileError) Error() string {
	return fmt.Sprintf("The report %s cannot be written: %s. With --report, name a file in a folder that exists and in which files can be created.",
		e.path, e.problem)
}

// Unwrap returns the error of the file system, or nil.
func (e *ReportFileError) Unwrap() error { return e.cause }

// NewReportFile returns the file with a path, and makes sure that it can be created, before a sync begins whose report
// would be lost. The file is left as it is.
//
// The report is JSON, or a web page if the path ends in .html or .htm. The error is a *ReportFileError.
func NewReportFile(path string) (*ReportFile, error) {
	extension := strings.ToLower(filepath.Ext(path))
	f := &ReportFile{path: path, asHTML: extension == ".html" || extension == ".htm"}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		f.path = target
	}
	info, err := os.Stat(f.path)
	switch {
	case err == nil && info.IsDir():
		return nil, &ReportFileError{path: path, problem: "it is a folder"}
	case err == nil && !info.Mode().IsRegular(): // such as /dev/stdout, where the messages go
		return nil, &ReportFileError{path: path, problem: "it is not a regular file"}
	}
	temporary, err := f.create()
	if err == nil {
		err = errors.Join(temporary.Close(), os.Remove(temporary.Name()))
	}
	if err != nil {
		return nil, &ReportFileError{path: path, problem: reason(err), cause: err}
	}
	return f, nil
}

// reason returns the reason of the operating system, without the path of the temporary file.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// create creates an empty file next to the report's.
func (f *ReportFile) create() (*os.File, error) {
	return os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*")
}

// Write writes the report. The file has either its earlier content or the complete report, even if the process is killed.
func (f *ReportFile) Write(r *Report) error {
	temporary, err := f.create()
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	write := r.writeJSON
	if f.asHTML {
		write = r.WriteHTML
	}
	err = errors.Join(write(temporary), temporary.Chmod(reportMode), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}

func (r *Report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
