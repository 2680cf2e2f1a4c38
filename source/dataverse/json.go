package dataverse

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// newDecoder returns a decoder of the JSON of a response. It does not check for repeated names, which would store every
// name of every row. Texts may hold half a surrogate pair or bytes that are not UTF-8, left by old imports: code that
// passes on a text replaces them.
func newDecoder(body io.Reader) *jsontext.Decoder { return jsontext.NewDecoder(body, decoding()) }

func decoding() jsontext.Options {
	return gojson.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// eachMember reads an object, calling member after each name to read its value. The name is valid until then.
func eachMember(d *jsontext.Decoder, member func(name []byte) error) error {
	if err := open(d, '{'); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		quoted, err := d.ReadValue()
		if err != nil {
			return broken(err)
		}
		if err := member(unquote(quoted)); err != nil {
			return broken(err)
		}
	}
	_, err := d.ReadToken()
	return broken(err)
}

// unquote returns the text of a valid JSON string. It is a part of the string if there is nothing to decode.
func unquote(quoted jsontext.Value) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // reports invalid UTF-8 alone, and replaces it
	return text
}

// eachElement reads an array, calling element to read each of its values.
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
		return &BrokenResponseError{Reason: fmt.Sprintf("it has a %v where a %v belongs", token.Kind(), kind)}
	}
	return nil
}

// readString reads a string or null.
func readString(d *jsontext.Decoder, into *string) error {
	value, err := d.ReadValue()
	if err != nil {
		return broken(err)
	}
	var fits bool
	if *into, fits = textOf(value); !fits {
		return misshapen(d.StackPointer())
	}
	return nil
}

// readBool reads true, false or null.
func readBool(d *jsontext.Decoder, into *bool) error {
	value, err := d.ReadValue()
	if err != nil {
		return broken(err)
	}
	var fits bool
	if *into, fits = boolOf(value); !fits {
		return misshapen(d.StackPointer())
	}
	return nil
}

// textOf returns the text of a string, empty for null, and whether the value is one of the two.
func textOf(value jsontext.Value) (text string, fits bool) {
	switch value.Kind() {
	case '"':
		return string(unquote(value)), true
	default:
		return "", value.Kind() == 'n'
	}
}

// boolOf returns true for true, false for false and null, and whether the value is one of the three.
func boolOf(value jsontext.Value) (is, fits bool) {
	kind := value.Kind()
	return kind == 't', kind == 't' || kind == 'f' || kind == 'n'
}

// decode reads one value into a struct. A value that does not fit is a broken response, like broken JSON.
func decode(d *jsontext.Decoder, into any) error { return misfit(gojson.UnmarshalDecode(d, into)) }

// decodeValue decodes a value that has already been read, and reports whether it fits.
func decodeValue(value jsontext.Value, into any) (fits bool) {
	return gojson.Unmarshal(value, into, decoding()) == nil
}

func misfit(err error) error {
	var semantic *gojson.SemanticError
	if errors.As(err, &semantic) {
		return misshapen(semantic.JSONPointer)
	}
	return err
}

func misshapen(at jsontext.Pointer) error {
	return &BrokenResponseError{Reason: fmt.Sprintf("it is not of the documented shape at %q", at)}
}

// drain reads to the end of the response, so that a cut-off body or a wrong checksum is noticed.
func drain(d *jsontext.Decoder) error {
	_, err := d.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return &BrokenResponseError{Reason: "it continues after its end"}
	default:
		return broken(err)
	}
}

// broken turns an error of the JSON syntax or of the body into a *BrokenResponseError. Errors that are already typed
// remain as they are.
func broken(err error) error {
	var already *BrokenResponseError
	if err == nil || errors.As(err, &already) || errors.Is(err, ErrSink) {
		return err
	}
	var unread *bodyReadError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &unread): // within objects and arrays jsontext reports it as a syntax error
		return notReadToItsEnd(unread.cause)
	case !errors.As(err, &syntax):
		return notReadToItsEnd(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		cut := &BrokenResponseError{cause: io.ErrUnexpectedEOF, cut: true, passing: true}
		return cut.tellPlace("its JSON ends early, at byte %d", syntax.ByteOffset)
	default: // the decoder's own text would quote the response, which may hold row data
		return new(BrokenResponseError).tellPlace("its JSON is not valid at byte %d", syntax.ByteOffset)
	}
}
