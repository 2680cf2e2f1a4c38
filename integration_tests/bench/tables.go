package main

import (
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// tablePrefix is the prefix of the tables that are measured. The environment also has ordinary tables, to which lookups
// point.
const tablePrefix = "bench_"

// shape is the number of columns of each kind. Each of Amounts is two columns.
type shape struct {
	Texts, Memos, Lookups, Choices, Flags, Amounts, Moments, Counters int
	Blanks                                                            int // that are null in every row
}

// wide has about as many columns as account. Its rows have about 3.4 kB, half of it the names of columns that are null.
func wide() shape {
	return shape{Texts: 30, Memos: 1, Lookups: 16, Choices: 18, Flags: 12, Amounts: 8, Moments: 12, Counters: 11, Blanks: 28}
}

// narrow has few columns, like most custom tables.
func narrow() shape {
	return shape{Texts: 3, Lookups: 1, Choices: 1, Flags: 1, Amounts: 1, Moments: 1, Counters: 1}
}

// deep has as many columns as discovery has to handle.
func deep(columns int) shape {
	s := shape{Memos: 2, Lookups: columns / 8, Choices: columns / 8, Flags: columns / 10, Moments: columns / 12, Counters: columns / 12}
	s.Amounts = columns / 20
	s.Texts = columns - s.Memos - s.Lookups - s.Choices - s.Flags - s.Moments - s.Counters - 2*s.Amounts - ordinaryColumns
	return s
}

// ordinaryColumns is the number of columns that every table has.
const ordinaryColumns = 7

// table returns the n-th table of a shape.
func (s shape) table(n int) *schema.Table {
	name := fmt.Sprintf("%stable%04d", tablePrefix, n)
	const firstTypeCode = 20_000
	t := &schema.Table{
		LogicalName: name, SchemaName: name, EntitySetName: name + "s", CollectionName: name + "s",
		PrimaryID: name + "id", PrimaryName: "name", Type: schema.Standard, Ownership: "UserOwned",
		TypeCode: firstTypeCode + n, Tracked: true, CanBeTracked: true,
	}
	t.Columns = append(s.columns(),
		schema.Column{LogicalName: t.PrimaryID, Type: schema.Uniqueidentifier, PrimaryID: true},
		schema.Column{LogicalName: t.PrimaryName, Type: schema.String, MaxLength: 100},
		schema.Column{LogicalName: "createdon", Type: schema.DateTime, Behavior: schema.UserLocal},
		schema.Column{LogicalName: "modifiedon", Type: schema.DateTime, Behavior: schema.UserLocal},
		schema.Column{LogicalName: "versionnumber", Type: schema.BigInt},
		schema.Column{LogicalName: "ownerid", Type: schema.Owner, Targets: []string{"systemuser", "team"}},
		schema.Column{LogicalName: "statecode", Type: schema.State, Options: []schema.Option{{Label: "Active"}, {Value: 1, Label: "Inactive"}}},
	)
	for i := range t.Columns {
		t.Columns[i].SchemaName = t.Columns[i].LogicalName
	}
	slices.SortFunc(t.Columns, func(a, b schema.Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return t
}

// columns returns the columns of the shape.
func (s shape) columns() []schema.Column {
	var all []schema.Column
	add := func(n int, kind string, c schema.Column) {
		for i := range n {
			c.LogicalName = fmt.Sprintf("%s%02d", kind, i)
			all = append(all, c)
		}
	}
	add(s.Blanks, "blank", schema.Column{Type: schema.String, MaxLength: 200, Secured: true})
	choices := []schema.Option{{Value: 1, Label: "Low"}, {Value: 2, Label: "Normal"}, {Value: 3, Label: "High"}}
	add(s.Texts, "text", schema.Column{Type: schema.String, MaxLength: 200})
	add(s.Memos, "memo", schema.Column{Type: schema.Memo, MaxLength: 2000})
	add(s.Lookups, "lookup", schema.Column{Type: schema.Lookup, Targets: []string{"account"}})
	add(s.Choices, "choice", schema.Column{Type: schema.Picklist, Options: choices})
	add(s.Flags, "flag", schema.Column{Type: schema.Boolean, Options: []schema.Option{{Label: "No"}, {Value: 1, Label: "Yes"}}})
	add(s.Moments, "moment", schema.Column{Type: schema.DateTime, Behavior: schema.UserLocal})
	add(s.Counters, "counter", schema.Column{Type: schema.Integer, Max: 10_000})
	const maxAmount = 1_000_000
	for i := range s.Amounts { // each with its companion in the base currency
		name := fmt.Sprintf("amount%02d", i)
		all = append(all,
			schema.Column{LogicalName: name, Type: schema.Money, Precision: 2, Max: maxAmount},
			schema.Column{LogicalName: name + "_base", Type: schema.Money, Precision: 4, Max: maxAmount})
	}
	return all
}
