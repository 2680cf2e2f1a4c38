package webapi

import (
	"net/http"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// sql serves an entity set's query option sql: a SELECT over the rows of the table (PowerPlatform-DataverseClient-Python
// queries this way).
func sql(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	q, refusal := query.ParseSQL(c.store, c.query.Sql)
	switch {
	case refusal != nil:
		return nil, refusal
	case q.Table != c.store.Table.LogicalName:
		return nil, query.SQLRefused("'" + q.Table + "' is not the table of the entity set")
	}
	c.query.Filter, c.query.Order, c.query.Top = q.Filter, q.Order, q.Top
	w, refusal := plan(db, c)
	if refusal != nil {
		return nil, refusal
	}
	body := odata.AppendQuoted([]byte(`{"@odata.context":`), c.base+"/$metadata#"+c.store.Table.EntitySetName)
	body = append(body, `,"value":[`...)
	if len(q.Items) == 1 && q.Items[0].Cell == nil {
		body = appendName(append(body, '{'), len(body)+1, q.Items[0].Name)
		body = strconv.AppendInt(body, int64(matching(c.store, w.match)), 10)
		return odata.NewReply(http.StatusOK).JSON(append(body, "}]}"...)), nil
	}
	p, refusal := w.take(rows.Behaviors{})
	if refusal != nil {
		return nil, refusal
	}
	for i, r := range p.rows {
		if i > 0 {
			body = append(body, ',')
		}
		if body, refusal = appendItems(body, c.store, r, q.Items); refusal != nil {
			return nil, refusal
		}
	}
	return odata.NewReply(http.StatusOK).JSON(closePage(body, w, p.next)), nil
}

// appendItems writes a row of the response.
func appendItems(dst []byte, s *rows.Store, r rows.Ref, items []query.SelectItem) ([]byte, *odata.Error) {
	dst = append(dst, '{')
	start := len(dst)
	for _, item := range items {
		if item.Cell == nil {
			return dst, query.SQLRefused("COUNT(*) stands alone here")
		}
		dst = s.AppendOrNull(appendName(dst, start, item.Name), r, item.Cell)
	}
	return append(dst, '}'), nil
}
