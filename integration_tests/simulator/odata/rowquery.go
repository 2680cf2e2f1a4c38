package odata

import (
	"net/url"
	"strconv"
	"strings"
)

// RowQuery is the query string of a request for rows.
type RowQuery struct {
	Selected   string // $select as sent; empty: all
	Filter     string
	Expanded   string
	Sql        string
	Fetch      string // FetchXML
	Apply      string
	Order      string
	Top        int // -1: no limit
	Count      bool
	DeltaToken string
	SkipToken  string
	Partition  *string // partitionId of requests for elastic rows
	Link       string  // the query as sent, without the two tokens
	RawDelta   string  // $deltatoken=... as sent
	Present    map[string]bool
	exact      bool // Behaviors.ExactLinks
}

// ParseRowQuery reads the query options, whose names are case-sensitive, and refuses those that Dataverse does not
// have (Microsoft, "Query data using the Web API").
func ParseRowQuery(raw string, exact bool) (RowQuery, *Error) {
	q := RowQuery{Top: -1, Present: map[string]bool{}, exact: exact}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return q, BadQuery("The query string '%s' is not properly percent-encoded.", part)
		}
		if q.Present[name] {
			return q, BadQuery("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		q.Present[name] = true
		if refusal := q.set(name, rawValue); refusal != nil {
			return q, refusal
		}
		switch name {
		case "$skiptoken":
		case "$deltatoken":
			q.RawDelta = part
		default:
			kept = append(kept, part)
		}
	}
	q.Link = strings.Join(kept, "&")
	return q, nil
}

func (q *RowQuery) set(name, rawValue string) *Error {
	decode := url.QueryUnescape
	if q.exact && (name == "$skiptoken" || name == "$deltatoken") {
		decode = url.PathUnescape
	}
	value, err := decode(rawValue)
	if err != nil && name == "$skiptoken" {
		return BadCookie()
	}
	if err != nil {
		return BadQuery("The query string '%s=%s' is not properly percent-encoded.", name, rawValue)
	}
	switch name {
	case "$select":
		q.Selected = value
	case "$filter":
		q.Filter = value
	case "$orderby":
		q.Order = value
	case "$expand":
		q.Expanded = value
	case "$apply":
		q.Apply = value
	case "sql":
		q.Sql = value
	case "fetchXml":
		q.Fetch = value
	case "$skiptoken":
		q.SkipToken = value
	case "$deltatoken":
		q.DeltaToken = value
	case "partitionId", "partitionid":
		value = strings.Trim(value, "'")
		q.Partition = &value
	case "$top":
		return q.setTop(value)
	case "$count":
		if value != "true" && value != "false" {
			return BadQuery("Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
		q.Count = value == "true"
	case "tag":
	default:
		return refuseOption(name)
	}
	return nil
}

func (q *RowQuery) setTop(value string) *Error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return BadQuery("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", value)
	}
	q.Top = n
	return nil
}

// refuseOption returns why an option is refused.
func refuseOption(name string) *Error {
	switch name {
	case "$skip":
		return BadQuery("Skip Clause is not supported in CRM")
	default:
		return BadQuery("The query parameter %s is not supported", name)
	}
}

// RefuseTracked refuses the options that change tracking does not allow (Microsoft, "Use change tracking to
// synchronize data with external systems").
func (q *RowQuery) RefuseTracked() *Error {
	for _, name := range []string{"$filter", "$orderby", "$expand", "$top", "$apply"} {
		if q.Present[name] {
			return BadQuery(`The "%s" query parameter isn't supported when Change Tracking is enabled.`, name)
		}
	}
	return nil
}
