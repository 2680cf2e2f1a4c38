package dataverse

import (
	"bytes"
	"slices"
)

// patterns are texts of columns that have been decoded, without the values that differ from column to column. A text that
// fits says the same as the one that was decoded, and is as valid: the values in it are of a form that needs no decoding.
type patterns struct {
	list  []*pattern // those that fitted of late first
	start []byte     // with which all of them begin
}

// familiarMost is the longest text of a column that is remembered; longer ones have labels or options.
const familiarMost = 8 << 10

// patternsMost is how many texts are remembered. A service that sends more kinds of them sends labels.
const patternsMost = 64

// pattern is one text, cut at the values that differ.
type pattern struct {
	column definedColumn  // as all columns of this text are
	fixed  [][]byte       // what stands before, between and behind the values; one more than these
	values []columnMember // logicalName, or of no use
}

// differentValue is where in a text a value stands that differs from column to column.
type differentValue struct {
	of       columnMember
	from, to int
}

// match finds the column that a text begins with, and how long its own text is; 0: none that is familiar.
func (p *patterns) match(text []byte) (definedColumn, int) {
	for i, known := range p.list {
		if column, length := known.fit(text); length > 0 {
			p.list[0], p.list[i] = known, p.list[0]
			return column, length
		}
	}
	return definedColumn{}, 0
}

// fit reads the column that a text begins with, and tells how long its own text is; 0: it is not of this pattern.
func (p *pattern) fit(text []byte) (definedColumn, int) {
	column, rest := p.column, text
	for i, fixed := range p.fixed {
		if !bytes.HasPrefix(rest, fixed) {
			return column, 0
		}
		rest = rest[len(fixed):]
		if i == len(p.values) {
			break
		}
		length := plainText(rest)
		if length == 0 {
			return column, 0
		}
		if p.values[i] == logicalName && column.inRows() {
			column.name = string(rest[1 : length-1])
		}
		rest = rest[length:]
	}
	return column, len(text) - len(rest)
}

// learn remembers the text of a column, in which some values differ from column to column; they are given in their order.
func (p *patterns) learn(text []byte, column definedColumn, values []differentValue) {
	first := bytes.IndexByte(text, ':') + 1 // behind the first member's name
	if !slices.ContainsFunc(values, func(v differentValue) bool { return v.of == logicalName }) {
		return // no other column has the same text
	}
	if len(text) > familiarMost || len(p.list) == patternsMost || !bytes.HasPrefix(text, p.start) {
		return
	}
	text = bytes.Clone(text)
	known := &pattern{column: column}
	end := 0
	for _, value := range values {
		known.fixed = append(known.fixed, text[end:value.from])
		known.values = append(known.values, value.of)
		end = value.to
	}
	known.fixed = append(known.fixed, text[end:])
	p.start = text[:first]
	p.list = append(p.list, known)
}

// plainText is the length of the JSON string that a text begins with, if it is of printable ASCII without any escape, else 0.
func plainText(text []byte) int {
	if len(text) == 0 || text[0] != '"' {
		return 0
	}
	for i, c := range text[1:] {
		switch {
		case c == '"':
			return i + 2
		case c < ' ' || c > '~' || c == '\\':
			return 0
		}
	}
	return 0
}
