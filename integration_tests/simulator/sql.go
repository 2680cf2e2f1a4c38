package simulator

import (
	"net/http"
	"strconv"
)

// sql answers an entity set's query option sql: a SELECT over the rows of the table (PowerPlatform-DataverseClient-Python
// queries this way).
func (e *Environment) sql(c *call) (*reply, *apiError) {
	q, refusal := parseSQL(c.store, c.query.sql)
	switch {
	case refusal != nil:
		return nil, refusal
	case q.table != c.store.table.LogicalName:
		return nil, sqlRefused("'" + q.table + "' is not the table of the entity set")
	}
	c.query.filter, c.query.order, c.query.top = q.filter, q.order, q.top
	w, refusal := e.plan(c)
	if refusal != nil {
		return nil, refusal
	}
	body := appendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.table.EntitySetName)
	body = append(body, `,"value":[`...)
	if len(q.items) == 1 && q.items[0].cell == nil {
		body = appendName(append(body, '{'), len(body)+1, q.items[0].name)
		body = strconv.AppendInt(body, int64(c.store.matching(w.match)), 10)
		return newReply(http.StatusOK).json(append(body, "}]}"...)), nil
	}
	p, refusal := w.take(false)
	if refusal != nil {
		return nil, refusal
	}
	for i, r := range p.rows {
		if i > 0 {
			body = append(body, ',')
		}
		if body, refusal = appendItems(body, c.store, r, q.items); refusal != nil {
			return nil, refusal
		}
	}
	return newReply(http.StatusOK).json(e.closePage(body, w, p.next)), nil
}

// appendItems writes a row of the answer.
func appendItems(dst []byte, s *store, r ref, items []selectItem) ([]byte, *apiError) {
	dst = append(dst, '{')
	begin := len(dst)
	for _, item := range items {
		if item.cell == nil {
			return dst, sqlRefused("COUNT(*) stands alone here")
		}
		dst = s.appendOrNull(appendName(dst, begin, item.name), r, item.cell)
	}
	return append(dst, '}'), nil
}
