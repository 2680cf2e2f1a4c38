// Package jsonscan finds the ends of JSON values in bytes, without decoding them and without allocating.
//
// It is for the rows of a page, where a read spends nearly all its time. It accepts JSON (RFC 8259) in the form that
// services generate: compact, without white space between tokens. What it accepts is valid, except that bytes beyond
// ASCII need not be UTF-8: code that passes on a string has to replace the others. It refuses what it is not sure of,
// which a decoder can then read: white space, values that are nested too deeply, a number at the end of the text, and
// everything that is not valid.
//
// Each function takes a text and the position at which something begins, and returns the position just after its end,
// or 0 if it refuses it. A value never ends at 0, so there is no second result to check.
package jsonscan

// Kind is a set of kinds of values. The functions of this package return sets of one.
type Kind uint8

// The kinds of values that RFC 8259 (section 3) names. Numbers and strings are divided by how closely a caller still
// has to examine them.
const (
	Null          Kind = 1 << iota
	Boolean            // true or false
	Integer            // a number without fraction and exponent
	Fraction           // any other number
	PlainString        // a string of printable ASCII and DEL, without escapes: its text is what is between the quotes
	EscapedString      // any other string: it has escapes, or bytes beyond ASCII
	Object
	Array
)

// The kinds that belong together.
const (
	Number = Integer | Fraction
	String = PlainString | EscapedString
)

// maxDepth is how deeply objects and arrays may be nested. Rows of Dataverse have two levels.
const maxDepth = 16

// EndOfValue returns the end of the value that begins at the given position, and its kind.
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

// endOfObject returns the end of the object whose brace is at the given position.
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

// endOfArray returns the end of the array whose bracket is at the given position.
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
