package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Decode reads a JSON document. Its error is a predicate without a period at its end: what is wrong, where, and what to do.
// It quotes nothing of the document but punctuation, and has no Go types.
func Decode(data []byte, target any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New("is empty")
	}
	err := json.Unmarshal(data, target)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at, problem := diagnose(data, syntax)
		return fmt.Errorf("is not valid JSON. %s: %s", positionOf(data, at), problem)
	case errors.As(err, &kind):
		found := strings.Fields(kind.Value)[0] // of "number 3.5", which quotes the value
		return fmt.Errorf("has %s %s where %s is expected%s", article(found), found, expected(kind.Type), where(kind.Field))
	case err != nil:
		return err
	case !utf8.Valid(data):
		return fmt.Errorf("is not UTF-8 text. %s: a byte belongs to no character. Save the file as UTF-8", positionOf(data, invalidByte(data)))
	default:
		return nil
	}
}

// positionOf returns a position in a text for a person: its line and its column, counted in characters from 1.
func positionOf(data []byte, at int) string {
	before := data[:at]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("Line %d, column %d", line, column)
}

// invalidByte returns the index of the first byte that is not UTF-8.
func invalidByte(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// diagnose returns where a text stops being JSON, and why: what people write by mistake first.
func diagnose(data []byte, err *json.SyntaxError) (at int, problem string) {
	at = int(err.Offset) - 1
	if strings.Contains(err.Error(), "unexpected end") {
		return len(data), unclosed(data)
	}
	before := bytes.TrimRight(data[:at], " \t\r\n")
	comma := bytes.HasSuffix(before, []byte{','})
	rest, c := data[at:], data[at]
	switch {
	case comma && (c == '}' || c == ']'):
		return len(before) - 1, fmt.Sprintf("a comma precedes the closing %c. Remove the comma", c)
	case comma && c == ',':
		return at, "a second comma follows a comma. Remove one"
	case strings.Contains(err.Error(), "in string escape"):
		return at, `a backslash in a text begins no escape sequence. Write each backslash twice: \\`
	case strings.Contains(err.Error(), "in string literal"):
		return at, `a text contains a line break or another control character. Close the text with ", or write the line break as \n`
	case c == '/' || c == '#':
		return at, "a comment begins here, but JSON has no comments. Remove it"
	case c == '\'':
		return at, `a text is in single quotation marks. Use "`
	case hasAny(rest, "“", "”", "„", "‘", "’", "«", "»"):
		return at, `a text is in typographic quotation marks. Use "`
	case hasAny(rest, "True", "False", "None", "NaN", "undefined"):
		return at, "a value is not one of JSON's. Write true, false, or null"
	case strings.Contains(err.Error(), "after top-level value"):
		return at, "more text follows the end of the JSON value. Keep one value in the file"
	case c == '}' || c == ']':
		return at, fmt.Sprintf("an unexpected %c. Check that each bracket has its counterpart", c)
	case strings.Contains(err.Error(), "key:value pair"), strings.Contains(err.Error(), "array element"):
		return at, "a comma is missing here. Add it"
	case strings.Contains(err.Error(), "after object key"):
		return at, "a colon is missing between a name and its value. Add it"
	case strings.Contains(err.Error(), "object key string") && isLetter(c):
		return at, `a name has no quotation marks. Put it in "`
	case len(before) == 0:
		return at, "the file does not begin with {. Check that it is the right file"
	default:
		return at, "an unexpected character. Correct the file"
	}
}

// unclosed describes a text that ends within a value.
func unclosed(data []byte) string {
	var open []byte // the closing brackets that are missing, the last one first
	inText := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{':
			open = append(open, '}')
		case c == '[':
			open = append(open, ']')
		case (c == '}' || c == ']') && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	slices.Reverse(open)
	switch {
	case inText:
		return `the file ends within a text, so a closing " is missing. Complete the file`
	case len(open) > 0:
		return fmt.Sprintf("the file ends too early: %s is missing. Complete the file", open)
	default:
		return "the file ends too early. Complete the file"
	}
}

func hasAny(data []byte, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) })
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }

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

func where(field string) string {
	if field == "" {
		return ""
	}
	return ", at " + field
}

// MemberPosition returns the line and the column of a member's name in the object that a text has, as in "line 2, column
// 3"; "" if there is none.
func MemberPosition(data []byte, name string) string {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		if token == name {
			end := int(decoder.InputOffset()) - len(`"`)
			begin := bytes.LastIndexByte(data[:end], '"')
			return strings.ToLower(positionOf(data, max(begin, 0)))
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return ""
		}
	}
	return ""
}
