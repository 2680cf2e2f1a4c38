package metadata

import (
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// languages are the language codes (LCIDs) in which labels are written.
type languages struct {
	base  int   // of the organization, which is the user's as well
	shown []int // of the provisioned ones, those that a request asks for
}

// only keeps those of the provisioned languages that are listed. One that is not provisioned has no labels.
func (l languages) only(list []int) languages {
	return languages{l.base, slices.DeleteFunc(slices.Clone(l.shown), func(code int) bool { return !slices.Contains(list, code) })}
}

// labelLanguages reads the query option LabelLanguages.
func labelLanguages(value string) []int {
	var list []int
	for part := range strings.SplitSeq(value, ",") {
		if code, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
			list = append(list, code)
		}
	}
	return list
}

// filter keeps the languages that the query asks for: all, unless it lists some.
func (q *labelQuery) filter(l languages) languages {
	if q == nil || len(q.FilterLanguages) == 0 {
		return l
	}
	return l.only(q.FilterLanguages)
}

// in returns a label's text in a language, and whether it has one: every label has one in the base language.
func (l label) in(code, base int) (string, bool) { return schema.Translate(l.text, l.own, code, base) }
