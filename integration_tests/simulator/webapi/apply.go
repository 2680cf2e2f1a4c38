package webapi

import (
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// maxAggregated is how many rows an aggregation may be over (Microsoft, "Aggregate data using OData").
const maxAggregated = 50_000

// aggregate is one value of an aggregation: a column with a method, or $count.
type aggregate struct {
	cell   *rows.Cell // nil: $count
	method string
	name   string
}

// aggregation is an $apply: the rows that it is over, the columns by which they are grouped, and the values of each group.
type aggregation struct {
	match      query.Condition
	by         []*rows.Cell
	aggregates []aggregate
}

// group is the rows of an aggregation that have the same values in the columns of groupby.
type group struct {
	first rows.Ref
	rows  []rows.Ref
}

// parseApply reads filter(...), groupby((columns),aggregate(...)) and aggregate(...), one after another.
func parseApply(s *rows.Store, text string) (*aggregation, *odata.Error) {
	a := &aggregation{}
	steps, balanced := odata.SplitOutside(text, '/')
	if !balanced {
		return nil, odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
	}
	for _, step := range steps {
		name, inside, _ := strings.Cut(strings.TrimSpace(step), "(")
		inside, closed := strings.CutSuffix(inside, ")")
		if !closed {
			return nil, odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
		}
		var refusal *odata.Error
		switch {
		case len(a.by) > 0 || len(a.aggregates) > 0:
			refusal = odata.BadQuery("The transformation '%s' cannot follow an aggregation.", name)
		case name == "filter":
			var match query.Condition
			match, refusal = query.Filter(s, inside)
			a.match = both(a.match, match)
		case name == "aggregate":
			a.aggregates, refusal = parseAggregates(s, inside)
		case name == "groupby":
			refusal = parseGroups(s, a, inside)
		default:
			refusal = odata.BadQuery("'aggregate|filter|groupby|compute|expand' expected at position 0 in '%s'.", text)
		}
		if refusal != nil {
			return nil, refusal
		}
	}
	return a, nil
}

// parseGroups reads (columns),aggregate(...), the second of which may be missing.
func parseGroups(s *rows.Store, a *aggregation, inside string) (refusal *odata.Error) {
	parts, balanced := odata.SplitOutside(inside, ',')
	if !balanced || len(parts) > 2 || !strings.HasPrefix(parts[0], "(") || !strings.HasSuffix(parts[0], ")") {
		return odata.BadQuery("Syntax error at position 8 in 'groupby(%s)'.", inside)
	}
	for name := range strings.SplitSeq(strings.Trim(parts[0], "()"), ",") {
		c := s.CellOf(strings.TrimSpace(name))
		if c == nil {
			return odata.UnknownProperty(strings.TrimSpace(name), s.Table.LogicalName)
		}
		a.by = append(a.by, c)
	}
	if len(parts) == 2 {
		list, ok := strings.CutPrefix(strings.TrimSpace(parts[1]), "aggregate(")
		if !ok {
			return odata.BadQuery("Syntax error at position 8 in 'groupby(%s)'.", inside)
		}
		a.aggregates, refusal = parseAggregates(s, strings.TrimSuffix(list, ")"))
	}
	return refusal
}

// parseAggregates reads "column with method as name" and "$count as name", separated by commas.
func parseAggregates(s *rows.Store, inside string) ([]aggregate, *odata.Error) {
	var all []aggregate
	for item := range strings.SplitSeq(inside, ",") {
		words := strings.Fields(item)
		switch {
		case len(words) == 3 && words[0] == "$count" && words[1] == "as":
			all = append(all, aggregate{name: words[2]})
			continue
		case len(words) != 5 || words[1] != "with" || words[3] != "as":
			return nil, odata.BadQuery("Syntax error at position 0 in '%s'.", item)
		case !slices.Contains([]string{"sum", "average", "min", "max", "countdistinct"}, words[2]):
			return nil, odata.BadQuery("The aggregation method '%s' is not supported.", words[2])
		}
		c := s.CellOf(words[0])
		if c == nil {
			return nil, odata.UnknownProperty(words[0], s.Table.LogicalName)
		}
		if k := query.KindOf(c); (words[2] == "sum" || words[2] == "average") && k != query.WholeKind && k != query.FractionKind {
			return nil, odata.BadQuery("The aggregation method '%s' cannot be applied to '%s' of type '%s'.", words[2], words[0], k.EDMName())
		}
		all = append(all, aggregate{c, words[2], words[4]})
	}
	return all, nil
}

// apply serves an $apply over the rows of a table.
func apply(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	for _, name := range []string{"$select", "$filter", "$expand", "$top", "$skiptoken"} {
		if c.query.Present[name] {
			return nil, odata.BadQuery("The query option '%s' beside $apply is not supported by this simulator.", name)
		}
	}
	a, refusal := parseApply(c.store, c.query.Apply)
	if refusal != nil {
		return nil, refusal
	}
	groups, refusal := a.groups(c.store, both(a.match, visible(db, c.user, c.store)))
	if refusal != nil {
		return nil, refusal
	}
	body := odata.AppendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.Table.EntitySetName)
	body = append(body, `,"value":[`...)
	for i, g := range groups {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '{')
		start := len(body)
		for _, cell := range a.by {
			body = c.store.AppendOrNull(appendName(body, start, cell.Property), g.first, cell)
		}
		for _, value := range a.aggregates {
			body = value.append(appendName(body, start, value.name), c.store, g.rows)
		}
		body = append(body, '}')
	}
	return odata.NewReply(http.StatusOK).JSON(append(body, "]}"...)), nil
}

