package query

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Condition reports whether a row belongs to the response.
type Condition = odata.Predicate[rows.Ref]

// rowFilter turns a $filter over rows into a condition: comparisons with eq, ne, gt, ge, lt and le, and the functions
// contains, startswith and endswith (Microsoft, "Filter rows using OData"), and some of Dataverse's own functions.
type rowFilter struct {
	odata.Expression[rows.Ref]
	store *rows.Store
}

// Filter compiles the text. Nil is every row.
func Filter(s *rows.Store, text string) (Condition, *odata.Error) {
	f := &rowFilter{store: s}
	f.Comparison = f.compare
	return f.Parse(text)
}

func (f *rowFilter) compare() (Condition, *odata.Error) {
	for _, name := range []string{"contains", "startswith", "endswith"} {
		if f.Take(name) {
			return f.function(name)
		}
	}
	if t, ok := f.Peek(); ok && !t.Quoted && strings.HasPrefix(t.Text, odata.ActionPrefix) {
		return f.queryFunction()
	}
	return f.relation()
}

// syntaxHere returns the error for a text that cannot be parsed from the next token on.
func (f *rowFilter) syntaxHere() *odata.Error {
	t, _ := f.Peek()
	return f.Syntax(t.At)
}

// property reads the name of a property.
func (f *rowFilter) property() (*rows.Cell, *odata.Error) {
	if f.Next >= len(f.Tokens) || f.Tokens[f.Next].Quoted {
		return nil, f.syntaxHere()
	}
	name := f.Tokens[f.Next].Text
	if f.Next+1 < len(f.Tokens) && f.Tokens[f.Next+1].Text == "(" && !f.Tokens[f.Next+1].Quoted {
		return nil, odata.BadQuery("The function '%s' is not supported by this simulator.", name)
	}
	c := f.store.CellOf(name)
	if c == nil {
		return nil, odata.UnknownProperty(name, f.store.Table.LogicalName)
	}
	f.Next++
	return c, nil
}

func (f *rowFilter) function(name string) (Condition, *odata.Error) {
	if !f.Take("(") {
		return nil, f.syntaxHere()
	}
	c, refusal := f.property()
	if refusal != nil {
		return nil, refusal
	}
	if !f.Take(",") || f.Next >= len(f.Tokens) || !f.Tokens[f.Next].Quoted || KindOf(c) != textKind {
		return nil, f.syntaxHere()
	}
	wanted := fold(f.Tokens[f.Next].Text)
	f.Next++
	if !f.Take(")") {
		return nil, f.syntaxHere()
	}
	test := strings.Contains
	switch name {
	case "startswith":
		test = strings.HasPrefix
	case "endswith":
		test = strings.HasSuffix
	}
	s := f.store
	return func(r rows.Ref) bool {
		value := OperandOf(s, r, c)
		return !value.Null && test(value.text, wanted)
	}, nil
}

func (f *rowFilter) relation() (Condition, *odata.Error) {
	c, refusal := f.property()
	if refusal != nil {
		return nil, refusal
	}
	if f.Next+1 >= len(f.Tokens) {
		f.Next = len(f.Tokens)
		return nil, f.syntaxHere()
	}
	operator, literal := f.Tokens[f.Next].Text, f.Tokens[f.Next+1]
	holds := comparator(operator)
	if holds == nil || f.Tokens[f.Next].Quoted {
		return nil, f.syntaxHere()
	}
	wanted, refusal := f.literal(c, operator, literal)
	if refusal != nil {
		return nil, refusal
	}
	f.Next += 2
	s := f.store
	if c.Role == rows.KeyRole && !wanted.Null && operator != "eq" && operator != "ne" && s.Comparison != rows.KeysCompared {
		return otherComparison(s.Comparison, holds, wanted)
	}
	return func(r rows.Ref) bool {
		value := OperandOf(s, r, c)
		if value.Null != wanted.Null {
			return operator == "ne"
		}
		return holds(value.Compare(wanted))
	}, nil
}

// comparator returns what an operator makes of a comparison; nil for an unknown one.
func comparator(operator string) func(int) bool {
	allowed := map[string][]int{"eq": {0}, "ne": {-1, 1}, "gt": {1}, "ge": {0, 1}, "lt": {-1}, "le": {-1, 0}}[operator]
	if allowed == nil {
		return nil
	}
	return func(c int) bool { return slices.Contains(allowed, c) }
}

// operatorKind returns an operator's name in the messages of the OData library.
func operatorKind(operator string) string {
	return map[string]string{
		"eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual", "lt": "LessThan", "le": "LessThanOrEqual",
	}[operator]
}

// literal reads the right side of a comparison. Strings and choices are quoted, everything else is bare.
func (f *rowFilter) literal(c *rows.Cell, operator string, t odata.FilterToken) (Operand, *odata.Error) {
	k := KindOf(c)
	if t.Text == "null" && !t.Quoted {
		return Operand{Null: true, kind: k}, nil
	}
	if o, ok := k.Parse(t.Text); ok && t.Quoted == (k == textKind) {
		return o, nil
	}
	found := "Edm.String"
	if !t.Quoted {
		found = literalType(t.Text)
	}
	if found == "" {
		return Operand{}, odata.UnknownProperty(t.Text, f.store.Table.LogicalName)
	}
	return Operand{}, odata.Refuse(http.StatusBadRequest, "0x80060888",
		"A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind '%s'.",
		k.EDMName(), found, operatorKind(operator))
}

// literalType returns the type that a bare literal has by its looks; empty for a name.
func literalType(text string) string {
	for _, k := range []Kind{WholeKind, FractionKind, flagKind, guidKind, dateKind} {
		if _, ok := k.Parse(text); ok {
			return k.EDMName()
		}
	}
	return ""
}
