package schema

import (
	"slices"
	"strconv"
	"strings"
)

// NavigationName returns the single-valued navigation property through which a lookup is bound. Custom columns keep the
// case of their schema name; columns with several targets have a property for each, and those of activities name the
// activity too (Microsoft, "Web API navigation properties").
func NavigationName(t *Table, c *Column, target string) string {
	name := c.LogicalName
	if c.Custom && strings.Contains(c.SchemaName, "_") { // createdby of a custom table keeps its case
		name = c.SchemaName
	}
	if c.Type == Owner || len(c.Targets) < 2 {
		return name
	}
	name += "_" + target
	if (t.Activity || t.Type == Activity) && c.LogicalName == "regardingobjectid" {
		name += "_" + t.LogicalName
	}
	return name
}

// OptionLabel returns the label of a choice in the organization's base language, and whether the column has that choice.
func OptionLabel(c *Column, number string, base int) (string, bool) {
	i := slices.IndexFunc(c.Options, func(o Option) bool { return strconv.Itoa(o.Value) == number })
	if i < 0 {
		return "", false
	}
	return Translate(c.Options[i].Label, c.Options[i].Translations, base, base)
}

// DisplayName turns a schema name such as contoso_DeviceId into the words "Device Id".
func DisplayName(schemaName string, custom bool) string {
	if _, rest, ok := strings.Cut(schemaName, "_"); ok && custom {
		schemaName = rest
	}
	var words strings.Builder
	previous := ' '
	for i, r := range strings.ReplaceAll(schemaName, "_", " ") {
		upper := r >= 'A' && r <= 'Z'
		if i > 0 && upper && previous >= 'a' && previous <= 'z' {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
		previous = r
	}
	return words.String()
}

// HasTarget reports whether a lookup can point to rows of the table.
func HasTarget(c *Column, table string) bool {
	for _, target := range c.Targets {
		if target == table {
			return true
		}
	}
	return false
}
