package webapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// page is one answer of a walk through a table.
type page struct {
	rows  []rows.Ref
	next  *query.Cookie // nil: the walk ends here
	total int           // rows that the whole query has; only if it was asked for
}

// walk is a request for rows, ready to be carried out.
type walk struct {
	call    *call
	show    showing
	match   query.Condition
	order   *query.Sorting
	cookie  query.Cookie
	tracked bool
	version int64 // the row version at the walk's first page
	size    int
	paged   bool // false: $top alone, which gives no next link
}

// list answers a request for an entity set.
func list(db *rows.Database, c *call) (*odata.Reply, *odata.Error) {
	switch {
	case c.query.Present["$apply"] && !c.prefer.Track && !c.query.Present["$deltatoken"]:
		return apply(db, c)
	case c.query.Present["sql"]:
		return sql(db, c)
	case c.query.Present["fetchXml"]:
		return fetch(db, c)
	}
	w, refusal := plan(db, c)
	if refusal != nil {
		return nil, refusal
	}
	if c.query.DeltaToken != "" || c.query.Present["$deltatoken"] {
		return changes(db, w)
	}
	if w.tracked {
		if refusal := mayTrack(db, c); refusal != nil {
			return nil, refusal
		}
	}
	return all(db, w)
}

// plan checks everything about a request that does not depend on the rows.
func plan(db *rows.Database, c *call) (*walk, *odata.Error) {
	if c.store.Table.NoRetrieve {
		return nil, unsupportedMessage(c.store.Table, "RetrieveMultiple")
	}
	w := &walk{call: c, tracked: c.prefer.Track, size: odata.MaxPage, paged: true, version: db.CurrentVersion(c.store.Table)}
	var refusal *odata.Error
	if c.query.Present["$skiptoken"] {
		if w.cookie, refusal = query.ParseCookie(c.query.SkipToken); refusal != nil {
			return nil, refusal
		}
		w.tracked = w.cookie.Tracking
		if w.cookie.Version > 0 {
			w.version = w.cookie.Version
		}
	}
	if w.tracked || c.query.Present["$deltatoken"] {
		if refusal := c.query.RefuseTracked(); refusal != nil {
			return nil, refusal
		}
	}
	if w.show, refusal = shown(db, c.store, c.query.Selected, c.query.Expanded, maxExpansions); refusal != nil {
		return nil, refusal
	}
	if w.match, refusal = query.Filter(c.store, c.query.Filter); refusal != nil {
		return nil, refusal
	}
	if w.order, refusal = query.Order(db, c.store, c.query.Order); refusal != nil {
		return nil, refusal
	}
	w.match = both(w.match, visible(db, c.store))
	switch {
	case c.prefer.PageSize > 0: // $top counts for nothing beside a page size
		w.size = c.prefer.PageSize
	case c.query.Top >= 0:
		w.size, w.paged = min(c.query.Top, odata.MaxPage), false
	}
	return w, nil
}

func both(a, b query.Condition) query.Condition {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	return func(r rows.Ref) bool { return a(r) && b(r) }
}

// all answers with a page of the rows as they are now, and at the end of a tracked walk with a delta link.
func all(db *rows.Database, w *walk) (*odata.Reply, *odata.Error) {
	p, refusal := w.take(db.Behaviors.RepeatRows)
	if refusal != nil {
		return nil, refusal
	}
	if p.next != nil && db.Behaviors.TokenAt == rows.FirstPage && w.tracked {
		p.next.Version = w.version
	}
	if w.call.query.Count {
		p.total = matching(w.call.store, w.match)
	}
	lent := lend(db)
	body := open(db, *lent, w, heading{total: p.total, last: p.next == nil})
	rows := newRowWriter(db, w.call.store, w.show, w.call.prefer)
	for i, r := range p.rows {
		if i > 0 {
			body = append(body, ',')
		}
		if i == 1 { // the first row tells about how long the page will be
			body = slices.Grow(body, len(body)*(len(p.rows)+len(p.rows)/4))
		}
		body = rows.append(body, r)
	}
	body = closePage(db, body, w, p.next)
	answer := odata.NewReply(http.StatusOK).JSON(body).Preference(w.call.prefer.Applied(w.tracked))
	answer.Lent = lent
	return answer, nil
}

// heading is what an answer tells before its rows.
type heading struct {
	suffix string // of the context
	total  int    // rows of the whole query, if they were to be counted
	last   bool   // the walk ends with this page
}

// open writes an answer up to the first row. The delta link of a tracked walk's last page stands before the rows,
// unlike a next link (Microsoft, "Use change tracking to synchronize data with external systems").
func open(db *rows.Database, body []byte, w *walk, h heading) []byte {
	c := w.call
	body = odata.AppendQuoted(append(body, `{"@odata.context":`...), c.base+"/$metadata#"+c.store.Table.EntitySetName+w.show.context+h.suffix)
	counted, exceeded := -1, false
	if c.query.Count {
		counted, exceeded = min(h.total, odata.MaxPage), h.total > odata.MaxPage
		body = strconv.AppendInt(append(body, `,"@odata.count":`...), int64(counted), 10)
	}
	if h.last && w.tracked {
		body = odata.AppendQuoted(append(body, `,"@odata.deltaLink":`...), c.link("$deltatoken="+odata.PercentLower(token(db, w).String())))
	}
	body = appendPageAnnotations(db, body, c.prefer, counted, exceeded)
	return append(body, `,"value":[`...)
}

