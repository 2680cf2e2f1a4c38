package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// sorting is an $orderby: columns, each ascending or descending, and the primary key as the last.
type sorting struct {
	env   *Environment
	store *store
	by    []sortColumn
}

type sortColumn struct {
	cell       *cell
	kind       kind
	descending bool
}

// sorted is a row with the values it is sorted by.
type sorted struct {
	ref  ref
	keys []operand
	text []position
}

// order compiles an $orderby. Nil is the order of the primary key, in which rows are kept.
func (e *Environment) order(s *store, text string) (*sorting, *apiError) {
	if text == "" {
		return nil, nil // no order is the natural one
	}
	o := &sorting{env: e, store: s}
	for item := range strings.SplitSeq(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, badQuery("Syntax error at position %d in '%s'.", len(text), text)
		}
		c := s.cellOf(words[0])
		if c == nil {
			return nil, unknownProperty(words[0], s.table.LogicalName)
		}
		if c.column != nil && (c.column.Type == MultiSelectPicklist || c.column.Type == Image || c.column.Type == ManagedProperty) {
			return nil, refuse(http.StatusBadRequest, "0x80050224", "GroupBy or OrderBy Query is not supported for %s Attribute Type.", c.column.Type)
		}
		by := sortColumn{cell: c, kind: kindOf(c), descending: len(words) == 2 && words[1] == "desc"}
		if by.lookup() {
			by.kind = textKind
		}
		o.by = append(o.by, by)
	}
	return o, nil
}

func (o *sorting) keys(r ref) sorted {
	row := sorted{ref: r, keys: make([]operand, len(o.by)), text: make([]position, len(o.by))}
	for i, by := range o.by {
		if by.lookup() {
			row.keys[i], row.text[i] = o.nameOf(r, by.cell)
			continue
		}
		row.keys[i] = o.store.operandOf(r, by.cell)
		raw := o.store.appendValue(nil, r, by.cell)
		row.text[i] = position{text: plain(raw), null: row.keys[i].null}
	}
	return row
}

// lookup says whether the order is that of the related rows' names (Microsoft, "Order rows using OData").
func (c sortColumn) lookup() bool { return c.cell.column != nil && c.cell.column.IsLookup() }

// nameOf is the primary name of the row that a lookup points to.
func (o *sorting) nameOf(r ref, c *cell) (operand, position) {
	if to, ok := o.store.points(r, c); ok {
		if name, ok := o.env.primaryName(to); ok {
			return operand{kind: textKind, text: fold(name)}, position{text: name}
		}
	}
	return operand{kind: textKind, null: true}, position{null: true}
}

func (o *sorting) compare(a, b sorted) int {
	if len(b.keys) == 0 { // no row: everything comes behind it
		return 1
	}
	for i, by := range o.by {
		c := a.keys[i].compare(b.keys[i])
		if by.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return a.ref.id.compare(b.ref.id)
}

// after is the row that a cookie stands at.
func (o *sorting) after(c cookie) (sorted, *apiError) {
	if len(c.marks) != len(o.by)+1 || c.marks[len(o.by)].column != o.store.table.PrimaryID {
		return sorted{}, wrongOrder()
	}
	id, ok := c.marks[len(o.by)].last.id()
	if !ok {
		return sorted{}, badCookie()
	}
	last := sorted{ref: ref{id: id}, keys: make([]operand, len(o.by))}
	for i, by := range o.by {
		m := c.marks[i]
		if m.column != by.name() {
			return sorted{}, wrongOrder()
		}
		last.keys[i] = operand{null: true, kind: by.kind}
		if !m.last.null {
			if last.keys[i], ok = by.kind.parse(m.last.text); !ok {
				return sorted{}, badCookie()
			}
		}
	}
	return last, nil
}

// name is the column in a cookie: the logical name.
func (c sortColumn) name() string {
	if c.cell.column == nil {
		return c.cell.property
	}
	return c.cell.column.LogicalName
}

// first sorts the rows and keeps the first n.
func (o *sorting) first(rows []sorted, n int) []sorted {
	slices.SortFunc(rows, o.compare)
	return rows[:min(n, len(rows))]
}

// marks are the columns of the cookie behind a page.
func (o *sorting) marks(first, last sorted) []mark {
	var all []mark
	for i, by := range o.by {
		all = append(all, mark{by.name(), first.text[i], last.text[i]})
	}
	return append(all, mark{o.store.table.PrimaryID, idPosition(first.ref.id), idPosition(last.ref.id)})
}
