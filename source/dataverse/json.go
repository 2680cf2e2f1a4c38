package dataverse

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// newDecoder reads the JSON of an answer. The default check for repeated names would remember every name of every row.
// Texts may hold half a surrogate pair or bytes that are not UTF-8, as old imports have left them: whoever passes
// a text on mends it.
func newDecoder(body io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// eachMember reads an object, calling member after each name to read its value.
func eachMember(d *jsontext.Decoder, member func(name string) error) error {
	if err := open(d, '{'); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return broken(err)
		}
		if err := member(name.String()); err != nil {
			return broken(err)
		}
	}
	_, err := d.ReadToken()
	return broken(err)
}

// eachElement reads an array, calling element in front of each of its values to read it.
func eachElement(d *jsontext.Decoder, element func() error) error {
	if err := open(d, '['); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if d.PeekKind() == jsontext.KindInvalid {
			_, err := d.ReadToken()
			return broken(err)
		}
		if err := element(); err != nil {
			return broken(err)
		}
	}
	_, err := d.ReadToken()
	return broken(err)
}

func open(d *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := d.ReadToken()
	if err != nil {
		return broken(err)
	}
	if token.Kind() != kind {
		return &BrokenAnswerError{Reason: fmt.Sprintf("it has a %v where a %v belongs", token.Kind(), kind)}
	}
	return nil
}

// readString reads a string or null.
func readString(d *jsontext.Decoder, into *string) error {
	token, err := d.ReadToken()
	if err != nil {
		return broken(err)
	}
	switch token.Kind() {
	case '"':
		*into = token.String()
	case 'n':
		*into = ""
	default:
		return &BrokenAnswerError{Reason: fmt.Sprintf("it has a %v where a string belongs", token.Kind())}
	}
	return nil
}

// drain reads to the end of the answer, so that a cut body or a wrong checksum is noticed.
func drain(d *jsontext.Decoder) error {
	_, err := d.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return &BrokenAnswerError{Reason: "it goes on after its end"}
	default:
		return broken(err)
	}
}

// broken turns an error of the JSON syntax or of the body into a *BrokenAnswerError. Errors that are typed already
// stay as they are.
func broken(err error) error {
	var already *BrokenAnswerError
	if err == nil || errors.As(err, &already) || errors.Is(err, ErrRow) {
		return err
	}
	var syntax *jsontext.SyntacticError
	switch {
	case !errors.As(err, &syntax):
		return &BrokenAnswerError{Reason: "it could not be read to its end", cause: err, cut: true, passing: true}
	case errors.Is(err, io.ErrUnexpectedEOF):
		reason := fmt.Sprintf("its JSON ends early, at byte %d", syntax.ByteOffset)
		return &BrokenAnswerError{Reason: reason, cause: io.ErrUnexpectedEOF, cut: true, passing: true}
	default: // the decoder's own text would quote what stands there, which may be a row's
		return &BrokenAnswerError{Reason: fmt.Sprintf("its JSON is not valid at byte %d", syntax.ByteOffset)}
	}
}
