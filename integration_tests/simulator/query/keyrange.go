package query

import (
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// otherComparison returns the condition that gt, ge, lt or le makes of a primary key where it is not the order of the rows.
func otherComparison(as rows.KeyComparison, holds func(int) bool, wanted Operand) (Condition, *odata.Error) {
	switch as {
	case rows.KeyComparisonRefused:
		return nil, odata.Refuse(http.StatusBadRequest, "0x80041120", "Unsupported condition operator.")
	case rows.KeysComparedAsText:
		text := wanted.Guid.String()
		return func(r rows.Ref) bool { return holds(strings.Compare(r.ID.String(), text)) }, nil
	default:
		return func(rows.Ref) bool { return true }, nil
	}
}

// KeysOf returns a range of keys outside which no row meets a $filter, so that a scan of a part of a large table need not go
// through all of it. The text is one that Filter accepts. Texts with more than comparisons joined by "and" give all keys.
func KeysOf(s *rows.Store, text string) rows.KeyRange {
	var keys rows.KeyRange
	if s.Comparison != rows.KeysCompared {
		return keys
	}
	for part := range strings.SplitSeq(text, " and ") {
		words := strings.Fields(part)
		if len(words) != 3 || words[0] == "not" {
			return rows.KeyRange{}
		}
		o, ok := guidKind.Parse(words[2])
		if words[0] != s.Table.PrimaryID || !ok {
			continue
		}
		switch id := o.Guid; {
		case (words[1] == "gt" || words[1] == "ge") && (keys.Least == nil || keys.Least.Compare(id) < 0):
			keys.Least = &id
		case (words[1] == "lt" || words[1] == "le") && (keys.Greatest == nil || keys.Greatest.Compare(id) > 0):
			keys.Greatest = &id
		}
	}
	return keys
}
