package faults

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseAll reads faults, one a line. Empty lines and those that begin with # are ignored.
func ParseAll(r io.Reader) ([]Fault, error) {
	var list []Fault
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		f, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		list = append(list, f)
	}
	return list, lines.Err()
}

// Parse reads a fault from words like those of a command line: the name of a kind, or none, and name=value for each
// field to set, such as
//
//	throttled-requests table=account page=2 retry-after=3
//	status=429 code=0x80072322 phase=changes probability=5% count=all
//
// A value with spaces stands in quotes, single or double. The names of kinds are those of Kinds; the fields are listed
// in the simulator's README.
func Parse(text string) (Fault, error) {
	d := draft{match: map[string]Matcher{}}
	if err := d.read(text); err != nil {
		return Fault{}, err
	}
	return d.fault(), nil
}

// read sets what the text says.
func (d *draft) read(text string) error {
	words, err := splitWords(text)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return errors.New("a fault without words")
	}
	known := fields()
	for i, word := range words {
		name, value, valued := strings.Cut(word, "=")
		set := known[name]
		switch {
		case valued && set != nil:
			if err := set(d, value); err != nil {
				return fmt.Errorf("%s: %w", word, err)
			}
		case !valued && i == 0:
			if err := d.readKind(word); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is not a field of a fault", word)
		}
	}
	return nil
}

func (d *draft) readKind(name string) error {
	for _, k := range Kinds() {
		if k.Name == name {
			return d.read(k.Fields)
		}
	}
	return fmt.Errorf("%q is not a kind of fault", name)
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
