package simulator

import (
	"math/big"
	"net/http"
	"slices"
	"strings"
)

// maxAggregated is how many rows an aggregation may be over (Microsoft, "Aggregate data using OData").
const maxAggregated = 50_000

// aggregate is one value of an aggregation: a column with a method, or $count.
type aggregate struct {
	cell   *cell // nil: $count
	method string
	name   string
}

// aggregation is an $apply: the rows that it is over, the columns by which they are grouped, and the values of each group.
type aggregation struct {
	match      condition
	by         []*cell
	aggregates []aggregate
}

// group is the rows of an aggregation that have the same values in the columns of groupby.
type group struct {
	first ref
	rows  []ref
}

// parseApply reads filter(...), groupby((columns),aggregate(...)) and aggregate(...), one behind the other.
func (s *store) parseApply(text string) (*aggregation, *apiError) {
	a := &aggregation{}
	steps, balanced := splitOutside(text, '/')
	if !balanced {
		return nil, badQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
	}
	for _, step := range steps {
		name, inside, _ := strings.Cut(strings.TrimSpace(step), "(")
		inside, closed := strings.CutSuffix(inside, ")")
		if !closed {
			return nil, badQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
		}
		var refusal *apiError
		switch {
		case len(a.by) > 0 || len(a.aggregates) > 0:
			refusal = badQuery("The transformation '%s' cannot follow an aggregation.", name)
		case name == "filter":
			var match condition
			match, refusal = s.filter(inside)
			a.match = both(a.match, match)
		case name == "aggregate":
			a.aggregates, refusal = s.parseAggregates(inside)
		case name == "groupby":
			refusal = s.parseGroups(a, inside)
		default:
			refusal = badQuery("'aggregate|filter|groupby|compute|expand' expected at position 0 in '%s'.", text)
		}
		if refusal != nil {
			return nil, refusal
		}
	}
	return a, nil
}

// parseGroups reads (columns),aggregate(...), the second of which may be missing.
func (s *store) parseGroups(a *aggregation, inside string) (refusal *apiError) {
	parts, balanced := splitOutside(inside, ',')
	if !balanced || len(parts) > 2 || !strings.HasPrefix(parts[0], "(") || !strings.HasSuffix(parts[0], ")") {
		return badQuery("Syntax error at position 8 in 'groupby(%s)'.", inside)
	}
	for name := range strings.SplitSeq(strings.Trim(parts[0], "()"), ",") {
		c := s.cellOf(strings.TrimSpace(name))
		if c == nil {
			return unknownProperty(strings.TrimSpace(name), s.table.LogicalName)
		}
		a.by = append(a.by, c)
	}
	if len(parts) == 2 {
		list, ok := strings.CutPrefix(strings.TrimSpace(parts[1]), "aggregate(")
		if !ok {
			return badQuery("Syntax error at position 8 in 'groupby(%s)'.", inside)
		}
		a.aggregates, refusal = s.parseAggregates(strings.TrimSuffix(list, ")"))
	}
	return refusal
}

// parseAggregates reads "column with method as name" and "$count as name", separated by commas.
func (s *store) parseAggregates(inside string) ([]aggregate, *apiError) {
	var all []aggregate
	for item := range strings.SplitSeq(inside, ",") {
		words := strings.Fields(item)
		switch {
		case len(words) == 3 && words[0] == "$count" && words[1] == "as":
			all = append(all, aggregate{name: words[2]})
			continue
		case len(words) != 5 || words[1] != "with" || words[3] != "as":
			return nil, badQuery("Syntax error at position 0 in '%s'.", item)
		case !slices.Contains([]string{"sum", "average", "min", "max", "countdistinct"}, words[2]):
			return nil, badQuery("The aggregation method '%s' is not supported.", words[2])
		}
		c := s.cellOf(words[0])
		if c == nil {
			return nil, unknownProperty(words[0], s.table.LogicalName)
		}
		if k := kindOf(c); (words[2] == "sum" || words[2] == "average") && k != wholeKind && k != fractionKind {
			return nil, badQuery("The aggregation method '%s' cannot be applied to '%s' of type '%s'.", words[2], words[0], k.edmName())
		}
		all = append(all, aggregate{c, words[2], words[4]})
	}
	return all, nil
}

