package entityfile

import (
	"bytes"
	"fmt"
)

// xmlRows reads rows from XML. Each child of the root is a row, whatever its name: by default that of the entity in upper
// case, and otherwise what the line of the project or a transformation makes of it. Its columns are elements (XML-Element)
// or attributes (XML-Attribute); a row may have both.
type xmlRows struct {
	scanner *xmlScanner
	value   []byte // of the current element
}

// The depths of an entity file in XML.
const (
	rowDepth  = 2
	cellDepth = 3
)

func (s *xmlRows) next(r *Rows) error {
	column := noColumn
	cells := 0
	for {
		kind, err := s.scanner.next()
		if err != nil {
			return err
		}
		switch depth := s.scanner.depth(); {
		case kind == xmlStart && depth == rowDepth:
			if cells, err = s.attributes(r); err != nil {
				return err
			}
		case kind == xmlStart && depth == cellDepth:
			cells++
			s.value = s.value[:0]
			if column, err = r.columns.of(s.scanner.name); err != nil {
				return err
			}
			if hasData(s.scanner.attributes) {
				return composite(s.scanner.name)
			}
		case kind == xmlStart && depth > cellDepth:
			return composite(s.scanner.name)
		case kind == xmlText && depth == cellDepth && column != noColumn:
			if s.value, err = appendUpTo(r.most, s.value, s.scanner.value); err != nil {
				return err
			}
		case kind == xmlText && depth < cellDepth && len(bytes.Trim(s.scanner.value, " \t\n")) > 0:
			return &FormError{Reason: "it has text outside the elements of its columns", Advice: adviseXML}
		case kind == xmlEnd && depth == cellDepth-1:
			if column != noColumn {
				err = r.put(column, s.value)
			}
			if column = noColumn; err != nil {
				return err
			}
		case kind == xmlEnd && depth == rowDepth-1 && cells > 0: // a row without any column has no data
			return nil
		}
	}
}

// attributes takes over the attributes of a row, and returns how many there are.
func (s *xmlRows) attributes(r *Rows) (int, error) {
	cells := 0
	for _, a := range s.scanner.attributes {
		if !isData(a) {
			continue
		}
		cells++
		column, err := r.columns.of(a.name)
		if err == nil && column != noColumn {
			err = r.put(column, a.value)
		}
		if err != nil {
			return 0, err
		}
	}
	return cells, nil
}

// isData reports whether an attribute is not one of XML itself, as a declaration of a namespace or xsi:nil is.
func isData(a xmlAttribute) bool {
	return !bytes.ContainsRune(a.name, ':') && string(a.name) != "xmlns"
}

func hasData(attributes []xmlAttribute) bool {
	for _, a := range attributes {
		if isData(a) {
			return true
		}
	}
	return false
}

const adviseXML = "Select the entities of a composite entity one by one in its data project, without a transformation."

// composite is the error of a row that contains rows of its own, for which a stream has no place. Composite entities are
// exported in that way (Microsoft, "Develop composite data entities").
func composite(name []byte) error {
	return &FormError{
		Reason: fmt.Sprintf("its rows contain other rows, in elements such as %s, as those of a composite entity do", shown(name)),
		Advice: adviseXML,
	}
}
