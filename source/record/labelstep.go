package record

import (
	"bytes"
	"slices"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
)

// Labels follow the columns of a record. While a row is read, the value of a choice column with a label is noted, and its step
// finds the member with the label. When the row ends, the members of all steps are appended one after the other, those of
// columns that the row lacks with null.

// rowLabels is the labels of the current row.
type rowLabels struct {
	plan    *Plan
	members []int32 // of each label step: the index of its member
	texts   []byte  // the members of list steps
	lists   []part  // of each list step: its member in texts; empty: null
}

// part is the position of a part of a text.
type part struct{ from, to int }

func newRowLabels(p *Plan) rowLabels {
	return rowLabels{plan: p, members: make([]int32, len(p.labels)), lists: make([]part, len(p.lists))}
}

func (r *rowLabels) startRow() {
	clear(r.members)
	clear(r.lists)
	r.texts = r.texts[:0]
}

// note finds the label of the value of a choice column.
func (r *rowLabels) note(m *memberPlan, value []byte, kind jsonscan.Kind) {
	if m.role&roleChoice != 0 {
		r.members[m.label] = r.plan.labels[m.label].find(value, kind)
		return
	}
	from := len(r.texts)
	r.texts = r.plan.lists[m.label].appendMember(r.texts, value, kind)
	r.lists[m.label] = part{from, len(r.texts)}
}

// appendMembers appends the members with the labels of the row.
func (r *rowLabels) appendMembers(dst []byte) []byte {
	steps := r.plan.labels
	for i, member := range r.members {
		dst = append(dst, steps[i].members[member]...)
	}
	for i, list := range r.lists {
		if list.to == 0 {
			dst = append(dst, r.plan.lists[i].null...)
			continue
		}
		dst = append(dst, r.texts[list.from:list.to]...)
	}
	return dst
}

// labelStep finds the label of a choice column that has one code.
type labelStep struct {
	boolean bool // its codes are 1 for true and 0 for false
	// members are the members with the labels of the codes, `,"status_label":"Open"`. The first one is that with null. The
	// others belong to the numbers from first on or, if these are too far apart, to codes.
	members [][]byte
	first   int
	codes   []int
}

// noLabel is the index of the member with null.
const noLabel = 0

// maxGap is how many numbers per code a step may have members for. Codes are mostly consecutive, but some sets have both 1
// and 100000000.
const maxGap = 4

func newLabelStep(property string, typ dataverse.ColumnType, labels *Labels) labelStep {
	name := appendName(nil, property)
	member := func(text []byte) []byte { return slices.Concat(name, text) }
	s := labelStep{boolean: typ == dataverse.Boolean, members: [][]byte{member([]byte("null"))}}
	n := len(labels.codes)
	if n == 0 {
		return s
	}
	s.first = labels.codes[0]
	span := labels.codes[n-1] - s.first + 1
	if span > maxGap*n {
		s.codes = labels.codes
		for _, text := range labels.texts {
			s.members = append(s.members, member(text))
		}
		return s
	}
	for range span {
		s.members = append(s.members, s.members[noLabel])
	}
	for i, code := range labels.codes {
		s.members[1+code-s.first] = member(labels.texts[i])
	}
	return s
}

// find returns the index of the member with the label of a value.
func (s *labelStep) find(value []byte, kind jsonscan.Kind) int32 {
	code, ok := 0, kind == jsonscan.Boolean
	switch {
	case !s.boolean:
		code, ok = codeOf(value)
	case value[0] == 't':
		code = 1
	}
	if !ok {
		return noLabel
	}
	if s.codes != nil {
		at, found := slices.BinarySearch(s.codes, code)
		if !found {
			return noLabel
		}
		return int32(at + 1) //nolint:gosec // an option set has thousands of options
	}
	if at := code - s.first; 0 <= at && at < len(s.members)-1 {
		return int32(at + 1) //nolint:gosec // as above
	}
	return noLabel
}

// longest returns the length of the longest member.
func (s *labelStep) longest() int {
	most := 0
	for _, member := range s.members {
		most = max(most, len(member))
	}
	return most
}

// listStep finds the labels of a multi-select column.
type listStep struct {
	name   []byte // `,"colors_label":`
	null   []byte // the member of a row without a label
	labels *Labels
}

func newListStep(property string, labels *Labels) listStep {
	name := appendName(nil, property)
	return listStep{name: name, null: slices.Concat(name, []byte("null")), labels: labels}
}

// separator stands between the labels of several codes.
const separator = ", "

// usualCodes is more than most values of multi-select columns have codes.
const usualCodes = 16

// appendMember appends the member with the labels of the codes in a text like "1,2,3", in the order of the codes. A list with
// a code that has no label has none either: part of it would be taken for the whole.
func (s *listStep) appendMember(dst, value []byte, kind jsonscan.Kind) []byte {
	var array [usualCodes]int
	codes, ok := array[:0], kind&jsonscan.String != 0
	for rest := value; ok && rest != nil; {
		var code int
		code, rest, ok = s.nextCode(rest)
		codes = append(codes, code)
	}
	if !ok {
		return append(dst, s.null...)
	}
	slices.Sort(codes)
	dst = append(dst, s.name...)
	for i, code := range codes {
		text := s.labels.of(code)
		if i > 0 {
			dst = append(dst[:len(dst)-1], separator...)
			text = text[1:]
		}
		dst = append(dst, text...)
	}
	return dst
}

// nextCode returns the first code in the rest of a list, which begins with a quotation mark or a comma, and what follows it,
// nil after the last code. ok is false if it has no label.
func (s *listStep) nextCode(list []byte) (code int, rest []byte, ok bool) {
	text := list[1:]
	if end := bytes.IndexByte(text, ','); end >= 0 {
		text, rest = text[:end], text[end:]
	} else {
		text = text[:len(text)-1]
	}
	code, ok = codeOf(bytes.TrimSpace(text))
	return code, rest, ok && s.labels.of(code) != nil
}

// longestCode is the length of the longest code: option values are 32-bit integers.
const longestCode = len("-2147483648")

// codeOf returns the whole number that a text represents. ok is false for any other text.
func codeOf(text []byte) (code int, ok bool) {
	digits, negative := text, false
	if len(text) > 0 && text[0] == '-' {
		digits, negative = text[1:], true
	}
	if len(digits) == 0 || len(digits) > longestCode {
		return 0, false
	}
	for i, c := range digits {
		if c -= '0'; c > 9 {
			if i == 0 || !isWhole(digits) {
				return 0, false
			}
			break
		}
		code = 10*code + int(c)
	}
	if negative {
		code = -code
	}
	return code, true
}
