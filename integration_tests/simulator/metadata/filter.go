package metadata

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// filterParser turns a $filter over metadata into a predicate. The grammar is the one that Microsoft documents in
// "Query schema definitions using the Web API": comparisons with eq, ne, gt, ge, lt, le of Boolean, number, string and
// enum properties and of the Value of complex ones, joined by and, or, not and parentheses; no functions.
type filterParser[T any] struct {
	odata.Expression[T]
	typeName   string
	properties []property[T]
}

// compileFilter returns a predicate for the filter, which matches everything if the filter is empty.
func compileFilter[T any](text, typeName string, properties []property[T]) (odata.Predicate[T], *odata.Error) {
	p := &filterParser[T]{typeName: typeName, properties: properties}
	p.Comparison = p.compare
	result, err := p.Parse(text)
	if result == nil && err == nil {
		return func(T) bool { return true }, nil
	}
	return result, err
}

// compare reads "path operator literal", or a Boolean path that stands alone.
func (p *filterParser[T]) compare() (odata.Predicate[T], *odata.Error) {
	t, ok := p.Peek()
	if !ok || t.Quoted || t.Text == ")" || t.Text == "," {
		return nil, p.Syntax(t.At)
	}
	p.Next++
	if p.Take("(") {
		return nil, unsupportedFunction(t.Text)
	}
	prop, inner, err := p.resolve(t.Text)
	if err != nil {
		return nil, err
	}
	operator, ok := p.Peek()
	if !ok || !slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le"}, operator.Text) {
		if s := prop.operand(inner); s == boolShape {
			return func(v T) bool { return prop.read(v, inner) == true }, nil
		}
		if ok && operator.Text != ")" && operator.Text != "and" && operator.Text != "or" {
			return nil, p.Syntax(operator.At)
		}
		return nil, odata.BadQuery("The $filter expression must evaluate to a single boolean value.")
	}
	p.Next++
	wanted, err := p.literal(prop, prop.operand(inner), operator.Text)
	if err != nil {
		return nil, err
	}
	return func(v T) bool { return compare(prop.read(v, inner), operator.Text, wanted) }, nil
}

func unsupportedFunction(name string) *odata.Error {
	return odata.Refuse(http.StatusNotImplemented, "0x8006088A", `The "%s" function isn't supported for Metadata Entities.`, name)
}

// resolve finds the property that a path such as CanChangeTrackingBeEnabled/Value names.
func (p *filterParser[T]) resolve(path string) (property[T], bool, *odata.Error) {
	name, rest, deep := strings.Cut(path, "/")
	i := slices.IndexFunc(p.properties, func(q property[T]) bool { return q.name == name })
	if i < 0 {
		return property[T]{}, false, odata.UnknownProperty(name, p.typeName)
	}
	prop := p.properties[i]
	structured := prop.shape == boolValueShape || prop.shape == stringValueShape
	switch {
	case prop.shape == labelShape || prop.shape == listShape:
		return prop, false, odata.BadQuery("The property '%s' cannot be used in the $filter query option.", name)
	case deep && (!structured || rest != "Value"):
		return prop, false, odata.UnknownProperty(rest, name)
	case structured && !deep:
		return prop, false, odata.BadQuery("A binary operator with incompatible types was detected. '%s' is a complex property; compare its Value.", name)
	}
	return prop, deep, nil
}

// operand returns the shape of what a filter compares: the property's, or that of its Value.
func (p property[T]) operand(inner bool) shape {
	switch {
	case inner && p.shape == boolValueShape:
		return boolShape
	case inner:
		return stringShape
	default:
		return p.shape
	}
}

func (p property[T]) read(v T, inner bool) any {
	value := p.value(v)
	if h, ok := value.(holder); ok && inner {
		return h.Inner()
	}
	return value
}

// literal reads the right side of a comparison and holds it against the shape of the left side.
func (p *filterParser[T]) literal(prop property[T], want shape, operator string) (any, *odata.Error) {
	t, ok := p.Peek()
	if !ok {
		return nil, odata.BadQuery("Expression expected at position %d in '%s'.", t.At, p.Text)
	}
	p.Next++
	if !t.Quoted && t.Text == "null" {
		return nil, nil
	}
	if typeName, enum := strings.CutPrefix(t.Text, "Microsoft.Dynamics.CRM."); enum && !t.Quoted {
		value, ok := p.Peek()
		if !ok || !value.Quoted || want != enumShape || typeName != prop.enum {
			return nil, p.mismatch(t)
		}
		p.Next++
		return value.Text, nil
	}
	ordered := operator != "eq" && operator != "ne"
	switch {
	case t.Quoted && !ordered && (want == stringShape || want == enumShape), want == dateShape && !t.Quoted:
		return t.Text, nil
	case want == guidShape && !t.Quoted && !ordered:
		return strings.ToLower(t.Text), nil
	case want == boolShape && !t.Quoted && !ordered && (t.Text == "true" || t.Text == "false"):
		return t.Text == "true", nil
	case want == numberShape && !t.Quoted:
		if f, err := strconv.ParseFloat(t.Text, 64); err == nil {
			return f, nil
		}
	}
	return nil, p.mismatch(t)
}

func (p *filterParser[T]) mismatch(t odata.FilterToken) *odata.Error {
	return odata.BadQuery("A binary operator with incompatible types was detected at position %d in '%s'.", t.At, p.Text)
}

// compare holds a property's value against a literal. Nothing is greater or less than null.
func compare(value any, operator string, wanted any) bool {
	if value == nil || wanted == nil {
		return (operator == "eq") == (value == wanted) && (operator == "eq" || operator == "ne")
	}
	order := 0
	switch v := value.(type) {
	case bool:
		if v != wanted {
			order = 1
		}
	case string:
		w, _ := wanted.(string)
		order = cmp.Compare(v, w)
	case int:
		w, _ := wanted.(float64)
		order = cmp.Compare(float64(v), w)
	case float64:
		w, _ := wanted.(float64)
		order = cmp.Compare(v, w)
	default:
		return false
	}
	switch operator {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	default:
		return order <= 0
	}
}
