package webapi

import (
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// showing is what a response shows of each row.
type showing struct {
	cells    []*rows.Cell
	selected bool // by $select: in its order; else values come before nulls
	context  string
	expanded []*related
	user     string // to whom it is shown
}

// project chooses the properties for a $select. The service adds some that were not asked for: the key, the currency
// of an amount, the owner of an elastic row (Microsoft, "Select columns using OData").
func project(s *rows.Store, selected string) (showing, *odata.Error) {
	if selected == "" || selected == "*" {
		return showing{cells: s.Cells}, nil
	}
	names, refusal := odata.SplitSelect(selected)
	if refusal != nil || names == nil {
		return showing{cells: s.Cells}, refusal
	}
	p := showing{selected: true}
	for _, name := range names {
		c := s.CellOf(name)
		if c == nil {
			return p, odata.UnknownProperty(name, s.Table.LogicalName)
		}
		p.add(c)
	}
	p.context = "(" + strings.Join(names, ",") + ")"
	for _, name := range added(s, p.cells) {
		if c := s.CellOf(name); c != nil {
			p.add(c)
		}
	}
	return p, nil
}

func (p *showing) add(c *rows.Cell) {
	if !slices.Contains(p.cells, c) {
		p.cells = append(p.cells, c)
	}
}

// added returns the properties that the service adds to those selected.
func added(s *rows.Store, selected []*rows.Cell) []string {
	more := []string{s.Table.PrimaryID, s.Table.KeyProperty()}
	for _, c := range selected {
		switch {
		case c.Column == nil:
		case c.Column.Type == schema.Money:
			more = append(more, "_transactioncurrencyid_value")
		case strings.HasPrefix(c.Property, "address1_"):
			more = append(more, "address1_composite")
		case strings.HasPrefix(c.Property, "address2_"):
			more = append(more, "address2_composite")
		}
	}
	if s.Table.Type == schema.Elastic {
		more = append(more, "versionnumber", "partitionid", "_ownerid_value", "_owningbusinessunit_value")
	}
	return more
}
