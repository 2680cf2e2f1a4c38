package dataverse

import (
	"bytes"
	"slices"

	"source-microsoft-dataverse/source/jsonscan"
)

// columnTemplates are the texts of columns that were decoded, without the values that differ from column to column. A
// text that matches a template has the same meaning as the decoded one and is just as valid: the values that differ are
// plain strings.
type columnTemplates struct {
	list  []*columnTemplate // the one that matched last comes first
	start []byte            // with which all of them begin
}

const (
	// maxTemplateLength is the longest text of a column that is cached; longer texts have labels or options.
	maxTemplateLength = 8 << 10
	// maxTemplates is how many texts are cached. A service that sends more kinds of texts sends labels.
	maxTemplates = 64
)

// columnTemplate is one text, cut at the values that differ.
type columnTemplate struct {
	column definedColumn  // as all columns of this text are
	fixed  [][]byte       // the text before, between and after the values: one more than there are values
	values []columnMember // the logical name, or an id that is skipped
}

// variableValue is the position in a text of a value that differs from column to column.
type variableValue struct {
	of       columnMember
	from, to int
}

// match returns the column at the beginning of a text and the length of the column's text; 0 if no template matches.
func (t *columnTemplates) match(text []byte) (definedColumn, int) {
	for i, template := range t.list {
		if column, length := template.match(text); length > 0 {
			t.list[0], t.list[i] = template, t.list[0]
			return column, length
		}
	}
	return definedColumn{}, 0
}

// match returns the column at the beginning of a text and the length of the column's text; 0 if it does not match.
func (t *columnTemplate) match(text []byte) (definedColumn, int) {
	column, rest := t.column, text
	for i, fixed := range t.fixed {
		if !bytes.HasPrefix(rest, fixed) {
			return column, 0
		}
		rest = rest[len(fixed):]
		if i == len(t.values) {
			break
		}
		length := plainStringLength(rest)
		if length == 0 {
			return column, 0
		}
		if t.values[i] == logicalName && column.inRows() {
			column.name = string(rest[1 : length-1])
		}
		rest = rest[length:]
	}
	return column, len(text) - len(rest)
}

// add caches the text of a column. values are the values in it that differ from column to column, in order.
func (t *columnTemplates) add(text []byte, column definedColumn, values []variableValue) {
	first := bytes.IndexByte(text, ':') + 1 // after the first member's name
	if !slices.ContainsFunc(values, func(v variableValue) bool { return v.of == logicalName }) {
		return // no other column has the same text
	}
	if len(text) > maxTemplateLength || len(t.list) == maxTemplates || !bytes.HasPrefix(text, t.start) {
		return
	}
	text = bytes.Clone(text)
	template := &columnTemplate{column: column}
	end := 0
	for _, value := range values {
		template.fixed = append(template.fixed, text[end:value.from])
		template.values = append(template.values, value.of)
		end = value.to
	}
	template.fixed = append(template.fixed, text[end:])
	t.start = text[:first]
	t.list = append(t.list, template)
}

// plainStringLength returns the length of the JSON string at the beginning of a text if it needs no decoding, otherwise
// 0.
func plainStringLength(text []byte) int {
	if len(text) == 0 || text[0] != '"' {
		return 0
	}
	end, kind := jsonscan.EndOfString(text, 0)
	if kind != jsonscan.PlainString {
		return 0
	}
	return end
}
