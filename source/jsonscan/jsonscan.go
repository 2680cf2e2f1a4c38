// Package jsonscan finds the ends of JSON values in bytes, without decoding them and without allocating.
//
// It is for the one place where nearly all time of a read is spent: the rows of a page. It accepts JSON (RFC 8259) as
// services print it by machine: compact, without white space between tokens. What it accepts is valid, except that bytes
// beyond ASCII need not be UTF-8: code that passes a string on has to replace what is not. What it is not sure of it
// refuses, and leaves to a decoder: white space, values nested too deeply, a number with which the text ends, and
// everything that is not valid.
//
// Each function takes a text and the place in it where something begins, and returns the place just behind its end, or 0
// where it refuses it. A value never ends at 0, so there is no second result to check.
package jsonscan

// Kind is a set of kinds of values. The functions of this package return sets of one.
type Kind uint8

// The kinds of values that RFC 8259 (section 3) names. Numbers and strings are divided by how much a caller still has to
// look at them.
const (
	Null          Kind = 1 << iota
	Boolean            // true or false
	Integer            // a number without fraction and exponent
	Fraction           // any other number
	PlainString        // a string of printable ASCII and DEL, without escapes: its text is what stands between the quotes
	EscapedString      // any other string: it has escapes, or bytes beyond ASCII
	Object
	Array
)

// The kinds that belong together.
const (
	Number = Integer | Fraction
	String = PlainString | EscapedString
)

// maxDepth is how deep objects and arrays may lie within each other. Rows of Dataverse have two levels.
const maxDepth = 16

// EndOfValue returns the end of the value that begins at a place, and its kind.
func EndOfValue(text []byte, at int) (end int, kind Kind) { return endOfValue(text, at, 0) }

func endOfValue(text []byte, at, depth int) (end int, kind Kind) {
	if at >= len(text) {
		return 0, 0
	}
	switch text[at] {
	case '"':
		return EndOfString(text, at)
	case 'n':
		return endOfLiteral(text, at, "null"), Null
	case 't':
		return endOfLiteral(text, at, "true"), Boolean
	case 'f':
		return endOfLiteral(text, at, "false"), Boolean
	case '{':
		return endOfObject(text, at, depth+1), Object
	case '[':
		return endOfArray(text, at, depth+1), Array
	default:
		return EndOfNumber(text, at)
	}
}

// endOfObject returns the end of the object whose brace stands at a place.
func endOfObject(text []byte, at, depth int) int {
	at++
	if depth > maxDepth || at >= len(text) {
		return 0
	}
	if text[at] == '}' {
		return at + 1
	}
	for {
		if at >= len(text) || text[at] != '"' {
			return 0
		}
		at, _ = EndOfString(text, at)
		if at == 0 || at >= len(text) || text[at] != ':' {
			return 0
		}
		if at, _ = endOfValue(text, at+1, depth); at == 0 || at >= len(text) {
			return 0
		}
		switch text[at] {
		case ',':
			at++
		case '}':
			return at + 1
		default:
			return 0
		}
	}
}

// endOfArray returns the end of the array whose bracket stands at a place.
func endOfArray(text []byte, at, depth int) int {
	at++
	if depth > maxDepth || at >= len(text) {
		return 0
	}
	if text[at] == ']' {
		return at + 1
	}
	for {
		if at, _ = endOfValue(text, at, depth); at == 0 || at >= len(text) {
			return 0
		}
		switch text[at] {
		case ',':
			at++
		case ']':
			return at + 1
		default:
			return 0
		}
	}
}

// endOfLiteral returns the end of a literal name: null, true or false.
func endOfLiteral(text []byte, at int, name string) int {
	end := at + len(name)
	if end <= len(text) && string(text[at:end]) == name {
		return end
	}
	return 0
}
