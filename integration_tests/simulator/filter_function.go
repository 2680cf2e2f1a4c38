package simulator

import (
	"encoding/json"
	"slices"
	"strings"
)

// queryFunction reads one of Dataverse's own functions, such as
// Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=["0","1"]) (Web API reference, query functions).
func (f *rowFilter) queryFunction() (condition, *apiError) {
	name := strings.TrimPrefix(f.tokens[f.next].text, actionPrefix)
	if !slices.Contains([]string{"In", "NotIn", "Between", "NotBetween", "ContainValues", "DoesNotContainValues"}, name) {
		return nil, badQuery("The function '%s' is not supported by this simulator.", f.tokens[f.next].text)
	}
	f.next++
	if !f.take("(") {
		return nil, f.syntaxHere()
	}
	property, refusal := f.argument("PropertyName")
	if refusal != nil {
		return nil, refusal
	}
	if !f.take(",") {
		return nil, f.syntaxHere()
	}
	list, refusal := f.argument("PropertyValues")
	if refusal != nil {
		return nil, refusal
	}
	if !f.take(")") {
		return nil, f.syntaxHere()
	}
	c := f.store.cellOf(property)
	if c == nil {
		return nil, unknownProperty(property, f.store.table.LogicalName)
	}
	var values []string
	if json.Unmarshal([]byte(list), &values) != nil || len(values) == 0 {
		return nil, badQuery("The parameter 'PropertyValues' of the function '%s' must be a list of texts.", name)
	}
	return f.functionOf(name, c, values)
}

// argument reads name=value and gives the value.
func (f *rowFilter) argument(name string) (string, *apiError) {
	if !f.take(name) || !f.take("=") || f.next >= len(f.tokens) {
		return "", f.syntaxHere()
	}
	f.next++
	return f.tokens[f.next-1].text, nil
}

// functionOf is the condition that a function puts on a column. A null meets only the negative ones.
func (f *rowFilter) functionOf(name string, c *cell, values []string) (condition, *apiError) {
	positive := strings.TrimPrefix(name, "Not")
	if name == "DoesNotContainValues" {
		positive = "ContainValues"
	}
	s, meets := f.store, func(operand) bool { return false }
	if positive == "ContainValues" {
		if c.column == nil || c.column.Type != MultiSelectPicklist {
			return nil, badQuery("The function '%s' is only for multi-select choices.", name)
		}
		meets = func(o operand) bool {
			return slices.ContainsFunc(strings.Split(o.text, ","), func(chosen string) bool { return slices.Contains(values, chosen) })
		}
	} else {
		wanted := make([]operand, len(values))
		for i, value := range values {
			var ok bool
			if wanted[i], ok = kindOf(c).parse(value); !ok {
				return nil, badQuery("The value '%s' of the function '%s' is not of type '%s'.", value, name, kindOf(c).edmName())
			}
		}
		meets = func(o operand) bool {
			return slices.ContainsFunc(wanted, func(w operand) bool { return o.compare(w) == 0 })
		}
		if positive == "Between" {
			if len(wanted) != 2 {
				return nil, badQuery("The function '%s' takes two values.", name)
			}
			meets = func(o operand) bool { return o.compare(wanted[0]) >= 0 && o.compare(wanted[1]) <= 0 }
		}
	}
	return func(r ref) bool {
		o := s.operandOf(r, c)
		return (!o.null && meets(o)) == (positive == name)
	}, nil
}
