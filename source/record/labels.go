package record

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Label is the label of a code of a choice column.
type Label struct {
	Code int
	Text string // empty: the code has no label
}

// Labels are the labels of an option set's codes in one language. They are immutable, and all columns with the same option
// set share them.
type Labels struct {
	codes []int    // sorted
	texts [][]byte // of the codes: JSON strings that stay on one line
}

// NewLabels returns the labels of an option set. If a code occurs twice, its first label counts.
func NewLabels(all []Label) *Labels {
	all = slices.DeleteFunc(slices.Clone(all), func(l Label) bool { return l.Text == "" })
	slices.SortStableFunc(all, func(a, b Label) int { return a.Code - b.Code })
	l := &Labels{}
	for _, label := range slices.CompactFunc(all, func(a, b Label) bool { return a.Code == b.Code }) {
		quoted, _ := jsontext.AppendQuote(nil, label.Text) // reports invalid UTF-8 alone, and replaces it
		l.codes, l.texts = append(l.codes, label.Code), append(l.texts, appendOnOneLine(nil, quoted))
	}
	return l
}

// of returns the label of a code as a JSON string, nil if it has none.
func (l *Labels) of(code int) []byte {
	if i, found := slices.BinarySearch(l.codes, code); found {
		return l.texts[i]
	}
	return nil
}
