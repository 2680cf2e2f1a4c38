package finops

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// set is an entity set of OData, with its rows as text.
type set struct {
	name       string
	kind       string // the name of its type
	properties []property
	rows       func() [][]string // the lock is held
}

// property is a property of a set.
type property struct {
	name   string
	number bool
	time   bool
	enum   string // the enumeration of a member; empty: none
}

// boolean is the type of properties that are true or false.
const boolean = "Boolean"

// unquoted reports whether literals of the property are written without quotation marks.
func (p *property) unquoted() bool { return p.number || p.time || p.enum == boolean }

func (s *set) index(name string) int {
	return slices.IndexFunc(s.properties, func(p property) bool { return p.name == name })
}

// unknown is the error for a property that a set does not have.
func (s *set) unknown(name string) *refusal {
	return refuse(http.StatusBadRequest, "The query specified in the URI is not valid. Could not find a property named '%s' on type 'Microsoft.Dynamics.DataEntities.%s'.", name, s.kind)
}

// serveSet serves a set, or a row of one by its key. root is /data or /metadata.
func (c *call) serveSet(path string, sets []set, root string) {
	name, key, byKey := strings.Cut(path, "(")
	at := slices.IndexFunc(sets, func(s set) bool { return s.name == name })
	if at < 0 {
		c.refuse(refuse(http.StatusNotFound, "Resource not found for the segment '%s'.", name))
		return
	}
	s := &sets[at]
	c.environment.mu.Lock()
	rows := s.rows()
	size := c.environment.options.Behaviors.PageSize
	c.environment.mu.Unlock()
	if byKey {
		c.serveRow(s, rows, strings.TrimSuffix(key, ")"))
		return
	}
	q, err := s.parse(c.r.URL.RawQuery)
	if err != nil {
		c.refuse(err)
		return
	}
	if size == 0 {
		size = usualPageSize
	}
	c.json(http.StatusOK, s.page(q, rows, c.base+root, size))
}

// serveRow serves the row whose key, the first property, has a value.
func (c *call) serveRow(s *set, rows [][]string, key string) {
	value := strings.ReplaceAll(strings.Trim(key, "'"), "''", "'")
	for _, row := range rows {
		if strings.EqualFold(row[0], value) {
			c.json(http.StatusOK, s.object(row, nil, c.base+"/data/$metadata#"+s.name+"/$entity"))
			return
		}
	}
	c.refuse(refuse(http.StatusNotFound, "No entity was found for the key '%s' in '%s'.", value, s.name))
}

// query is the options of a request for a set.
type query struct {
	filter    condition // nil: all rows
	selected  []string  // nil: all properties
	order     []string
	skip, top int // top -1: all
	count     bool
	rest      url.Values // of which the next link is made
}

func (s *set) parse(raw string) (query, *refusal) {
	q := query{top: -1}
	values, parseErr := url.ParseQuery(raw)
	if parseErr != nil {
		return q, refuse(http.StatusBadRequest, "The query string is not properly encoded.")
	}
	q.rest = values
	for name := range values {
		value := values.Get(name)
		var err *refusal
		switch name {
		case "$filter":
			q.filter, err = s.filter(value)
		case "$select":
			q.selected, err = s.names(value)
		case "$orderby":
			q.order, err = s.names(strings.ReplaceAll(value, " asc", ""))
		case "$skip":
			q.skip, err = count(name, value)
		case "$top":
			q.top, err = count(name, value)
		case "$count":
			q.count = value == "true"
		case "cross-company":
		default:
			if strings.HasPrefix(name, "$") {
				err = refuse(http.StatusBadRequest, "The query specified in the URI is not valid. The query parameter '%s' is not supported.", name)
			}
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func count(name, text string) (int, *refusal) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, refuse(http.StatusBadRequest, "The query specified in the URI is not valid. Invalid value '%s' for %s query option found.", text, name)
	}
	return n, nil
}

func (s *set) names(text string) ([]string, *refusal) {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if s.index(name) < 0 {
			return nil, s.unknown(name)
		}
		list = append(list, name)
	}
	return list, nil
}

// page returns the rows that a query selects, with a link by position to the rest.
func (s *set) page(q query, rows [][]string, root string, size int) any {
	var found [][]string
	for _, row := range rows {
		if q.filter == nil || q.filter(row) {
			found = append(found, row)
		}
	}
	for _, name := range slices.Backward(q.order) {
		at := s.index(name)
		slices.SortStableFunc(found, func(a, b []string) int { return s.properties[at].compare(a[at], b[at]) })
	}
	body := map[string]any{"@odata.context": root + "/$metadata#" + s.name}
	if q.count {
		body["@odata.count"] = len(found)
	}
	found = found[min(q.skip, len(found)):]
	if q.top >= 0 {
		found = found[:min(q.top, len(found))]
	}
	if len(found) > size {
		found = found[:size]
		q.rest.Set("$skip", strconv.Itoa(q.skip+size))
		if q.top >= 0 {
			q.rest.Set("$top", strconv.Itoa(q.top-size))
		}
		body["@odata.nextLink"] = root + "/" + s.name + "?" + q.rest.Encode()
	}
	list := make([]json.RawMessage, len(found))
	for i, row := range found {
		list[i] = s.object(row, q.selected, "")
	}
	body["value"] = list
	return body
}

// object returns a row as JSON, with its properties in their order.
func (s *set) object(row, selected []string, context string) json.RawMessage {
	text := func(value string) string {
		quoted, _ := json.Marshal(value) // a string always marshals
		return string(quoted)
	}
	out := `{"@odata.etag":"W/\"JzAsMDsn\""`
	if context != "" {
		out = `{"@odata.context":` + text(context)
	}
	for i, p := range s.properties {
		switch {
		case selected != nil && !slices.Contains(selected, p.name):
		case p.number || p.enum == boolean:
			out += "," + text(p.name) + ":" + row[i]
		default:
			out += "," + text(p.name) + ":" + text(row[i])
		}
	}
	return json.RawMessage(out + "}")
}
