package dataverse

import (
	"iter"

	"source-microsoft-dataverse/source/jsonscan"
)

// objectReader reads objects of one kind as text, many times faster than a decoder. It finds the members that are needed
// and skips the others: of a definition most are null. The members of an object are expected in the order of the object
// before.
type objectReader struct {
	known  []knownMember
	byName map[string]int // the index in known by the name in quotation marks
	next   []int          // the member that followed last time, by member; 0: not known
	values [][]byte       // of the current object, by field; nil: the member is missing or null
	// inside reads the object or array of a field at the same time, and returns its length, 0 if it is not sure; by field, nil:
	// the value is only skipped.
	inside []func(text []byte) (length int)
}

// knownMember is a name and what it is needed for.
type knownMember struct {
	prefix string // the name in quotation marks, and the colon
	field  int    // the index in values, or skipped
}

const (
	// skipped is the field of members that are not needed.
	skipped = -1
	// unknownName is the index of names that are not remembered, and of the place before the first member.
	unknownName = 0
	// maxKnownNames is how many names are remembered. A definition has about a hundred members.
	maxKnownNames = 1 << 10
)

// newObjectReader returns a reader of objects with the given fields, in the order of values.
func newObjectReader(fields ...string) *objectReader {
	r := &objectReader{known: []knownMember{{field: skipped}}, byName: map[string]int{}, next: []int{unknownName}, values: make([][]byte, len(fields))}
	for i, name := range fields {
		r.remember(`"`+name+`"`, i)
	}
	return r
}

func (r *objectReader) remember(quoted string, field int) int {
	r.known = append(r.known, knownMember{quoted + ":", field})
	r.next = append(r.next, unknownName)
	r.byName[quoted] = len(r.known) - 1
	return len(r.known) - 1
}

// read reads the object at the beginning of a text and returns its length. It returns 0 if it is not sure that this is an
// object in compact JSON, or if the object does not end within the text. The values are parts of the text.
func (r *objectReader) read(text []byte) (length int) { return r.readTo(text, skipped) }

// readTo reads the object at the beginning of a text up to a field, or to the end if the object lacks it. The text was found
// to be valid, so the rest of the object need not be examined again: the value of the field is all of it, for eachIn and
// others that find the end of the value themselves.
func (r *objectReader) readTo(text []byte, final int) (length int) {
	clear(r.values)
	if len(text) < len("{}") || text[0] != '{' {
		return 0
	}
	if text[1] == '}' {
		return len("{}")
	}
	for at, last := 1, unknownName; ; {
		member, from := r.member(text, at, last)
		if from == 0 {
			return 0
		}
		field := r.known[member].field
		if field != skipped && field == final {
			r.values[field] = text[from:]
			return len(text)
		}
		end, kind := r.endOfValue(text, from, field)
		if end == 0 || end >= len(text) {
			return 0
		}
		if field != skipped {
			r.values[field] = nil
			if kind != jsonscan.Null {
				r.values[field] = text[from:end]
			}
		}
		switch text[end] {
		case ',':
			at, last = end+1, member
		case '}':
			return end + 1
		default:
			return 0
		}
	}
}

// endOfValue returns the end of the value of a field, 0 if it is not sure, and its kind.
func (r *objectReader) endOfValue(text []byte, from, field int) (end int, kind jsonscan.Kind) {
	if r.inside == nil || field == skipped || r.inside[field] == nil || from >= len(text) || text[from] != '{' && text[from] != '[' {
		return jsonscan.EndOfValue(text, from)
	}
	if length := r.inside[field](text[from:]); length > 0 {
		return from + length, jsonscan.Object | jsonscan.Array
	}
	return 0, 0
}

// readInside makes read read the values of a field with another reader as well.
func (r *objectReader) readInside(field int, read func(text []byte) (length int)) {
	if r.inside == nil {
		r.inside = make([]func([]byte) int, len(r.values))
	}
	r.inside[field] = read
}

// member reads the name at a position and returns its index and the position of its value, 0 if it is not sure.
func (r *objectReader) member(text []byte, at, last int) (member, from int) {
	member = r.next[last]
	prefix := r.known[member].prefix
	if from = at + len(prefix); member != unknownName && from < len(text) && string(text[at:from]) == prefix {
		return member, from
	}
	if at >= len(text) || text[at] != '"' {
		return 0, 0
	}
	end, _ := jsonscan.EndOfString(text, at)
	if end == 0 || end >= len(text) || text[end] != ':' {
		return 0, 0
	}
	quoted := text[at:end]
	member, found := r.byName[string(quoted)]
	if !found && len(r.known) < maxKnownNames {
		member = r.remember(string(quoted), skipped)
	}
	r.next[last] = member
	return member, end + 1
}

// eachIn reads the objects of the array at the beginning of a text that was found to be valid, compact JSON. It skips other
// elements, and yields values.
func (r *objectReader) eachIn(text []byte) iter.Seq[[][]byte] {
	return func(yield func(values [][]byte) bool) {
		if len(text) == 0 || text[0] != '[' {
			return
		}
		for at := 1; at < len(text) && text[at] != ']'; {
			length := r.read(text[at:])
			switch {
			case length > 0:
				if !yield(r.values) {
					return
				}
			default:
				end, _ := jsonscan.EndOfValue(text, at)
				length = end - at
			}
			at += length
			if length <= 0 || at >= len(text) || text[at] != ',' {
				return
			}
			at++
		}
	}
}

// objectList reads arrays of objects of one kind.
type objectList struct {
	element *objectReader
	values  [][]byte // of the objects of the current array, one after the other
}

// read reads the array at the beginning of a text and returns its length, 0 if it is not sure. It skips other elements.
func (l *objectList) read(text []byte) (length int) {
	l.values = l.values[:0]
	if len(text) > 1 && text[1] == ']' {
		return len("[]")
	}
	for at := 1; at < len(text); at++ {
		if length = l.element.read(text[at:]); length > 0 {
			l.values = append(l.values, l.element.values...)
			at += length
		} else if at, _ = jsonscan.EndOfValue(text, at); at == 0 {
			return 0
		}
		if at >= len(text) || text[at] != ',' && text[at] != ']' {
			return 0
		}
		if text[at] == ']' {
			return at + 1
		}
	}
	return 0
}

// elements returns the elements of an array that was found to be valid, compact JSON; none of anything else.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(array) <= len("[]") || array[0] != '[' {
			return
		}
		for at := 1; at < len(array); {
			end, _ := jsonscan.EndOfValue(array, at)
			if end == 0 || !yield(array[at:end]) {
				return
			}
			at = end + 1
		}
	}
}
