package entityfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// xmlKind is what an xmlScanner found.
type xmlKind int

const (
	xmlStart xmlKind = iota // a start tag; that of an empty element is followed by an xmlEnd
	xmlEnd
	xmlText
)

// maxDepth is how deeply elements may be nested. A manifest has six levels, a sheet eight.
const maxDepth = 64

// maxName is the length of the longest name of an element or an attribute, in bytes. Names are kept as long as they are open, and
// those of columns as long as the file is.
const maxName = 1 << 10

// maxAttributes is how many attributes an element may have: a sheet has up to 16,384 columns.
const maxAttributes = 20_000

// xmlScanner reads the elements and texts of an XML document in UTF-8. It allocates nothing per token. It requires that tags
// match and that there is one root, and accepts more than XML allows where that loses nothing: control characters, which
// data contains, and names of any characters. It refuses document types, whose entities could expand to any size.
type xmlScanner struct {
	text window

	// What the current token is; valid until the next.
	name       []byte // of an element, without its prefix
	attributes []xmlAttribute
	value      []byte // of a text

	scratch []byte // attribute values and texts with references
	open    []byte // the names of the open elements, one after the other
	ends    []int  // where each of them ends in open
	empty   bool   // the current start tag is that of an empty element
	rooted  bool   // the root has begun
}

// xmlAttribute is an attribute of a start tag. Its name has its prefix.
type xmlAttribute struct{ name, value []byte }

func newXMLScanner(r io.Reader, most int) (*xmlScanner, error) {
	text, err := decoded(r)
	if err != nil {
		return nil, err
	}
	return &xmlScanner{text: newWindow(text, most)}, nil
}

// depth returns how many elements are open. That of a start tag is, that of an end tag no longer is.
func (x *xmlScanner) depth() int { return len(x.ends) }

// next reads up to the next token. It returns io.EOF at the end of a complete document.
func (x *xmlScanner) next() (xmlKind, error) {
	if x.empty {
		x.empty = false
		x.pop()
		return xmlEnd, nil
	}
	for {
		first, err := x.peek()
		switch {
		case err == io.EOF && x.rooted && x.depth() == 0: //nolint:errorlint // fill returns it as it is
			return 0, io.EOF
		case err == io.EOF: //nolint:errorlint // fill returns it as it is
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		}
		var kind xmlKind
		var found bool
		if first == '<' {
			kind, found, err = x.markup()
		} else {
			kind, found, err = x.characters()
		}
		if found || err != nil {
			return kind, err
		}
	}
}

func (x *xmlScanner) peek() (byte, error) {
	for len(x.text.rest()) == 0 {
		if err := x.text.fill(); err != nil {
			return 0, err
		}
	}
	return x.text.rest()[0], nil
}

// until returns the text from the current position to the first occurrence of a mark after the first bytes, including the mark.
func (x *xmlScanner) until(after int, mark string) ([]byte, error) {
	from := after
	for {
		rest := x.text.rest()
		if from < len(rest) {
			if i := bytes.Index(rest[from:], []byte(mark)); i >= 0 {
				return rest[:from+i+len(mark)], nil
			}
			from = max(after, len(rest)-len(mark)+1)
		}
		if err := x.text.fill(); err != nil {
			return nil, unfinished(err)
		}
	}
}

// unfinished returns the error of a text that ends within a token.
func unfinished(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// atLeast makes at least n bytes available, or as many as there are.
func (x *xmlScanner) atLeast(n int) ([]byte, error) {
	for len(x.text.rest()) < n {
		if err := x.text.fill(); err != nil {
			if err == io.EOF { //nolint:errorlint // fill returns it as it is
				break
			}
			return nil, err
		}
	}
	return x.text.rest(), nil
}

// characters reads a text up to the next markup. Outside the root there is only white space, which is skipped.
func (x *xmlScanner) characters() (xmlKind, bool, error) {
	from := 0
	for {
		rest := x.text.rest()
		if i := bytes.IndexByte(rest[from:], '<'); i >= 0 {
			rest = rest[:from+i]
			x.text.at += len(rest)
			return x.found(rest)
		}
		from = len(rest)
		if err := x.text.fill(); err == io.EOF { //nolint:errorlint // fill returns it as it is
			rest = x.text.rest() // which fill may have moved
			x.text.at = x.text.end
			return x.found(rest)
		} else if err != nil {
			return 0, false, err
		}
	}
}

func (x *xmlScanner) found(text []byte) (xmlKind, bool, error) {
	if x.depth() == 0 {
		if len(bytes.Trim(text, " \t\r\n")) > 0 {
			return 0, false, errors.New("it has text outside its root element")
		}
		return 0, false, nil
	}
	x.scratch = x.scratch[:0]
	value, err := x.unescape(text)
	x.value = value
	return xmlText, true, err
}

// markup reads what begins with "<".
func (x *xmlScanner) markup() (xmlKind, bool, error) {
	const longest = "<![CDATA["
	rest, err := x.atLeast(len(longest))
	if err != nil {
		return 0, false, err
	}
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return x.skip(len("<!--"), "-->")
	case bytes.HasPrefix(rest, []byte("<?")):
		return x.instruction()
	case bytes.HasPrefix(rest, []byte(longest)):
		return x.literal()
	case bytes.HasPrefix(rest, []byte("<!")):
		return 0, false, errors.New("it declares a document type, which is not read because it could expand to any size")
	case bytes.HasPrefix(rest, []byte("</")):
		return x.endTag()
	default:
		return x.startTag()
	}
}

// skip skips a comment.
func (x *xmlScanner) skip(after int, mark string) (xmlKind, bool, error) {
	token, err := x.until(after, mark)
	x.text.at += len(token)
	return 0, false, err
}

// literal reads a CDATA section.
func (x *xmlScanner) literal() (xmlKind, bool, error) {
	token, err := x.until(len("<![CDATA["), "]]>")
	if err != nil {
		return 0, false, err
	}
	if x.depth() == 0 {
		return 0, false, errors.New("it has text outside its root element")
	}
	x.text.at += len(token)
	x.scratch = x.scratch[:0]
	x.value = x.lineEnds(token[len("<![CDATA[") : len(token)-len("]]>")])
	return xmlText, true, nil
}

func (x *xmlScanner) endTag() (xmlKind, bool, error) {
	token, err := x.until(len("</"), ">")
	if err != nil {
		return 0, false, err
	}
	name := bytes.TrimRight(token[len("</"):len(token)-1], " \t\r\n")
	if x.depth() == 0 || !bytes.Equal(name, x.innermost()) {
		return 0, false, fmt.Errorf("its element %q is not open where it ends", shown(name))
	}
	x.text.at += len(token)
	x.pop()
	return xmlEnd, true, nil
}

// innermost returns the name of the innermost open element, with its prefix.
func (x *xmlScanner) innermost() []byte {
	from := 0
	if n := len(x.ends); n > 1 {
		from = x.ends[n-2]
	}
	return x.open[from:]
}

// pop closes the innermost open element, whose name remains that of the token.
func (x *xmlScanner) pop() {
	name := x.innermost()
	x.name = withoutPrefix(name)
	x.open = x.open[:len(x.open)-len(name)]
	x.ends = x.ends[:len(x.ends)-1]
}
