package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// filterParser turns a $filter over metadata into a predicate. The grammar is the one that Microsoft documents in
// "Query schema definitions using the Web API": comparisons with eq, ne, gt, ge, lt, le of Boolean, number, string and
// enum properties and of the Value of complex ones, joined by and, or, not and parentheses; no functions.
type filterParser[T any] struct {
	expression[T]
	typeName   string
	properties []property[T]
}

// compileFilter gives a predicate for the filter, which holds for everything if the filter is empty.
func compileFilter[T any](text, typeName string, properties []property[T]) (predicate[T], *apiError) {
	p := &filterParser[T]{typeName: typeName, properties: properties}
	p.comparison = p.compare
	result, err := p.parse(text)
	if result == nil && err == nil {
		return func(T) bool { return true }, nil
	}
	return result, err
}

// compare reads "path operator literal", or a Boolean path that stands alone.
func (p *filterParser[T]) compare() (predicate[T], *apiError) {
	t, ok := p.peek()
	if !ok || t.quoted || t.text == ")" || t.text == "," {
		return nil, p.syntax(t.at)
	}
	p.next++
	if p.take("(") {
		return nil, unsupportedFunction(t.text)
	}
	prop, inner, err := p.resolve(t.text)
	if err != nil {
		return nil, err
	}
	operator, ok := p.peek()
	if !ok || !slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le"}, operator.text) {
		if s := prop.operand(inner); s == boolShape {
			return func(v T) bool { return prop.read(v, inner) == true }, nil
		}
		if ok && operator.text != ")" && operator.text != "and" && operator.text != "or" {
			return nil, p.syntax(operator.at)
		}
		return nil, badQuery("The $filter expression must evaluate to a single boolean value.")
	}
	p.next++
	wanted, err := p.literal(prop, prop.operand(inner), operator.text)
	if err != nil {
		return nil, err
	}
	return func(v T) bool { return compare(prop.read(v, inner), operator.text, wanted) }, nil
}

func unsupportedFunction(name string) *apiError {
	return refuse(http.StatusNotImplemented, "0x8006088A", `The "%s" function isn't supported for Metadata Entities.`, name)
}

// resolve finds the property that a path such as CanChangeTrackingBeEnabled/Value names.
func (p *filterParser[T]) resolve(path string) (property[T], bool, *apiError) {
	name, rest, deep := strings.Cut(path, "/")
	i := slices.IndexFunc(p.properties, func(q property[T]) bool { return q.name == name })
	if i < 0 {
		return property[T]{}, false, unknownProperty(name, p.typeName)
	}
	prop := p.properties[i]
	structured := prop.shape == boolValueShape || prop.shape == stringValueShape
	switch {
	case prop.shape == labelShape || prop.shape == listShape:
		return prop, false, badQuery("The property '%s' cannot be used in the $filter query option.", name)
	case deep && (!structured || rest != "Value"):
		return prop, false, unknownProperty(rest, name)
	case structured && !deep:
		return prop, false, badQuery("A binary operator with incompatible types was detected. '%s' is a complex property; compare its Value.", name)
	}
	return prop, deep, nil
}

// operand is the shape of what a filter compares: the property's, or that of its Value.
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
		return h.inner()
	}
	return value
}

// literal reads the right side of a comparison and holds it against the shape of the left side.
func (p *filterParser[T]) literal(prop property[T], want shape, operator string) (any, *apiError) {
	t, ok := p.peek()
	if !ok {
		return nil, badQuery("Expression expected at position %d in '%s'.", t.at, p.text)
	}
	p.next++
	if !t.quoted && t.text == "null" {
		return nil, nil
	}
	if typeName, enum := strings.CutPrefix(t.text, "Microsoft.Dynamics.CRM."); enum && !t.quoted {
		value, ok := p.peek()
		if !ok || !value.quoted || want != enumShape || typeName != prop.enum {
			return nil, p.mismatch(t)
		}
		p.next++
		return value.text, nil
	}
	ordered := operator != "eq" && operator != "ne"
	switch {
	case t.quoted && !ordered && (want == stringShape || want == enumShape), want == dateShape && !t.quoted:
		return t.text, nil
	case want == guidShape && !t.quoted && !ordered:
		return strings.ToLower(t.text), nil
	case want == boolShape && !t.quoted && !ordered && (t.text == "true" || t.text == "false"):
		return t.text == "true", nil
	case want == numberShape && !t.quoted:
		if f, err := strconv.ParseFloat(t.text, 64); err == nil {
			return f, nil
		}
	}
	return nil, p.mismatch(t)
}

func (p *filterParser[T]) mismatch(t filterToken) *apiError {
	return badQuery("A binary operator with incompatible types was detected at position %d in '%s'.", t.at, p.text)
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
