package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// byLogicalName is the cell of a column as SQL and FetchXML name it: by the logical name, also of lookups.
func (s *store) byLogicalName(name string) (*cell, *apiError) {
	at := slices.IndexFunc(s.cells, func(c *cell) bool { return c.column != nil && c.column.LogicalName == name })
	if at < 0 {
		return nil, refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", s.table.SchemaName, name)
	}
	return s.cells[at], nil
}

// asFilter is a comparison of SQL or FetchXML as a $filter has it. The operators are those of OData, and in, like, null
// with their opposites, which begin with "not-".
func asFilter(c *cell, operator string, values []string) (string, *apiError) {
	if opposite, negated := strings.CutPrefix(operator, "not-"); negated {
		text, refusal := asFilter(c, opposite, values)
		return "not (" + text + ")", refusal
	}
	if operator == "null" {
		return c.property + " eq null", nil
	}
	if len(values) == 0 || len(values) > 1 && operator != "in" {
		return "", refuse(http.StatusBadRequest, "0x80041102", "The condition on '%s' has %d values.", c.property, len(values))
	}
	literals := make([]string, len(values))
	for i, value := range values {
		literals[i] = value
		if kindOf(c) == textKind {
			literals[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		} else if _, ok := kindOf(c).parse(value); !ok {
			return "", refuse(http.StatusBadRequest, "0x80041102", "The value '%s' of the condition on '%s' is not of type '%s'.", value, c.property, kindOf(c).edmName())
		}
	}
	switch operator {
	case "eq", "ne", "gt", "ge", "lt", "le":
		return c.property + " " + operator + " " + literals[0], nil
	case "in":
		return "(" + c.property + " eq " + strings.Join(literals, " or "+c.property+" eq ") + ")", nil
	case "like":
		return like(c, values[0]), nil
	default:
		return "", refuse(http.StatusBadRequest, "0x80041102", "The operator '%s' is not supported by this simulator.", operator)
	}
}

// like is a pattern with percent signs at its ends.
func like(c *cell, pattern string) string {
	inner := strings.Trim(pattern, "%")
	literal := "'" + strings.ReplaceAll(inner, "'", "''") + "'"
	begins, ends := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	switch {
	case begins && ends:
		return "contains(" + c.property + "," + literal + ")"
	case begins:
		return "endswith(" + c.property + "," + literal + ")"
	case ends:
		return "startswith(" + c.property + "," + literal + ")"
	default:
		return c.property + " eq " + literal
	}
}
