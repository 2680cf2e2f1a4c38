package entityfile

import (
	"bytes"
	"errors"
	"fmt"
)

func (x *xmlScanner) startTag() (xmlKind, bool, error) {
	tag, err := x.tag()
	if err != nil {
		return 0, false, err
	}
	x.text.at += len(tag)
	inside := tag[len("<") : len(tag)-len(">")]
	if x.empty = bytes.HasSuffix(inside, []byte("/")); x.empty {
		inside = inside[:len(inside)-1]
	}
	name, rest := cutName(inside)
	switch {
	case len(name) == 0:
		return 0, false, errors.New("it has an element without a name")
	case len(name) > maxName:
		return 0, false, &RefusedError{Reason: fmt.Sprintf("has an element with a name of more than %d bytes", maxName)}
	case x.depth() == 0 && x.rooted:
		return 0, false, errors.New("it has more than one root element")
	case x.depth() == maxDepth:
		return 0, false, &RefusedError{Reason: fmt.Sprintf("nests elements more than %d deep", maxDepth)}
	}
	x.rooted = true
	x.open = append(x.open, name...)
	x.ends = append(x.ends, len(x.open))
	x.name = withoutPrefix(name)
	return xmlStart, true, x.readAttributes(rest)
}

// tag returns a start tag. A ">" in the value of an attribute does not end it.
func (x *xmlScanner) tag() ([]byte, error) {
	quote := byte(0)
	for i := 1; ; {
		rest := x.text.rest()
		for ; i < len(rest); i++ {
			switch c := rest[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				return rest[:i+1], nil
			case c == '<':
				return nil, errors.New(`it has a "<" in a tag`)
			}
		}
		if err := x.text.fill(); err != nil {
			return nil, unfinished(err)
		}
	}
}

func (x *xmlScanner) readAttributes(rest []byte) error {
	x.attributes, x.scratch = x.attributes[:0], x.scratch[:0]
	for {
		rest = afterSpace(rest)
		if len(rest) == 0 {
			return nil
		}
		var name []byte
		name, rest = cutName(rest)
		rest = afterSpace(rest)
		if len(name) == 0 || len(rest) == 0 || rest[0] != '=' {
			return errors.New("it has an attribute without a value")
		}
		rest = afterSpace(rest[1:])
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return errors.New("it has an attribute whose value is not in quotation marks")
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return errors.New("it has an attribute whose value does not end")
		}
		value, err := x.unescape(rest[1 : 1+end])
		if err != nil {
			return err
		}
		if len(x.attributes) == maxAttributes {
			return &RefusedError{Reason: fmt.Sprintf("has an element with more than %d attributes", maxAttributes)}
		}
		if len(name) > maxName {
			return &RefusedError{Reason: fmt.Sprintf("has an attribute with a name of more than %d bytes", maxName)}
		}
		x.attributes = append(x.attributes, xmlAttribute{name, value})
		rest = rest[1+end+1:]
	}
}

// afterSpace returns a text from its first character that is not white space on.
func afterSpace(text []byte) []byte {
	for i, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return text[i:]
		}
	}
	return nil
}

// cutName returns the name at the beginning of a text, and what follows it.
func cutName(text []byte) (name, rest []byte) {
	for i, c := range text {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '=' || c == '/' || c == '"' || c == '\'' || c == '&' {
			return text[:i], text[i:]
		}
	}
	return text, nil
}

func withoutPrefix(name []byte) []byte {
	if i := bytes.LastIndexByte(name, ':'); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

// shown returns a text from a file as a message may have it.
func shown(text []byte) string {
	const most = 60
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
