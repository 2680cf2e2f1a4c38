package webapi

import (
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/metadata"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// maxExpansions is how many $expand a query may have (Microsoft, "Join tables using OData").
const maxExpansions = 15

// related is a navigation property of $expand: what it leads to, and what is shown of that.
type related struct {
	name   string
	to     *rows.Store
	column *schema.Column     // of the lookup that is followed; nil for collections
	link   *metadata.Relation // of a collection
	match  query.Condition
	order  *query.Sorting
	top    int // of a collection; -1: all
	show   showing
}

// expand compiles an $expand over the rows of a table. The caller holds the lock.
func expand(db *rows.Database, user string, s *rows.Store, text string, remaining int) ([]*related, *odata.Error) {
	parts, balanced := odata.SplitOutside(text, ',')
	if !balanced {
		return nil, odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
	}
	if len(parts) > remaining {
		return nil, odata.BadQuery("The number of expanded properties in the query exceeds the limit of %d.", maxExpansions)
	}
	var all []*related
	for _, part := range parts {
		name, inside, nested := strings.Cut(strings.TrimSpace(part), "(")
		x, refusal := navigate(db, s, name)
		if refusal != nil {
			return nil, refusal
		}
		if refusal := mayRead(db, user, x.to.Table); refusal != nil {
			return nil, refusal
		}
		if !nested {
			inside = ")"
		}
		if refusal := refine(db, user, x, strings.TrimSuffix(inside, ")"), remaining-len(parts)); refusal != nil {
			return nil, refusal
		}
		all = append(all, x)
	}
	return all, nil
}

// navigate finds what a navigation property leads to.
func navigate(db *rows.Database, s *rows.Store, name string) (*related, *odata.Error) {
	if c := edit.Navigation(s, name); c != nil {
		for _, target := range c.Targets {
			if to := db.Stores[target]; to != nil && schema.NavigationName(s.Table, c, target) == name {
				return &related{name: name, to: to, column: c, top: -1}, nil
			}
		}
	}
	tables := make([]*schema.Table, 0, len(db.Stores))
	for _, other := range db.Stores {
		tables = append(tables, other.Table)
	}
	for _, r := range metadata.Relations(tables) {
		if r.Name() != name {
			continue
		}
		switch {
		case r.Between == nil && r.First == s.Table:
			return &related{name: name, to: db.Stores[r.Second.LogicalName], link: &r, top: -1}, nil
		case r.Between != nil && r.First == s.Table:
			return &related{name: name, to: db.Stores[r.Second.LogicalName], link: &r, top: -1}, nil
		case r.Between != nil && r.Second == s.Table:
			return &related{name: name, to: db.Stores[r.First.LogicalName], link: &r, top: -1}, nil
		}
	}
	return nil, odata.UnknownProperty(name, s.Table.LogicalName)
}

// refine reads the options inside an expansion: $select, $expand, and for collections $filter, $orderby and $top.
func refine(db *rows.Database, user string, x *related, inside string, remaining int) (refusal *odata.Error) {
	options, balanced := odata.SplitOutside(inside, ';')
	if !balanced {
		return odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(inside), inside)
	}
	selected, deeper := "", ""
	for _, option := range options {
		name, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		switch {
		case name == "":
		case name == "$select":
			selected = value
		case name == "$expand":
			deeper = value
		case x.link == nil:
			return odata.BadQuery("The query option '%s' cannot be applied to the single-valued navigation property '%s'.", name, x.name)
		case name == "$filter":
			x.match, refusal = query.Filter(x.to, value)
		case name == "$orderby":
			x.order, refusal = query.Order(db, x.to, value)
		case name == "$top":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return odata.BadQuery("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", value)
			}
			x.top = n
		default:
			return odata.BadQuery("The query option '%s' is not supported inside $expand.", name)
		}
		if refusal != nil {
			return refusal
		}
	}
	x.match = both(x.match, visible(db, user, x.to))
	x.show, refusal = shown(db, user, x.to, selected, deeper, remaining)
	return refusal
}

// shown returns what a response to a user shows of each row by $select and $expand.
func shown(db *rows.Database, user string, s *rows.Store, selected, expanded string, remaining int) (showing, *odata.Error) {
	show, refusal := project(s, selected)
	show.user = user
	if refusal != nil || expanded == "" {
		return show, refusal
	}
	if show.expanded, refusal = expand(db, user, s, expanded, remaining); refusal != nil {
		return show, refusal
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(show.context, "("), ")")
	for _, x := range show.expanded {
		context := x.name + x.show.context
		if x.show.context == "" {
			context += "()"
		}
		inner = strings.TrimPrefix(inner+","+context, ",")
	}
	show.context = "(" + inner + ")"
	return show, nil
}

// appendRelated writes the value of an expanded navigation property: a row or null, or a list of rows.
func appendRelated(db *rows.Database, dst []byte, s *rows.Store, r rows.Ref, x *related, prefer odata.Preferences) []byte {
	if s.Table.Flat {
		return append(dst, "null"...)
	}
	rows := newRowWriter(db, x.to, x.show, prefer)
	if x.column != nil {
		to, points := s.Points(r, s.CellOf(x.column.Property()))
		row, found := x.to.Find(to.ID)
		if !points || !found || to.Table != x.to.Table.LogicalName || x.match != nil && !x.match(row) {
			return append(dst, "null"...)
		}
		return rows.append(dst, row)
	}
	dst = append(dst, '[')
	for i, row := range collection(db, s, r, x) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rows.append(dst, row)
	}
	return append(dst, ']')
}

// collection returns the rows that a row is related to.
func collection(db *rows.Database, s *rows.Store, r rows.Ref, x *related) []rows.Ref {
	var found []rows.Ref
	take := func(row rows.Ref) {
		if x.match == nil || x.match(row) {
			found = append(found, row)
		}
	}
	if between := x.link.Between; between != nil {
		pairs := db.Stores[between.LogicalName]
		here, there := pairs.CellOf(s.Table.PrimaryID), pairs.CellOf(x.to.Table.PrimaryID)
		for pair := range pairs.From(guid.ID{}) {
			if row, ok := x.to.Find(query.OperandOf(pairs, pair, there).Guid); ok && query.OperandOf(pairs, pair, here).Guid == r.ID {
				take(row)
			}
		}
	} else {
		cell := x.to.CellOf(x.link.Column.Property())
		for row := range x.to.From(guid.ID{}) {
			if to, points := x.to.Points(row, cell); points && to.ID == r.ID && to.Table == s.Table.LogicalName {
				take(row)
			}
		}
	}
	if x.order != nil {
		slices.SortFunc(found, func(a, b rows.Ref) int { return x.order.Compare(x.order.Keys(a), x.order.Keys(b)) })
	}
	if x.top >= 0 {
		found = found[:min(x.top, len(found))]
	}
	return found
}
