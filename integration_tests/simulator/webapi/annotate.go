package webapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The annotations of values (Microsoft, "Request annotations").
const (
	formattedValue     = "OData.Community.Display.V1.FormattedValue"
	navigationProperty = "Microsoft.Dynamics.CRM.associatednavigationproperty"
	lookupLogicalName  = "Microsoft.Dynamics.CRM.lookuplogicalname"
)

// annotate writes the annotations of a value that were asked for, before the value itself.
func (w *rowWriter) annotate(dst []byte, start int, r rows.Ref, c *rows.Cell, value []byte) []byte {
	if c.Column == nil {
		return dst
	}
	member := func(annotation, text string) {
		if w.prefer.Wants(annotation) {
			dst = odata.AppendQuoted(appendName(dst, start, c.Property+"@"+annotation), text)
		}
	}
	if !c.Column.IsLookup() {
		if text, ok := w.formatted(c, value); ok {
			member(formattedValue, text)
		}
		return dst
	}
	to, ok := w.store.Points(r, c)
	if !ok {
		return dst
	}
	if name, ok := w.env.PrimaryName(to); ok {
		member(formattedValue, name)
	}
	if !w.store.Table.Flat {
		member(navigationProperty, schema.NavigationName(w.store.Table, c.Column, to.Table))
	}
	member(lookupLogicalName, to.Table)
	return dst
}

// formatted returns a value as a user sees it whose language is the organization's base language and whose numbers and dates
// are English. It is false for types without a format.
func (w *rowWriter) formatted(c *rows.Cell, value []byte) (string, bool) {
	text := odata.Plain(value)
	column, language := c.Column, w.env.Languages()[0]
	switch column.Type {
	case schema.Picklist, schema.State, schema.Status:
		return schema.OptionLabel(column, text, language)
	case schema.Boolean:
		number := strconv.Itoa(odata.Btoi(text == "true"))
		if label, ok := schema.OptionLabel(column, number, language); ok {
			return label, true
		}
		return map[string]string{"true": "Yes", "false": "No"}[text], true
	case schema.MultiSelectPicklist:
		var labels []string
		for number := range strings.SplitSeq(text, ",") {
			if label, ok := schema.OptionLabel(column, number, language); ok {
				labels = append(labels, label)
			}
		}
		return strings.Join(labels, "; "), true
	case schema.Money:
		return "$" + odata.GroupedDigits(text, max(column.Precision, 2)), true
	case schema.Decimal, schema.Double:
		return odata.GroupedDigits(text, column.Precision), true
	case schema.Integer, schema.BigInt:
		return odata.GroupedDigits(text, 0), true
	case schema.DateTime:
		return formattedTime(column, text)
	case schema.EntityName:
		return schema.DisplayName(text, strings.Contains(text, "_")), true
	default:
		return "", false
	}
}

func formattedTime(c *schema.Column, text string) (string, bool) {
	if c.Behavior == schema.DateOnly {
		at, err := time.Parse(time.DateOnly, text)
		return at.Format("1/2/2006"), err == nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.Format("1/2/2006 3:04 PM"), err == nil
}

// appendPageAnnotations writes the annotations of a page as a whole.
func appendPageAnnotations(db *rows.Database, dst []byte, prefer odata.Preferences, total int, exceeded bool) []byte {
	const prefix = "Microsoft.Dynamics.CRM."
	for _, a := range []struct {
		name  string
		value any
	}{
		{"totalrecordcount", total},
		{"totalrecordcountlimitexceeded", exceeded},
		{"globalmetadataversion", strconv.FormatInt(db.Metadata, 10)},
	} {
		if !prefer.Wants(prefix + a.name) {
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
