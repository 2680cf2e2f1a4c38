package simulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The annotations of values (Microsoft, "Request annotations").
const (
	formattedValue     = "OData.Community.Display.V1.FormattedValue"
	navigationProperty = "Microsoft.Dynamics.CRM.associatednavigationproperty"
	lookupLogicalName  = "Microsoft.Dynamics.CRM.lookuplogicalname"
)

// annotate writes the annotations of a value that were asked for, before the value itself.
func (w *rowWriter) annotate(dst []byte, begin int, r ref, c *cell, value []byte) []byte {
	if c.column == nil {
		return dst
	}
	member := func(annotation, text string) {
		if w.prefer.wants(annotation) {
			dst = appendQuoted(appendName(dst, begin, c.property+"@"+annotation), text)
		}
	}
	if !c.column.IsLookup() {
		if text, ok := formatted(c, value); ok {
			member(formattedValue, text)
		}
		return dst
	}
	to, ok := w.store.points(r, c)
	if !ok {
		return dst
	}
	if name, ok := w.env.primaryName(to); ok {
		member(formattedValue, name)
	}
	member(navigationProperty, navigationName(w.store.table, c.column, to.table))
	member(lookupLogicalName, to.table)
	return dst
}

// primaryName is the primary name of the row that a lookup points to.
func (e *Environment) primaryName(to reference) (string, bool) {
	s := e.stores[to.table]
	if s == nil {
		return "", false
	}
	r, found := s.find(to.id)
	c := s.cellOf(s.table.PrimaryName)
	if !found || c == nil {
		return "", false
	}
	raw := s.appendValue(nil, r, c)
	return plain(raw), len(raw) > 0
}

// navigationName is the single-valued navigation property through which a lookup is bound. Custom columns keep the
// case of their schema name; columns with several targets have a property for each, and those of activities name the
// activity too (Microsoft, "Web API navigation properties").
func navigationName(t *Table, c *Column, target string) string {
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

// formatted is a value as an English user of the environment sees it. It is false for types without a format.
func formatted(c *cell, value []byte) (string, bool) {
	text := plain(value)
	column := c.column
	switch column.Type {
	case Picklist, State, Status:
		return optionLabel(column, text)
	case Boolean:
		number := strconv.Itoa(btoi(text == "true"))
		if label, ok := optionLabel(column, number); ok {
			return label, true
		}
		return map[string]string{"true": "Yes", "false": "No"}[text], true
	case MultiSelectPicklist:
		var labels []string
		for number := range strings.SplitSeq(text, ",") {
			if label, ok := optionLabel(column, number); ok {
				labels = append(labels, label)
			}
		}
		return strings.Join(labels, "; "), true
	case Money:
		return "$" + groupedDigits(text, max(column.Precision, 2)), true
	case Decimal, Double:
		return groupedDigits(text, column.Precision), true
	case Integer, BigInt:
		return groupedDigits(text, 0), true
	case DateTime:
		return formattedTime(column, text)
	case EntityName:
		return displayName(text, strings.Contains(text, "_")), true
	default:
		return "", false
	}
}

func optionLabel(c *Column, number string) (string, bool) {
	i := slices.IndexFunc(c.Options, func(o Option) bool { return strconv.Itoa(o.Value) == number })
	if i < 0 {
		return "", false
	}
	return c.Options[i].Label, true
}

// groupedDigits writes a number with commas between thousands and that many digits after the point.
func groupedDigits(number string, digits int) string {
	sign := ""
	if strings.HasPrefix(number, "-") {
		sign, number = "-", number[1:]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if digits == 0 {
		return sign + whole
	}
	return sign + whole + "." + (fraction + strings.Repeat("0", digits))[:digits]
}

func formattedTime(c *Column, text string) (string, bool) {
	if c.Behavior == DateOnly {
		at, err := time.Parse(time.DateOnly, text)
		return at.Format("1/2/2006"), err == nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.Format("1/2/2006 3:04 PM"), err == nil
}

// appendPageAnnotations writes what the service tells about a page as a whole.
func (e *Environment) appendPageAnnotations(dst []byte, prefer preferences, total int, exceeded bool) []byte {
	const prefix = "Microsoft.Dynamics.CRM."
	for _, a := range []struct {
		name  string
		value any
	}{
		{"totalrecordcount", total},
		{"totalrecordcountlimitexceeded", exceeded},
		{"globalmetadataversion", strconv.FormatInt(e.metadata, 10)},
	} {
		if !prefer.wants(prefix + a.name) {
			continue
		}
		raw, err := json.Marshal(a.value)
		if err != nil {
			continue
		}
		dst = append(append(dst, `,"@`+prefix+a.name+`":`...), raw...)
	}
	return dst
}
