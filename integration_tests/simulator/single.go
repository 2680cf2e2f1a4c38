package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// matching counts the rows that meet a condition, at most one more than a count may show.
func (s *store) matching(match condition) int {
	if match == nil {
		return s.count()
	}
	n := 0
	for r := range s.from(rowID{}) {
		if match(r) {
			if n++; n > maxPage {
				break
			}
		}
	}
	return n
}

// countRows answers $count: the number of rows as text, at most 5,000, or with a delta token the number of changes
// (Microsoft, "Count number of rows").
func (e *Environment) countRows(c *call) (*reply, *apiError) {
	w, refusal := e.plan(c)
	if refusal != nil {
		return nil, refusal
	}
	n := 0
	if c.query.present["$deltatoken"] {
		d, refusal := e.delta(w)
		if refusal != nil {
			return nil, refusal
		}
		if d != nil {
			n = d.count()
		} else {
			n = min(c.store.count(), maxPage)
		}
	} else {
		n = min(c.store.matching(w.match), maxPage)
	}
	answer := newReply(http.StatusOK)
	answer.header.Set("Content-Type", "text/plain")
	answer.body = strconv.AppendInt(nil, int64(n), 10)
	return answer, nil
}

// single answers a request for a row by its key.
func (e *Environment) single(c *call) (*reply, *apiError) {
	for _, name := range []string{"$filter", "$orderby", "$top", "$count", "$skiptoken", "$deltatoken"} {
		if c.query.present[name] {
			return nil, badQuery("The query parameter %s is not supported", name)
		}
	}
	r, refusal := e.readable(c)
	if refusal != nil {
		return nil, refusal
	}
	show, refusal := e.shown(c.store, c.query.selected, c.query.expanded, maxExpansions)
	if refusal != nil {
		return nil, refusal
	}
	if known := c.http.Header.Get("If-None-Match"); known != "" && known == c.store.etag(r) {
		return newReply(http.StatusNotModified), nil
	}
	return newReply(http.StatusOK).json(e.entity(c, show, r)).preference(c.prefer.applied(false)), nil
}

// readable is the row of a request's key, if the user may read it.
func (e *Environment) readable(c *call) (ref, *apiError) {
	r, refusal := c.store.at(c.key)
	if refusal != nil {
		return r, refusal
	}
	if visible := e.visible(c.store); visible != nil && !visible(r) {
		return r, e.accessDenied(r)
	}
	return r, nil
}

// entity is a single row as JSON.
func (e *Environment) entity(c *call, show showing, r ref) []byte {
	body := appendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.table.EntitySetName+show.context+"/$entity")
	rows := e.newRowWriter(c.store, show, c.prefer)
	if members := rows.members(nil, r); len(members) > 0 {
		body = append(append(body, ','), members...)
	}
	return append(body, '}')
}

// property answers a request for one property of a row, or for its bare value.
func (e *Environment) property(c *call) (*reply, *apiError) {
	r, refusal := e.readable(c)
	if refusal != nil {
		return nil, refusal
	}
	if column := c.store.navigation(strings.TrimSuffix(c.rest, "/$ref")); column != nil {
		return e.related(c, r, column)
	}
	name, bare := strings.CutSuffix(c.rest, "/$value")
	cell := c.store.cellOf(name)
	if cell == nil {
		return nil, notFound(name)
	}
	value := c.store.appendValue(nil, r, cell)
	if len(value) == 0 {
		return newReply(http.StatusNoContent), nil
	}
	if bare {
		answer := newReply(http.StatusOK)
		answer.header.Set("Content-Type", "text/plain")
		answer.body = []byte(plain(value))
		return answer, nil
	}
	context := c.base + "/$metadata#" + c.store.table.EntitySetName + "(" + r.id.String() + ")/" + name
	body := appendQuoted([]byte(`{"@odata.context":`), context)
	body = append(append(append(body, `,"value":`...), value...), '}')
	return newReply(http.StatusOK).json(body), nil
}

// related answers a request for the row that a lookup points to, or with $ref for its address.
func (e *Environment) related(c *call, r ref, column *Column) (*reply, *apiError) {
	name, byReference := strings.CutSuffix(c.rest, "/$ref")
	to, found := c.store.points(r, c.store.cellOf(column.Property()))
	if !found || navigationName(c.store.table, column, to.table) != name {
		return newReply(http.StatusNoContent), nil
	}
	target := e.stores[to.table]
	if target == nil || target.table.EntitySetName == "" {
		return nil, notFound(name)
	}
	if refusal := e.mayRead(target.table); refusal != nil {
		return nil, refusal
	}
	row, found := target.find(to.id)
	if !found {
		return nil, target.noSuchRow(to.id)
	}
	if byReference {
		body := appendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#$ref")
		body = appendQuoted(append(body, `,"@odata.id":`...), c.base+"/"+target.address(row))
		return newReply(http.StatusOK).json(append(body, '}')), nil
	}
	show, refusal := e.shown(target, c.query.selected, c.query.expanded, maxExpansions)
	if refusal != nil {
		return nil, refusal
	}
	there := *c
	there.store = target
	return newReply(http.StatusOK).json(e.entity(&there, show, row)).preference(c.prefer.applied(false)), nil
}
