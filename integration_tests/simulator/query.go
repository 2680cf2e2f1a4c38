package simulator

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// rowQuery is the query string of a request for rows.
type rowQuery struct {
	selected   string // $select as it came; empty: all
	filter     string
	expanded   string
	sql        string
	fetch      string // FetchXML
	apply      string
	order      string
	top        int // -1: no limit
	count      bool
	deltaToken string
	skipToken  string
	partition  *string // partitionId of requests for elastic rows
	link       string  // the query as it came, without the two tokens
	rawDelta   string  // $deltatoken=... as it came
	present    map[string]bool
	exact      bool // Behaviors.ExactLinks
}

// parseRowQuery reads the query options, whose names are case-sensitive, and refuses those that Dataverse does not
// have (Microsoft, "Query data using the Web API").
func (e *Environment) parseRowQuery(raw string) (rowQuery, *apiError) {
	q := rowQuery{top: -1, present: map[string]bool{}, exact: e.behaviors.ExactLinks}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return q, badQuery("The query string '%s' is not properly percent-encoded.", part)
		}
		if q.present[name] {
			return q, badQuery("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		q.present[name] = true
		if refusal := q.set(name, rawValue); refusal != nil {
			return q, refusal
		}
		switch name {
		case "$skiptoken":
		case "$deltatoken":
			q.rawDelta = part
		default:
			kept = append(kept, part)
		}
	}
	q.link = strings.Join(kept, "&")
	return q, nil
}

func (q *rowQuery) set(name, rawValue string) *apiError {
	decode := url.QueryUnescape
	if q.exact && (name == "$skiptoken" || name == "$deltatoken") {
		decode = url.PathUnescape
	}
	value, err := decode(rawValue)
	if err != nil && name == "$skiptoken" {
		return badCookie()
	}
	if err != nil {
		return badQuery("The query string '%s=%s' is not properly percent-encoded.", name, rawValue)
	}
	switch name {
	case "$select":
		q.selected = value
	case "$filter":
		q.filter = value
	case "$orderby":
		q.order = value
	case "$expand":
		q.expanded = value
	case "$apply":
		q.apply = value
	case "sql":
		q.sql = value
	case "fetchXml":
		q.fetch = value
	case "$skiptoken":
		q.skipToken = value
	case "$deltatoken":
		q.deltaToken = value
	case "partitionId", "partitionid":
		value = strings.Trim(value, "'")
		q.partition = &value
	case "$top":
		return q.setTop(value)
	case "$count":
		if value != "true" && value != "false" {
			return badQuery("Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
		q.count = value == "true"
	case "tag":
	default:
		return refuseOption(name)
	}
	return nil
}

func (q *rowQuery) setTop(value string) *apiError {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return badQuery("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", value)
	}
	q.top = n
	return nil
}

// refuseOption says why an option is not taken.
func refuseOption(name string) *apiError {
	switch name {
	case "$skip":
		return badQuery("Skip Clause is not supported in CRM")
	default:
		return badQuery("The query parameter %s is not supported", name)
	}
}

// refuseTracked refuses the options that change tracking does not allow (Microsoft, "Use change tracking to
// synchronize data with external systems").
func (q *rowQuery) refuseTracked() *apiError {
	for _, name := range []string{"$filter", "$orderby", "$expand", "$top", "$apply"} {
		if q.present[name] {
			return badQuery(`The "%s" query parameter isn't supported when Change Tracking is enabled.`, name)
		}
	}
	return nil
}

// showing is what an answer shows of each row.
type showing struct {
	cells    []*cell
	selected bool // by $select: in its order; else values come before nulls
	context  string
	expanded []*related
}

// project chooses the properties for a $select. The service adds some that were not asked for: the key, the currency
// of an amount, the owner of an elastic row (Microsoft, "Select columns using OData").
func (s *store) project(selected string) (showing, *apiError) {
	if selected == "" || selected == "*" {
		return showing{cells: s.cells}, nil
	}
	names, refusal := splitSelect(selected)
	if refusal != nil || names == nil {
		return showing{cells: s.cells}, refusal
	}
	p := showing{selected: true}
	for _, name := range names {
		c := s.cellOf(name)
		if c == nil {
			return p, unknownProperty(name, s.table.LogicalName)
		}
		p.add(c)
	}
	p.context = "(" + strings.Join(names, ",") + ")"
	for _, name := range s.unasked(p.cells) {
		if c := s.cellOf(name); c != nil {
			p.add(c)
		}
	}
	return p, nil
}

func (p *showing) add(c *cell) {
	if !slices.Contains(p.cells, c) {
		p.cells = append(p.cells, c)
	}
}

// unasked are the properties that come along with those selected.
func (s *store) unasked(selected []*cell) []string {
	more := []string{s.table.PrimaryID, s.table.KeyProperty()}
	for _, c := range selected {
		switch {
		case c.column == nil:
		case c.column.Type == Money:
			more = append(more, "_transactioncurrencyid_value")
		case strings.HasPrefix(c.property, "address1_"):
			more = append(more, "address1_composite")
		case strings.HasPrefix(c.property, "address2_"):
			more = append(more, "address2_composite")
		}
	}
	if s.table.Type == Elastic {
		more = append(more, "versionnumber", "partitionid", "_ownerid_value", "_owningbusinessunit_value")
	}
	return more
}