// groups gathers the rows, in the order of the values that they are grouped by. Without groupby all rows are one group,
// even if there are none.
func (a *aggregation) groups(s *rows.Store, match query.Condition) ([]*group, *odata.Error) {
	if len(a.by) == 0 {
		all := &group{}
		for r := range s.From(guid.ID{}) {
			if match == nil || match(r) {
				all.rows = append(all.rows, r)
			}
		}
		return []*group{all}, tooMany(len(all.rows))
	}
	var list []*group
	found, count := map[string]*group{}, 0
	for r := range s.From(guid.ID{}) {
		if match != nil && !match(r) {
			continue
		}
		var key []byte
		for _, c := range a.by {
			key = append(s.AppendOrNull(key, r, c), 0)
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
			if order := query.OperandOf(s, x.first, c).Compare(query.OperandOf(s, y.first, c)); order != 0 {
				return order
			}
		}
		return 0
	})
	return list, tooMany(count)
}

func tooMany(rows int) *odata.Error {
	if rows <= maxAggregated {
		return nil
	}
	return odata.Refuse(http.StatusBadRequest, "0x8004E023", "The maximum record limit is exceeded. Reduce the number of records.")
}

// append writes the value of an aggregate over rows, of which those with null do not count.
func (a aggregate) append(dst []byte, s *rows.Store, members []rows.Ref) []byte {
	if a.cell == nil {
		return strconv.AppendInt(dst, int64(len(members)), 10)
	}
	sum, count := new(big.Rat), 0
	distinct := map[string]bool{}
	var best rows.Ref
	for _, r := range members {
		raw := string(s.AppendValue(nil, r, a.cell))
		if raw == "" {
			continue
		}
		distinct[raw] = true
		if number, ok := new(big.Rat).SetString(raw); ok {
			sum.Add(sum, number)
		}
		order := 0
		if count > 0 {
			order = query.OperandOf(s, r, a.cell).Compare(query.OperandOf(s, best, a.cell))
		}
		if count == 0 || a.method == "min" && order < 0 || a.method == "max" && order > 0 {
			best = r
		}
		count++
	}
	switch {
	case a.method == "countdistinct":
		return strconv.AppendInt(dst, int64(len(distinct)), 10)
	case count == 0:
		return append(dst, "null"...)
	case a.method == "min" || a.method == "max":
		return s.AppendValue(dst, best, a.cell)
	case a.method == "average":
		sum.Quo(sum, big.NewRat(int64(count), 1))
	}
	if sum.IsInt() && query.KindOf(a.cell) == query.WholeKind {
		return append(dst, sum.Num().String()...)
	}
	return append(dst, sum.FloatString(rows.DecimalScale)...)
}
