package entityfile

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// instruction skips a processing instruction. The XML declaration may name the encoding: the text is decoded by its byte
// order mark, so only what that can be is accepted.
func (x *xmlScanner) instruction() (xmlKind, bool, error) {
	token, err := x.until(len("<?"), "?>")
	if err != nil {
		return 0, false, err
	}
	if bytes.HasPrefix(token, []byte("<?xml ")) {
		if name := declaredEncoding(token); !supported(name) {
			return 0, false, &FormError{
				Reason: fmt.Sprintf("it is encoded as %q", name),
				Advice: "Select a source data format with the code page Unicode or UTF-8 in its data project.",
			}
		}
	}
	x.text.at += len(token)
	return 0, false, nil
}

// declaredEncoding returns the encoding that an XML declaration names, "" if it names none.
func declaredEncoding(declaration []byte) string {
	_, after, found := bytes.Cut(declaration, []byte("encoding"))
	after = bytes.TrimLeft(after, " \t\r\n=")
	if !found || len(after) == 0 {
		return ""
	}
	quote := after[0]
	name, _, _ := bytes.Cut(after[1:], []byte{quote})
	return string(name)
}

func supported(encoding string) bool {
	for _, name := range []string{"", "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "unicode", "us-ascii"} {
		if len(name) == len(encoding) && bytes.EqualFold([]byte(name), []byte(encoding)) {
			return true
		}
	}
	return false
}

// lineEnds returns a text in which each line ends with a line feed, as XML requires (section 2.11).
func (x *xmlScanner) lineEnds(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	from := len(x.scratch)
	for i, c := range text {
		if c != '\r' {
			x.scratch = append(x.scratch, c)
		} else if i+1 == len(text) || text[i+1] != '\n' {
			x.scratch = append(x.scratch, '\n')
		}
	}
	return x.scratch[from:]
}

// unescape returns a text with its references replaced, in scratch if there are any.
func (x *xmlScanner) unescape(text []byte) ([]byte, error) {
	if bytes.IndexByte(text, '&') < 0 {
		return x.lineEnds(text), nil
	}
	from := len(x.scratch)
	for {
		before, after, found := bytes.Cut(text, []byte{'&'})
		if bytes.IndexByte(before, '\r') < 0 {
			x.scratch = append(x.scratch, before...)
		} else {
			x.lineEnds(before)
		}
		if !found {
			return x.scratch[from:], nil
		}
		reference, rest, ended := bytes.Cut(after, []byte{';'})
		char, known := referenced(reference)
		if !ended || !known {
			return nil, fmt.Errorf("it has an unknown reference %q", shown(reference))
		}
		x.scratch = utf8.AppendRune(x.scratch, char)
		text = rest
	}
}

// referenced returns the character of a reference. References to control characters are those of data, and accepted.
func referenced(name []byte) (char rune, known bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	const longest = len("#x10FFFF")
	if len(name) < 2 || len(name) > longest || name[0] != '#' {
		return 0, false
	}
	digits, base := string(name[1:]), 10
	if name[1] == 'x' {
		digits, base = string(name[2:]), 16
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if err != nil || code > utf8.MaxRune {
		return 0, false
	}
	return rune(code), true
}
