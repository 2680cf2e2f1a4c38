package query

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// ByLogicalName returns the cell of a column as SQL and FetchXML name it: by the logical name, also of lookups.
func ByLogicalName(s *rows.Store, name string) (*rows.Cell, *odata.Error) {
	at := slices.IndexFunc(s.Cells, func(c *rows.Cell) bool { return c.Column != nil && c.Column.LogicalName == name })
	if at < 0 {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80041103", "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", s.Table.SchemaName, name)
	}
	return s.Cells[at], nil
}

// AsFilter returns a comparison of SQL or FetchXML as a $filter has it. The operators are those of OData, and in, like, null
// with their opposites, which begin with "not-".
func AsFilter(c *rows.Cell, operator string, values []string) (string, *odata.Error) {
	if opposite, negated := strings.CutPrefix(operator, "not-"); negated {
		text, refusal := AsFilter(c, opposite, values)
		return "not (" + text + ")", refusal
	}
	if operator == "null" {
		return c.Property + " eq null", nil
	}
	if len(values) == 0 || len(values) > 1 && operator != "in" {
		return "", odata.Refuse(http.StatusBadRequest, "0x80041102", "The condition on '%s' has %d values.", c.Property, len(values))
	}
	literals := make([]string, len(values))
	for i, value := range values {
		literals[i] = value
		if KindOf(c) == textKind {
			literals[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		} else if _, ok := KindOf(c).Parse(value); !ok {
			return "", odata.Refuse(http.StatusBadRequest, "0x80041102", "The value '%s' of the condition on '%s' is not of type '%s'.", value, c.Property, KindOf(c).EDMName())
		}
	}
	switch operator {
	case "eq", "ne", "gt", "ge", "lt", "le":
		return c.Property + " " + operator + " " + literals[0], nil
	case "in":
		return "(" + c.Property + " eq " + strings.Join(literals, " or "+c.Property+" eq ") + ")", nil
	case "like":
		return like(c, values[0]), nil
	default:
		return "", odata.Refuse(http.StatusBadRequest, "0x80041102", "The operator '%s' is not supported by this simulator.", operator)
	}
}

// like returns a pattern with percent signs at its ends.
func like(c *rows.Cell, pattern string) string {
	inner := strings.Trim(pattern, "%")
	literal := "'" + strings.ReplaceAll(inner, "'", "''") + "'"
	begins, ends := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	switch {
	case begins && ends:
		return "contains(" + c.Property + "," + literal + ")"
	case begins:
		return "endswith(" + c.Property + "," + literal + ")"
	case ends:
		return "startswith(" + c.Property + "," + literal + ")"
	default:
		return c.Property + " eq " + literal
	}
}