// token is the delta token of a walk that ends now.
func token(db *rows.Database, w *walk) odata.Stamp {
	token := odata.Stamp{Version: w.version, Issued: db.Now()}
	if db.Behaviors.TokenAt == rows.LastPage {
		token.Version = db.CurrentVersion(w.call.store.Table)
	}
	if db.Behaviors.EditedSelect != rows.Honoured {
		db.Issued.Add(w.call.store.Table.LogicalName, token, w.call.query.Selected)
	}
	return token
}

// closePage writes an answer from behind the last row: the link to the next page, if there is one.
func closePage(db *rows.Database, body []byte, w *walk, next *query.Cookie) []byte {
	body = append(body, ']')
	if next != nil {
		next.Tracking = w.tracked
		body = odata.AppendQuoted(append(body, `,"@odata.nextLink":`...), w.call.link(w.call.query.RawDelta, "$skiptoken="+next.SkipToken()))
	}
	return append(body, '}')
}

// link is the address of the entity set with the query as it came and more behind it.
func (c *call) link(more ...string) string {
	parts := slices.DeleteFunc(append([]string{c.query.Link}, more...), func(part string) bool { return part == "" })
	return c.base + "/" + c.store.Table.EntitySetName + "?" + strings.Join(parts, "&")
}

// take takes the rows of the next page. Those behind the first may repeat the last row of the page before.
func (w *walk) take(repeat bool) (page, *odata.Error) {
	switch {
	case w.order != nil:
		return w.byOrder(repeat)
	case w.call.store.Table.Type == schema.Virtual:
		return w.byNumber()
	default:
		return w.byKey(repeat)
	}
}

// byKey takes the next rows in the order of the primary key.
func (w *walk) byKey(repeat bool) (page, *odata.Error) {
	var last guid.ID
	walking := w.cookie.Page > 0
	if walking {
		if len(w.cookie.Marks) != 1 || w.cookie.Marks[0].Column != w.call.store.Table.PrimaryID {
			return page{}, query.WrongOrder()
		}
		var ok bool
		if last, ok = w.cookie.Marks[0].Last.ID(); !ok {
			return page{}, odata.BadCookie()
		}
	}
	again := repeat && walking && w.size > 1
	var p page
	for r := range w.call.store.From(last) {
		if walking && r.ID == last && !again || w.match != nil && !w.match(r) {
			continue
		}
		if len(p.rows) == w.size {
			if w.paged {
				p.next = w.cookieAfter(query.Mark{
					Column: w.call.store.Table.PrimaryID, First: query.IDPosition(p.rows[0].ID), Last: query.IDPosition(p.rows[w.size-1].ID),
				})
			}
			break
		}
		p.rows = append(p.rows, r)
	}
	return p, nil
}

func (w *walk) cookieAfter(marks ...query.Mark) *query.Cookie {
	return &query.Cookie{Page: max(w.cookie.Page, 1) + 1, Marks: marks}
}

// byNumber takes the next rows of a virtual table, whose provider knows only the number of a page.
func (w *walk) byNumber() (page, *odata.Error) {
	if len(w.cookie.Marks) > 0 {
		return page{}, query.WrongOrder()
	}
	skip := (max(w.cookie.Page, 1) - 1) * w.size
	var p page
	for r := range w.call.store.From(guid.ID{}) {
		switch {
		case w.match != nil && !w.match(r):
		case skip > 0:
			skip--
		case len(p.rows) == w.size:
			if w.paged {
				p.next = w.cookieAfter()
			}
			return p, nil
		default:
			p.rows = append(p.rows, r)
		}
	}
	return p, nil
}

// byOrder takes the next rows in the order that the request asks for. It keeps no more of them than it needs.
func (w *walk) byOrder(repeat bool) (page, *odata.Error) {
	walking := w.cookie.Page > 0
	var last query.Sorted
	if walking {
		var refusal *odata.Error
		if last, refusal = w.order.After(w.cookie); refusal != nil {
			return page{}, refusal
		}
	}
	again := repeat && w.size > 1
	var rows []query.Sorted
	for r := range w.call.store.From(guid.ID{}) {
		if w.match != nil && !w.match(r) {
			continue
		}
		row := w.order.Keys(r)
		if c := w.order.Compare(row, last); c < 0 || c == 0 && !again {
			continue
		}
		rows = append(rows, row)
		if len(rows) > 4*(w.size+1) {
			rows = w.order.First(rows, w.size+1)
		}
	}
	rows = w.order.First(rows, w.size+1)
	var p page
	if len(rows) > w.size {
		rows = rows[:w.size]
		if w.paged && w.size > 0 {
			p.next = w.cookieAfter(w.order.Marks(rows[0], rows[w.size-1])...)
		}
	}
	for _, row := range rows {
		p.rows = append(p.rows, row.Ref)
	}
	return p, nil
}
