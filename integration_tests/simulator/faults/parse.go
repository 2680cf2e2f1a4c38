package faults

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseFaults reads faults, one a line. Empty lines and those that begin with # are passed over.
func ParseFaults(r io.Reader) ([]Fault, error) {
	var list []Fault
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		f, err := ParseFault(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		list = append(list, f)
	}
	return list, lines.Err()
}

// ParseFault reads a fault from words like those of a command line: the name of a kind, or none, and name=value for
// each field to set, such as
//
//	throttled-requests table=account page=2 retry-after=3
//	status=429 code=0x80072322 phase=delta probability=5% count=all
//
// A value with spaces stands in quotes, single or double. The names of kinds are those of FaultKinds, those of fields are in the
// package's README.
func ParseFault(text string) (Fault, error) {
	words, err := splitWords(text)
	if err != nil {
		return Fault{}, err
	}
	if len(words) == 0 {
		return Fault{}, errors.New("a fault without words")
	}
	var f Fault
	for i, word := range words {
		name, value, valued := strings.Cut(word, "=")
		set := faultFields()[name]
		switch {
		case valued && set != nil:
			if err := set(&f, value); err != nil {
				return Fault{}, fmt.Errorf("%s: %w", word, err)
			}
		case !valued && i == 0:
			if f, err = kindNamed(word); err != nil {
				return Fault{}, err
			}
		default:
			return Fault{}, fmt.Errorf("%q is no field of a fault", word)
		}
	}
	return f, nil
}

// splitWords cuts at spaces. A value in quotes, of either kind, may hold them and quotes of the other kind.
func splitWords(text string) ([]string, error) {
	var words []string
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" {
			return words, nil
		}
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		name, value, valued := strings.Cut(text, "=")
		if !valued || len(name) >= end || value == "" || value[0] != '"' && value[0] != '\'' {
			words, text = append(words, text[:end]), text[end:]
			continue
		}
		inside, behind, closed := strings.Cut(value[1:], value[:1])
		if !closed {
			return nil, fmt.Errorf("the quote of %s= is not closed", name)
		}
		words, text = append(words, name+"="+inside), behind
	}
}

func kindNamed(name string) (Fault, error) {
	for _, k := range FaultKinds() {
		if k.Name == name {
			return k.Fault, nil
		}
	}
	return Fault{}, fmt.Errorf("%q is no kind of fault", name)
}
