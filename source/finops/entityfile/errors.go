package entityfile

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrNoFile is the error of an entity without a file in the package. Only the counts of the execution show whether that means
// zero rows.
var ErrNoFile = errors.New("the package has no file of the entity")

// DamagedError reports that a package is not what the service wrote: it is cut off, or a checksum differs.
type DamagedError struct {
	File  string // in the package; "": the package itself
	cause error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %v", fileOrPackage(e.File), e.cause)
}

func (e *DamagedError) Unwrap() error { return e.cause }

// RefusedError reports that a package is not read because of a bound or a name, which protect the machine that reads it.
type RefusedError struct {
	File   string // in the package; "": the package itself
	Reason string // what follows the name of the file: "unpacks to more than 5 bytes"
}

func (e *RefusedError) Error() string { return fileOrPackage(e.File) + " " + e.Reason }

// FormError reports that an entity file is in a form that cannot be read without losing data.
type FormError struct {
	File   string
	Row    int64  // the row at which that was found, from 1; 0: the file as a whole
	Reason string // a sentence without its end: "its first row names no column of the entity"
	Advice string // what to do, a sentence
}

func (e *FormError) Error() string {
	at := ""
	if e.Row > 0 {
		at = " at row " + strconv.FormatInt(e.Row, 10)
	}
	text := fmt.Sprintf("%s cannot be read%s: %s", fileOrPackage(e.File), at, e.Reason)
	if e.Advice != "" {
		text += ". " + e.Advice
	}
	return text
}

func fileOrPackage(name string) string {
	if name == "" {
		return "the package"
	}
	return "the file " + strconv.Quote(name) + " of the package"
}

// typed returns what reading a file returned as an error of this package. What a reader of the zip file returns is typed
// already, so any other error means that the text of the file is not well-formed.
func typed(file string, err error) error {
	var form *FormError
	var refused *RefusedError
	var damaged *DamagedError
	switch {
	case errors.As(err, &form):
		form.File = file
	case errors.As(err, &refused):
		refused.File = file
	case errors.As(err, &damaged):
		damaged.File = file
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &FormError{File: file, Reason: "it ends too early"}
	case errors.Is(err, errTooLong):
		return &RefusedError{file, "has a row or a value that is longer than fits in memory"}
	default:
		return &FormError{File: file, Reason: err.Error()}
	}
	return err
}
