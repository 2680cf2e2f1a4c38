package query

import (
	"encoding/json"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// queryFunction reads one of Dataverse's own functions, such as
// Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=["0","1"]) (Web API reference, query functions).
func (f *rowFilter) queryFunction() (Condition, *odata.Error) {
	name := strings.TrimPrefix(f.Tokens[f.Next].Text, odata.ActionPrefix)
	if !slices.Contains([]string{"In", "NotIn", "Between", "NotBetween", "ContainValues", "DoesNotContainValues"}, name) {
		return nil, odata.BadQuery("The function '%s' is not supported by this simulator.", f.Tokens[f.Next].Text)
	}
	f.Next++
	if !f.Take("(") {
		return nil, f.syntaxHere()
	}
	property, refusal := f.argument("PropertyName")
	if refusal != nil {
		return nil, refusal
	}
	if !f.Take(",") {
		return nil, f.syntaxHere()
	}
	list, refusal := f.argument("PropertyValues")
	if refusal != nil {
		return nil, refusal
	}
	if !f.Take(")") {
		return nil, f.syntaxHere()
	}
	c := f.store.CellOf(property)
	if c == nil {
		return nil, odata.UnknownProperty(property, f.store.Table.LogicalName)
	}
	var values []string
	if json.Unmarshal([]byte(list), &values) != nil || len(values) == 0 {
		return nil, odata.BadQuery("The parameter 'PropertyValues' of the function '%s' must be a list of texts.", name)
	}
	return f.functionOf(name, c, values)
}

// argument reads name=value and returns the value.
func (f *rowFilter) argument(name string) (string, *odata.Error) {
	if !f.Take(name) || !f.Take("=") || f.Next >= len(f.Tokens) {
		return "", f.syntaxHere()
	}
	f.Next++
	return f.Tokens[f.Next-1].Text, nil
}

// functionOf returns the condition that a function puts on a column. A null meets only the negative ones.
func (f *rowFilter) functionOf(name string, c *rows.Cell, values []string) (Condition, *odata.Error) {
	positive := strings.TrimPrefix(name, "Not")
	if name == "DoesNotContainValues" {
		positive = "ContainValues"
	}
	s, meets := f.store, func(Operand) bool { return false }
	if positive == "ContainValues" {
		if c.Column == nil || c.Column.Type != schema.MultiSelectPicklist {
			return nil, odata.BadQuery("The function '%s' is only for multi-select choices.", name)
		}
		meets = func(o Operand) bool {
			return slices.ContainsFunc(strings.Split(o.text, ","), func(chosen string) bool { return slices.Contains(values, chosen) })
		}
	} else {
		wanted := make([]Operand, len(values))
		for i, value := range values {
			var ok bool
			if wanted[i], ok = KindOf(c).Parse(value); !ok {
				return nil, odata.BadQuery("The value '%s' of the function '%s' is not of type '%s'.", value, name, KindOf(c).EDMName())
			}
		}
		meets = func(o Operand) bool {
			return slices.ContainsFunc(wanted, func(w Operand) bool { return o.Compare(w) == 0 })
		}
		if positive == "Between" {
			if len(wanted) != 2 {
				return nil, odata.BadQuery("The function '%s' takes two values.", name)
			}
			meets = func(o Operand) bool { return o.Compare(wanted[0]) >= 0 && o.Compare(wanted[1]) <= 0 }
		}
	}
	return func(r rows.Ref) bool {
		o := OperandOf(s, r, c)
		return (!o.Null && meets(o)) == (positive == name)
	}, nil
}
