package record

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
)

// Label is the label of a code of a choice column.
type Label struct {
	Code int
	Text string // empty: the code has no label
}

// Labels are the labels of an option set's codes in one language, as they stand in records. They are immutable, and all
// columns with the same option set share them.
type Labels struct {
	// texts are the labels as JSON strings, in the order of their codes. If the codes lie close together, codes is nil, and
	// texts has a place for each number from first on, which is nil for a number that is not a code.
	texts   [][]byte
	first   int
	codes   []int
	longest int // length of the longest text
}

// maxGap is how many places per code the texts may have: codes are mostly consecutive, but some sets mix 1 and 100000000.
const maxGap = 4

// NewLabels returns the labels of an option set. If a code occurs twice, its first label counts.
func NewLabels(all []Label) *Labels {
	all = slices.DeleteFunc(slices.Clone(all), func(l Label) bool { return l.Text == "" })
	slices.SortStableFunc(all, func(a, b Label) int { return a.Code - b.Code })
	all = slices.CompactFunc(all, func(a, b Label) bool { return a.Code == b.Code })
	l := &Labels{}
	if len(all) == 0 {
		return l
	}
	l.first = all[0].Code
	span := all[len(all)-1].Code - l.first + 1
	dense := span <= maxGap*len(all)
	if dense {
		l.texts = make([][]byte, span)
	}
	for _, label := range all {
		quoted, _ := jsontext.AppendQuote(nil, label.Text) // reports invalid UTF-8 alone, and replaces it
		text := appendOnOneLine(nil, quoted)
		l.longest = max(l.longest, len(text))
		if dense {
			l.texts[label.Code-l.first] = text
			continue
		}
		l.texts, l.codes = append(l.texts, text), append(l.codes, label.Code)
	}
	return l
}

// of returns the label of a code as a JSON string, nil if it has none.
func (l *Labels) of(code int) []byte {
	if l.codes == nil {
		if i := code - l.first; 0 <= i && i < len(l.texts) {
			return l.texts[i]
		}
		return nil
	}
	if i, found := slices.BinarySearch(l.codes, code); found {
		return l.texts[i]
	}
	return nil
}

// labeling is what a column writes its label with.
type labeling struct {
	labels *Labels
	member []byte // `,"property":`
	append func(l *labeling, dst, value []byte) []byte
}

// setLabel makes the column write a label after its value. If alone is true, the column itself is not selected, and only the
// label is written.
func (c *column) setLabel(property string, typ dataverse.ColumnType, labels *Labels, alone bool) {
	l := &labeling{labels: labels, member: appendName(nil, property)}
	c.label, c.write = l, (*column).appendLabeled
	if alone {
		c.property, c.member, c.null = property, nil, nil
		c.write = (*column).appendLabel
	}
	c.null = append(append(c.null, l.member...), "null"...)
	c.room = len(c.null) + labels.longest
	switch typ { //nolint:exhaustive // the others have one code
	case dataverse.Boolean:
		l.append = (*labeling).appendFlag
	case dataverse.MultiSelect:
		l.append = (*labeling).appendList
		c.roomPerByte += (labels.longest + len(separator)) / len("1,")
	default:
		l.append = (*labeling).appendOne
	}
}

// appendLabeled appends the column's member and that of its label.
func (c *column) appendLabeled(dst, value []byte, kind jsonscan.Kind) []byte {
	if kind == jsonscan.Null {
		return append(dst, c.null...)
	}
	dst = append(c.append(dst, value, kind), c.label.member...)
	return c.label.append(c.label, dst, value)
}

// appendLabel appends the member of the label alone.
func (c *column) appendLabel(dst, value []byte, kind jsonscan.Kind) []byte {
	if kind == jsonscan.Null {
		return append(dst, c.null...)
	}
	return c.label.append(c.label, append(dst, c.label.member...), value)
}

// appendOne appends the label of a code.
func (l *labeling) appendOne(dst, value []byte) []byte {
	if code, ok := codeOf(value); ok {
		if text := l.labels.of(code); text != nil {
			return append(dst, text...)
		}
	}
	return append(dst, "null"...)
}

// appendFlag appends the label of a Boolean value: true has the code 1, false 0.
func (l *labeling) appendFlag(dst, value []byte) []byte {
	code := 0
	if value[0] == 't' {
		code = 1
	}
	if text := l.labels.of(code); text != nil {
		return append(dst, text...)
	}
	return append(dst, "null"...)
}

// separator stands between the labels of several codes.
const separator = ", "

// usualCodes is more than the codes of most values of multi-select columns.
const usualCodes = 16

// appendList appends the labels of the codes in a text like "1,2,3", in the order of the codes. A list with a code that has
// no label has none either: part of it would be taken for the whole.
func (l *labeling) appendList(dst, value []byte) []byte {
	var array [usualCodes]int
	codes := array[:0]
	for rest, more := value[1:len(value)-1], true; more; {
		var one []byte
		one, rest, more = bytes.Cut(rest, []byte{','})
		code, ok := codeOf(bytes.TrimSpace(one))
		if !ok || l.labels.of(code) == nil {
			return append(dst, "null"...)
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	dst = append(dst, '"')
	for i, code := range codes {
		if i > 0 {
			dst = append(dst, separator...)
		}
		text := l.labels.of(code)
		dst = append(dst, text[1:len(text)-1]...)
	}
	return append(dst, '"')
}

// longestCode is the length of the longest code: option values are 32-bit integers.
const longestCode = len("-2147483648")

// codeOf returns the whole number that a text represents. ok is false for any other text.
func codeOf(text []byte) (code int, ok bool) {
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	for i, c := range digits {
		if c < '0' || c > '9' {
			if c != '.' || !isWhole(digits) {
				return 0, false
			}
			digits = digits[:i]
			break
		}
		code = 10*code + int(c-'0')
	}
	if len(digits) == 0 || len(digits) > longestCode {
		return 0, false
	}
	if text[0] == '-' {
		code = -code
	}
	return code, true
}
