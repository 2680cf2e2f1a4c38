package webapi

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// fetchQuery is a FetchXML query, as far as it is carried out here: one table, its columns, conditions and order, and
// pages (Microsoft, "FetchXml reference").
type fetchQuery struct {
	XMLName xml.Name `xml:"fetch"`
	Top     int      `xml:"top,attr"`
	Count   int      `xml:"count,attr"`
	Page    int      `xml:"page,attr"`
	Cookie  string   `xml:"paging-cookie,attr"`
	Total   bool     `xml:"returntotalrecordcount,attr"`
	Entity  struct {
		Name       string       `xml:"name,attr"`
		All        *struct{}    `xml:"all-attributes"`
		Attributes []fetchName  `xml:"attribute"`
		Orders     []fetchOrder `xml:"order"`
		Filters    []fetchWhere `xml:"filter"`
		Links      []fetchName  `xml:"link-entity"`
	} `xml:"entity"`
}

type fetchName struct {
	Name string `xml:"name,attr"`
}

type fetchOrder struct {
	Attribute  string `xml:"attribute,attr"`
	Descending bool   `xml:"descending,attr"`
}

type fetchWhere struct {
	Type       string `xml:"type,attr"`
	Conditions []struct {
		Attribute string   `xml:"attribute,attr"`
		Operator  string   `xml:"operator,attr"`
		Value     *string  `xml:"value,attr"`
		Values    []string `xml:"value"`
	} `xml:"condition"`
	Filters []fetchWhere `xml:"filter"`
}

// fetch serves an entity set's query option fetchXml.
func fetch(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	var q fetchQuery
	if err := xml.Unmarshal([]byte(c.query.Fetch), &q); err != nil {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80041111", "Invalid XML.")
	}
	switch {
	case q.Entity.Name != c.store.Table.LogicalName:
		return nil, odata.Refuse(http.StatusBadRequest, "0x80041102", "Entity Name specified in fetchxml does not match Entity Name specified in Entity Expression. Entity Name in fetchxml: %s.", q.Entity.Name)
	case len(q.Entity.Links) > 0:
		return nil, odata.Refuse(http.StatusBadRequest, "0x80041102", "link-entity is not supported by this simulator.")
	}
	if refusal := q.translate(c); refusal != nil {
		return nil, refusal
	}
	w, refusal := plan(db, c)
	if refusal != nil {
		return nil, refusal
	}
	if q.Count > 0 {
		w.size = min(q.Count, odata.MaxPage)
	}
	if q.Page > 1 {
		if w.cookie, refusal = query.ParseCookie(query.OuterText(q.Page, odata.PercentLower(q.Cookie), false)); refusal != nil {
			return nil, refusal
		}
	}
	p, refusal := w.take(rows.Behaviors{})
	if refusal != nil {
		return nil, refusal
	}
	total := -1
	if q.Total {
		total = min(matching(c.store, w.match), odata.MaxPage)
	}
	return odata.NewReply(http.StatusOK).JSON(fetched(db, w, p, total)).Preference(c.prefer.Applied(false)), nil
}

// fetched returns a page of rows with what FetchXML clients need to ask for the next one.
func fetched(db *rows.Database, w *scan, p page, total int) []byte {
	c := w.call
	body := odata.AppendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.Table.EntitySetName+w.show.context)
	annotate := func(name string, value []byte) {
		if c.prefer.Wants("Microsoft.Dynamics.CRM." + name) {
			body = append(append(body, `,"@Microsoft.Dynamics.CRM.`+name+`":`...), value...)
		}
	}
	annotate("totalrecordcount", strconv.AppendInt(nil, int64(total), 10))
	annotate("totalrecordcountlimitexceeded", strconv.AppendBool(nil, total == odata.MaxPage))
	if p.next != nil {
		inner := odata.PercentLower(odata.PercentLower(p.next.Inner()))
		annotate("fetchxmlpagingcookie", odata.AppendQuoted(nil, query.OuterText(p.next.Page, inner, false)))
	}
	annotate("morerecords", strconv.AppendBool(nil, p.next != nil))
	body = append(body, `,"value":[`...)
	rows := newRowWriter(db, c.store, w.show, c.prefer)
	for i, r := range p.rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = rows.append(body, r)
	}
	return append(body, "]}"...)
}

// translate puts the query into the options of OData that mean the same.
func (q *fetchQuery) translate(c *call) *odata.Error {
	var names, order []string
	for _, a := range q.Entity.Attributes {
		cell, refusal := query.ByLogicalName(c.store, a.Name)
		if refusal != nil {
			return refusal
		}
		names = append(names, cell.Property)
	}
	for _, o := range q.Entity.Orders {
		cell, refusal := query.ByLogicalName(c.store, o.Attribute)
		if refusal != nil {
			return refusal
		}
		by := cell.Property
		if o.Descending {
			by += " desc"
		}
		order = append(order, by)
	}
	if q.Entity.All == nil {
		c.query.Selected = strings.Join(names, ",")
	}
	c.query.Order = strings.Join(order, ",")
	if q.Top > 0 {
		c.query.Top = q.Top
	}
	filter, refusal := fetchWhere{Filters: q.Entity.Filters}.filter(c.store)
	c.query.Filter = filter
	return refusal
}

// filter returns a filter as $filter has it, empty without conditions.
func (f fetchWhere) filter(s *rows.Store) (string, *odata.Error) {
	operators := map[string]string{
		"neq": "ne", "begins-with": "like", "ends-with": "like", "not-start-with": "not-like", "not-end-with": "not-like",
	}
	var parts []string
	for _, condition := range f.Conditions {
		c, refusal := query.ByLogicalName(s, condition.Attribute)
		if refusal != nil {
			return "", refusal
		}
		values := condition.Values
		if condition.Value != nil {
			values = append(slices.Clone(values), *condition.Value)
		}
		operator := condition.Operator
		for i, value := range values {
			switch operator {
			case "begins-with", "not-start-with":
				values[i] = value + "%"
			case "ends-with", "not-end-with":
				values[i] = "%" + value
			}
		}
		if known := operators[operator]; known != "" {
			operator = known
		}
		part, refusal := query.AsFilter(c, operator, values)
		if refusal != nil {
			return "", refusal
		}
		parts = append(parts, part)
	}
	for _, inner := range f.Filters {
		part, refusal := inner.filter(s)
		if refusal != nil {
			return "", refusal
		}
		if part != "" {
			parts = append(parts, "("+part+")")
		}
	}
	if f.Type == "or" {
		return strings.Join(parts, " or "), nil
	}
	return strings.Join(parts, " and "), nil
}