// apply answers an $apply over the rows of a table.
func (e *Environment) apply(c *call) (*reply, *apiError) {
	for _, name := range []string{"$select", "$filter", "$expand", "$top", "$skiptoken"} {
		if c.query.present[name] {
			return nil, badQuery("The query option '%s' beside $apply is not supported by this simulator.", name)
		}
	}
	a, refusal := c.store.parseApply(c.query.apply)
	if refusal != nil {
		return nil, refusal
	}
	groups, refusal := a.groups(c.store, both(a.match, e.visible(c.store)))
	if refusal != nil {
		return nil, refusal
	}
	body := appendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.table.EntitySetName)
	body = append(body, `,"value":[`...)
	for i, g := range groups {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '{')
		begin := len(body)
		for _, cell := range a.by {
			body = c.store.appendOrNull(appendName(body, begin, cell.property), g.first, cell)
		}
		for _, value := range a.aggregates {
			body = value.append(appendName(body, begin, value.name), c.store, g.rows)
		}
		body = append(body, '}')
	}
	return newReply(http.StatusOK).json(append(body, "]}"...)), nil
}

// groups gathers the rows, in the order of the values that they are grouped by. Without groupby all rows are one group,
// even if there are none.
func (a *aggregation) groups(s *store, match condition) ([]*group, *apiError) {
	if len(a.by) == 0 {
		all := &group{}
		for r := range s.from(rowID{}) {
			if match == nil || match(r) {
				all.rows = append(all.rows, r)
			}
		}
		return []*group{all}, tooMany(len(all.rows))
	}
	var list []*group
	found, count := map[string]*group{}, 0
	for r := range s.from(rowID{}) {
		if match != nil && !match(r) {
			continue
		}
		var key []byte
		for _, c := range a.by {
			key = append(s.appendOrNull(key, r, c), 0)
		}
		g := found[string(key)]
		if g == nil {
			g = &group{first: r}
			found[string(key)] = g
			list = append(list, g)
		}
		g.rows = append(g.rows, r)
		count++
	}
	slices.SortStableFunc(list, func(x, y *group) int {
		for _, c := range a.by {
			if order := s.operandOf(x.first, c).compare(s.operandOf(y.first, c)); order != 0 {
				return order
			}
		}
		return 0
	})
	return list, tooMany(count)
}

func tooMany(rows int) *apiError {
	if rows <= maxAggregated {
		return nil
	}
	return refuse(http.StatusBadRequest, "0x8004E023", "The maximum record limit is exceeded. Reduce the number of records.")
}

// appendOrNull writes a value, and null as such.
func (s *store) appendOrNull(dst []byte, r ref, c *cell) []byte {
	before := len(dst)
	if dst = s.appendValue(dst, r, c); len(dst) == before {
		dst = append(dst, "null"...)
	}
	return dst
}

// append writes the value of an aggregate over rows, of which those with null do not count.
func (a aggregate) append(dst []byte, s *store, rows []ref) []byte {
	if a.cell == nil {
		return appendValue(dst, len(rows), true)
	}
	sum, count := new(big.Rat), 0
	distinct := map[string]bool{}
	var best ref
	for _, r := range rows {
		raw := string(s.appendValue(nil, r, a.cell))
		if raw == "" {
			continue
		}
		distinct[raw] = true
		if number, ok := new(big.Rat).SetString(raw); ok {
			sum.Add(sum, number)
		}
		order := 0
		if count > 0 {
			order = s.operandOf(r, a.cell).compare(s.operandOf(best, a.cell))
		}
		if count == 0 || a.method == "min" && order < 0 || a.method == "max" && order > 0 {
			best = r
		}
		count++
	}
	switch {
	case a.method == "countdistinct":
		return appendValue(dst, len(distinct), true)
	case count == 0:
		return append(dst, "null"...)
	case a.method == "min" || a.method == "max":
		return s.appendValue(dst, best, a.cell)
	case a.method == "average":
		sum.Quo(sum, big.NewRat(int64(count), 1))
	}
	if sum.IsInt() && kindOf(a.cell) == wholeKind {
		return append(dst, sum.Num().String()...)
	}
	return append(dst, sum.FloatString(decimalScale)...)
}
