package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
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

// readInput reads a file that the caller names, without the byte order mark that editors on Windows write before a text
// (RFC 8259, section 8.1).
func readInput(path string) ([]byte, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the path is the caller's own argument
	return bytes.TrimPrefix(data, []byte("\ufeff")), err
}

// decode reads a JSON document. Its error is a predicate that describes the problem and its position without Go's types.
func decode(data []byte, target any) error {
	err := json.Unmarshal(data, target)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON: it is invalid or ends too early at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		found := strings.Fields(kind.Value)[0] // of "number 3.5", which quotes the value
		return fmt.Errorf("has %s %s where %s is expected%s", article(found), found, expected(kind.Type), at(kind.Field))
	default:
		return err
	}
}

func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "an array"
	case reflect.String:
		return "a string"
	default:
		return "another value"
	}
}

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "ao") {
		return "an"
	}
	return "a"
}

func at(field string) string {
	if field == "" {
		return ""
	}
	return ", at " + field
}
