package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// condition says whether a row belongs to the answer.
type condition = predicate[ref]

// rowFilter turns a $filter over rows into a condition: comparisons with eq, ne, gt, ge, lt and le, and the functions
// contains, startswith and endswith (Microsoft, "Filter rows using OData"), and some of Dataverse's own functions.
type rowFilter struct {
	expression[ref]
	store *store
}

// filter compiles the text. Nil is every row.
func (s *store) filter(text string) (condition, *apiError) {
	f := &rowFilter{store: s}
	f.comparison = f.compare
	return f.parse(text)
}

func (f *rowFilter) compare() (condition, *apiError) {
	for _, name := range []string{"contains", "startswith", "endswith"} {
		if f.take(name) {
			return f.function(name)
		}
	}
	if t, ok := f.peek(); ok && !t.quoted && strings.HasPrefix(t.text, actionPrefix) {
		return f.queryFunction()
	}
	return f.relation()
}

// syntaxHere is the answer to a text that cannot be read from the next token on.
func (f *rowFilter) syntaxHere() *apiError {
	t, _ := f.peek()
	return f.syntax(t.at)
}

// property takes the name of a property.
func (f *rowFilter) property() (*cell, *apiError) {
	if f.next >= len(f.tokens) || f.tokens[f.next].quoted {
		return nil, f.syntaxHere()
	}
	name := f.tokens[f.next].text
	if f.next+1 < len(f.tokens) && f.tokens[f.next+1].text == "(" && !f.tokens[f.next+1].quoted {
		return nil, badQuery("The function '%s' is not supported by this simulator.", name)
	}
	c := f.store.cellOf(name)
	if c == nil {
		return nil, unknownProperty(name, f.store.table.LogicalName)
	}
	f.next++
	return c, nil
}

func (f *rowFilter) function(name string) (condition, *apiError) {
	if !f.take("(") {
		return nil, f.syntaxHere()
	}
	c, refusal := f.property()
	if refusal != nil {
		return nil, refusal
	}
	if !f.take(",") || f.next >= len(f.tokens) || !f.tokens[f.next].quoted || kindOf(c) != textKind {
		return nil, f.syntaxHere()
	}
	wanted := fold(f.tokens[f.next].text)
	f.next++
	if !f.take(")") {
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
	return func(r ref) bool {
		value := s.operandOf(r, c)
		return !value.null && test(value.text, wanted)
	}, nil
}

func (f *rowFilter) relation() (condition, *apiError) {
	c, refusal := f.property()
	if refusal != nil {
		return nil, refusal
	}
	if f.next+1 >= len(f.tokens) {
		f.next = len(f.tokens)
		return nil, f.syntaxHere()
	}
	operator, literal := f.tokens[f.next].text, f.tokens[f.next+1]
	holds := comparator(operator)
	if holds == nil || f.tokens[f.next].quoted {
		return nil, f.syntaxHere()
	}
	wanted, refusal := f.literal(c, operator, literal)
	if refusal != nil {
		return nil, refusal
	}
	f.next += 2
	s := f.store
	return func(r ref) bool {
		value := s.operandOf(r, c)
		if value.null != wanted.null {
			return operator == "ne"
		}
		return holds(value.compare(wanted))
	}, nil
}

// comparator is what an operator makes of a comparison; nil for an unknown one.
func comparator(operator string) func(int) bool {
	allowed := map[string][]int{"eq": {0}, "ne": {-1, 1}, "gt": {1}, "ge": {0, 1}, "lt": {-1}, "le": {-1, 0}}[operator]
	if allowed == nil {
		return nil
	}
	return func(c int) bool { return slices.Contains(allowed, c) }
}

// operatorKind is an operator's name in the messages of the OData library.
func operatorKind(operator string) string {
	return map[string]string{
		"eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual", "lt": "LessThan", "le": "LessThanOrEqual",
	}[operator]
}

// literal reads the right side of a comparison. Strings and choices are quoted, everything else is bare.
func (f *rowFilter) literal(c *cell, operator string, t filterToken) (operand, *apiError) {
	k := kindOf(c)
	if t.text == "null" && !t.quoted {
		return operand{null: true, kind: k}, nil
	}
	if o, ok := k.parse(t.text); ok && t.quoted == (k == textKind) {
		return o, nil
	}
	found := "Edm.String"
	if !t.quoted {
		found = literalType(t.text)
	}
	if found == "" {
		return operand{}, unknownProperty(t.text, f.store.table.LogicalName)
	}
	return operand{}, refuse(http.StatusBadRequest, "0x80060888",
		"A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind '%s'.",
		k.edmName(), found, operatorKind(operator))
}

// literalType is the type that a bare literal has by its looks; empty for a name.
func literalType(text string) string {
	for _, k := range []kind{wholeKind, fractionKind, flagKind, guidKind, dateKind} {
		if _, ok := k.parse(text); ok {
			return k.edmName()
		}
	}
	return ""
}
