package query

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Sorting is an $orderby: columns, each ascending or descending, and the primary key as the last.
type Sorting struct {
	env   *rows.Database
	store *rows.Store
	by    []sortColumn
	page  int // rows with equal values are in an order that this page alone has; 0: in that of the primary key
}

type sortColumn struct {
	cell       *rows.Cell
	kind       Kind
	descending bool
}

// Sorted is a row with the values it is sorted by.
type Sorted struct {
	Ref  rows.Ref
	keys []Operand
	text []Position
}

// Order compiles an $orderby. Nil is the order of the primary key, in which rows are kept.
func Order(db *rows.Database, s *rows.Store, text string) (*Sorting, *odata.Error) {
	if text == "" {
		return nil, nil // no order is the natural one
	}
	if key := s.Table.PrimaryID; s.Table.Type != schema.Virtual && (text == key || text == key+" asc") {
		return nil, nil // the natural one is that of the primary key
	}
	o := &Sorting{env: db, store: s}
	for item := range strings.SplitSeq(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, odata.BadQuery("Syntax error at position %d in '%s'.", len(text), text)
		}
		c := s.CellOf(words[0])
		if c == nil {
			return nil, odata.UnknownProperty(words[0], s.Table.LogicalName)
		}
		if c.Column != nil && (c.Column.Type == schema.MultiSelectPicklist || c.Column.Type == schema.Image || c.Column.Type == schema.ManagedProperty) {
			return nil, odata.Refuse(http.StatusBadRequest, "0x80050224", "GroupBy or OrderBy Query is not supported for %s Attribute Type.", c.Column.Type)
		}
		by := sortColumn{cell: c, kind: KindOf(c), descending: len(words) == 2 && words[1] == "desc"}
		if by.lookup() {
			by.kind = textKind
		}
		o.by = append(o.by, by)
	}
	return o, nil
}

// Keys returns a row with its values in the columns of the order.
func (o *Sorting) Keys(r rows.Ref) Sorted {
	row := Sorted{Ref: r, keys: make([]Operand, len(o.by)), text: make([]Position, len(o.by))}
	for i, by := range o.by {
		if by.lookup() {
			row.keys[i], row.text[i] = o.nameOf(r, by.cell)
			continue
		}
		row.keys[i] = OperandOf(o.store, r, by.cell)
		raw := o.store.AppendValue(nil, r, by.cell)
		row.text[i] = Position{Text: odata.Plain(raw), null: row.keys[i].Null}
	}
	return row
}

// lookup reports whether the order is that of the related rows' names (Microsoft, "Order rows using OData").
func (c sortColumn) lookup() bool { return c.cell.Column != nil && c.cell.Column.IsLookup() }

// nameOf returns the primary name of the row that a lookup points to.
func (o *Sorting) nameOf(r rows.Ref, c *rows.Cell) (Operand, Position) {
	if to, ok := o.store.Points(r, c); ok {
		if name, ok := o.env.PrimaryName(to); ok {
			return Operand{kind: textKind, text: fold(name)}, Position{Text: name}
		}
	}
	return Operand{kind: textKind, Null: true}, Position{null: true}
}

// Compare orders two rows as cmp.Compare does.
func (o *Sorting) Compare(a, b Sorted) int {
	if len(b.keys) == 0 { // no row: everything comes after it
		return 1
	}
	for i, by := range o.by {
		c := a.keys[i].Compare(b.keys[i])
		if by.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	if o.page > 0 && a.Ref.ID != b.Ref.ID {
		return cmp.Compare(o.rank(a.Ref.ID), o.rank(b.Ref.ID))
	}
	return a.Ref.ID.Compare(b.Ref.ID)
}

// Unsettle puts rows with equal values in another order on each page, unless the order names a column without equal values:
// the primary key or the row version.
func (o *Sorting) Unsettle(page int) {
	if !slices.ContainsFunc(o.by, func(by sortColumn) bool { return by.cell.Role == rows.KeyRole || by.cell.Role == rows.VersionRole }) {
		o.page = page
	}
}

// rank returns where a row stands among those with equal values.
func (o *Sorting) rank(id guid.ID) uint64 {
	return rows.Draw(rows.HashString(string(id[:])), rows.Word(o.page))
}

// After returns the row that a cookie stands at.
func (o *Sorting) After(c Cookie) (Sorted, *odata.Error) {
	if len(c.Marks) != len(o.by)+1 || c.Marks[len(o.by)].Column != o.store.Table.PrimaryID {
		return Sorted{}, WrongOrder()
	}
	id, ok := c.Marks[len(o.by)].Last.ID()
	if !ok {
		return Sorted{}, odata.BadCookie()
	}
	last := Sorted{Ref: rows.Ref{ID: id}, keys: make([]Operand, len(o.by))}
	for i, by := range o.by {
		m := c.Marks[i]
		if m.Column != by.name() {
			return Sorted{}, WrongOrder()
		}
		last.keys[i] = Operand{Null: true, kind: by.kind}
		if !m.Last.null {
			if last.keys[i], ok = by.kind.Parse(m.Last.Text); !ok {
				return Sorted{}, odata.BadCookie()
			}
		}
	}
	return last, nil
}

// name returns the column in a cookie: the logical name.
func (c sortColumn) name() string {
	if c.cell.Column == nil {
		return c.cell.Property
	}
	return c.cell.Column.LogicalName
}

// First sorts the rows and keeps the first n.
func (o *Sorting) First(rows []Sorted, n int) []Sorted {
	slices.SortFunc(rows, o.Compare)
	return rows[:min(n, len(rows))]
}

// Marks returns the columns of the cookie after a page.
func (o *Sorting) Marks(first, last Sorted) []Mark {
	var all []Mark
	for i, by := range o.by {
		all = append(all, Mark{by.name(), first.text[i], last.text[i]})
	}
	return append(all, Mark{o.store.Table.PrimaryID, IDPosition(first.Ref.ID), IDPosition(last.Ref.ID)})
}
