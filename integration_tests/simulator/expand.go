package simulator

import (
	"slices"
	"strconv"
	"strings"
)

// maxExpansions is how many $expand a query may have (Microsoft, "Join tables using OData").
const maxExpansions = 15

// related is a navigation property of $expand: what it leads to, and what is shown of that.
type related struct {
	name   string
	to     *store
	column *Column   // of the lookup that is followed; nil for collections
	link   *relation // of a collection
	match  condition
	order  *sorting
	top    int // of a collection; -1: all
	show   showing
}

// expand compiles an $expand over the rows of a table. The caller holds the lock.
func (e *Environment) expand(s *store, text string, room int) ([]*related, *apiError) {
	parts, balanced := splitOutside(text, ',')
	if !balanced {
		return nil, badQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
	}
	if len(parts) > room {
		return nil, badQuery("The number of expanded properties in the query exceeds the limit of %d.", maxExpansions)
	}
	var all []*related
	for _, part := range parts {
		name, inside, nested := strings.Cut(strings.TrimSpace(part), "(")
		x, refusal := e.navigate(s, name)
		if refusal != nil {
			return nil, refusal
		}
		if refusal := e.mayRead(x.to.table); refusal != nil {
			return nil, refusal
		}
		if !nested {
			inside = ")"
		}
		if refusal := e.refine(x, strings.TrimSuffix(inside, ")"), room-len(parts)); refusal != nil {
			return nil, refusal
		}
		all = append(all, x)
	}
	return all, nil
}

// navigate finds what a navigation property leads to.
func (e *Environment) navigate(s *store, name string) (*related, *apiError) {
	if c := s.navigation(name); c != nil {
		for _, target := range c.Targets {
			if to := e.stores[target]; to != nil && navigationName(s.table, c, target) == name {
				return &related{name: name, to: to, column: c, top: -1}, nil
			}
		}
	}
	tables := make([]*Table, 0, len(e.stores))
	for _, other := range e.stores {
		tables = append(tables, other.table)
	}
	for _, r := range relations(tables) {
		if r.name() != name {
			continue
		}
		switch {
		case r.between == nil && r.first == s.table:
			return &related{name: name, to: e.stores[r.second.LogicalName], link: &r, top: -1}, nil
		case r.between != nil && r.first == s.table:
			return &related{name: name, to: e.stores[r.second.LogicalName], link: &r, top: -1}, nil
		case r.between != nil && r.second == s.table:
			return &related{name: name, to: e.stores[r.first.LogicalName], link: &r, top: -1}, nil
		}
	}
	return nil, unknownProperty(name, s.table.LogicalName)
}

// refine reads the options inside an expansion: $select, $expand, and for collections $filter, $orderby and $top.
func (e *Environment) refine(x *related, inside string, room int) (refusal *apiError) {
	options, balanced := splitOutside(inside, ';')
	if !balanced {
		return badQuery("')' or ',' expected at position %d in '%s'.", len(inside), inside)
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
			return badQuery("The query option '%s' cannot be applied to the single-valued navigation property '%s'.", name, x.name)
		case name == "$filter":
			x.match, refusal = x.to.filter(value)
		case name == "$orderby":
			x.order, refusal = e.order(x.to, value)
		case name == "$top":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return badQuery("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", value)
			}
			x.top = n
		default:
			return badQuery("The query option '%s' is not supported inside $expand.", name)
		}
		if refusal != nil {
			return refusal
		}
	}
	x.match = both(x.match, e.visible(x.to))
	x.show, refusal = e.shown(x.to, selected, deeper, room)
	return refusal
}

// shown is what an answer shows of each row by $select and $expand.
func (e *Environment) shown(s *store, selected, expanded string, room int) (showing, *apiError) {
	show, refusal := s.project(selected)
	if refusal != nil || expanded == "" {
		return show, refusal
	}
	if show.expanded, refusal = e.expand(s, expanded, room); refusal != nil {
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
func (e *Environment) appendRelated(dst []byte, s *store, r ref, x *related, prefer preferences) []byte {
	rows := e.newRowWriter(x.to, x.show, prefer)
	if x.column != nil {
		to, points := s.points(r, s.cellOf(x.column.Property()))
		row, found := x.to.find(to.id)
		if !points || !found || to.table != x.to.table.LogicalName || x.match != nil && !x.match(row) {
			return append(dst, "null"...)
		}
		return rows.append(dst, row)
	}
	dst = append(dst, '[')
	for i, row := range e.collection(s, r, x) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rows.append(dst, row)
	}
	return append(dst, ']')
}

// collection are the rows that a row is related to.
func (e *Environment) collection(s *store, r ref, x *related) []ref {
	var found []ref
	take := func(row ref) {
		if x.match == nil || x.match(row) {
			found = append(found, row)
		}
	}
	if between := x.link.between; between != nil {
		pairs := e.stores[between.LogicalName]
		here, there := pairs.cellOf(s.table.PrimaryID), pairs.cellOf(x.to.table.PrimaryID)
		for pair := range pairs.from(rowID{}) {
			if row, ok := x.to.find(pairs.operandOf(pair, there).guid); ok && pairs.operandOf(pair, here).guid == r.id {
				take(row)
			}
		}
	} else {
		cell := x.to.cellOf(x.link.column.Property())
		for row := range x.to.from(rowID{}) {
			if to, points := x.to.points(row, cell); points && to.id == r.id && to.table == s.table.LogicalName {
				take(row)
			}
		}
	}
	if x.order != nil {
		slices.SortFunc(found, func(a, b ref) int { return x.order.compare(x.order.keys(a), x.order.keys(b)) })
	}
	if x.top >= 0 {
		found = found[:min(x.top, len(found))]
	}
	return found
}
