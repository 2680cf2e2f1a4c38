package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// page is one answer of a walk through a table.
type page struct {
	rows  []ref
	next  *cookie // nil: the walk ends here
	total int     // rows that the whole query has; only if it was asked for
}

// walk is a request for rows, ready to be carried out.
type walk struct {
	call    *call
	show    showing
	match   condition
	order   *sorting
	cookie  cookie
	tracked bool
	version int64 // the row version at the walk's first page
	size    int
	paged   bool // false: $top alone, which gives no next link
}

// list answers a request for an entity set.
func (e *Environment) list(c *call) (*reply, *apiError) {
	switch {
	case c.query.present["$apply"] && !c.prefer.track && !c.query.present["$deltatoken"]:
		return e.apply(c)
	case c.query.present["sql"]:
		return e.sql(c)
	case c.query.present["fetchXml"]:
		return e.fetch(c)
	}
	w, refusal := e.plan(c)
	if refusal != nil {
		return nil, refusal
	}
	if c.query.deltaToken != "" || c.query.present["$deltatoken"] {
		return e.changes(w)
	}
	if w.tracked {
		if refusal := e.mayTrack(c); refusal != nil {
			return nil, refusal
		}
	}
	return e.all(w)
}

// plan checks everything about a request that does not depend on the rows.
func (e *Environment) plan(c *call) (*walk, *apiError) {
	if c.store.table.NoRetrieve {
		return nil, unsupportedMessage(c.store.table, "RetrieveMultiple")
	}
	w := &walk{call: c, tracked: c.prefer.track, size: maxPage, paged: true, version: e.currentVersion(c.store.table)}
	var refusal *apiError
	if c.query.present["$skiptoken"] {
		if w.cookie, refusal = parseCookie(c.query.skipToken); refusal != nil {
			return nil, refusal
		}
		w.tracked = w.cookie.tracking
		if w.cookie.version > 0 {
			w.version = w.cookie.version
		}
	}
	if w.tracked || c.query.present["$deltatoken"] {
		if refusal := c.query.refuseTracked(); refusal != nil {
			return nil, refusal
		}
	}
	if w.show, refusal = e.shown(c.store, c.query.selected, c.query.expanded, maxExpansions); refusal != nil {
		return nil, refusal
	}
	if w.match, refusal = c.store.filter(c.query.filter); refusal != nil {
		return nil, refusal
	}
	if w.order, refusal = e.order(c.store, c.query.order); refusal != nil {
		return nil, refusal
	}
	w.match = both(w.match, e.visible(c.store))
	switch {
	case c.prefer.pageSize > 0: // $top counts for nothing beside a page size
		w.size = c.prefer.pageSize
	case c.query.top >= 0:
		w.size, w.paged = min(c.query.top, maxPage), false
	}
	return w, nil
}

func both(a, b condition) condition {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	return func(r ref) bool { return a(r) && b(r) }
}

// all answers with a page of the rows as they are now, and at the end of a tracked walk with a delta link.
func (e *Environment) all(w *walk) (*reply, *apiError) {
	p, refusal := w.take(e.behaviors.RepeatRows)
	if refusal != nil {
		return nil, refusal
	}
	if p.next != nil && e.behaviors.TokenAt == FirstPage && w.tracked {
		p.next.version = w.version
	}
	if w.call.query.count {
		p.total = w.call.store.matching(w.match)
	}
	lent := e.lend()
	body := e.open(*lent, w, heading{total: p.total, last: p.next == nil})
	rows := e.newRowWriter(w.call.store, w.show, w.call.prefer)
	for i, r := range p.rows {
		if i > 0 {
			body = append(body, ',')
		}
		if i == 1 { // the first row tells about how long the page will be
			body = slices.Grow(body, len(body)*(len(p.rows)+len(p.rows)/4))
		}
		body = rows.append(body, r)
	}
	body = e.closePage(body, w, p.next)
	answer := newReply(http.StatusOK).json(body).preference(w.call.prefer.applied(w.tracked))
	answer.lent = lent
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
func (e *Environment) open(body []byte, w *walk, h heading) []byte {
	c := w.call
	body = appendQuoted(append(body, `{"@odata.context":`...), c.base+"/$metadata#"+c.store.table.EntitySetName+w.show.context+h.suffix)
	counted, exceeded := -1, false
	if c.query.count {
		counted, exceeded = min(h.total, maxPage), h.total > maxPage
		body = strconv.AppendInt(append(body, `,"@odata.count":`...), int64(counted), 10)
	}
	if h.last && w.tracked {
		body = appendQuoted(append(body, `,"@odata.deltaLink":`...), c.link("$deltatoken="+percentLower(e.token(w).String())))
	}
	body = e.appendPageAnnotations(body, c.prefer, counted, exceeded)
	return append(body, `,"value":[`...)
}

// token is the delta token of a walk that ends now.
func (e *Environment) token(w *walk) stamp {
	token := stamp{version: w.version, issued: e.now()}
	if e.behaviors.TokenAt == LastPage {
		token.version = e.currentVersion(w.call.store.table)
	}
	if e.behaviors.EditedSelect != Honoured {
		e.issued.add(w.call.store.table.LogicalName, token, w.call.query.selected)
	}
	return token
}

// closePage writes an answer from behind the last row: the link to the next page, if there is one.
func (e *Environment) closePage(body []byte, w *walk, next *cookie) []byte {
	body = append(body, ']')
	if next != nil {
		next.tracking = w.tracked
		body = appendQuoted(append(body, `,"@odata.nextLink":`...), w.call.link(w.call.query.rawDelta, "$skiptoken="+next.skipToken()))
	}
	return append(body, '}')
}

// link is the address of the entity set with the query as it came and more behind it.
func (c *call) link(more ...string) string {
	parts := slices.DeleteFunc(append([]string{c.query.link}, more...), func(part string) bool { return part == "" })
	return c.base + "/" + c.store.table.EntitySetName + "?" + strings.Join(parts, "&")
}

// take takes the rows of the next page. Those behind the first may repeat the last row of the page before.
func (w *walk) take(repeat bool) (page, *apiError) {
	switch {
	case w.order != nil:
		return w.byOrder(repeat)
	case w.call.store.table.Type == Virtual:
		return w.byNumber()
	default:
		return w.byKey(repeat)
	}
}

// byKey takes the next rows in the order of the primary key.
func (w *walk) byKey(repeat bool) (page, *apiError) {
	var last rowID
	walking := w.cookie.page > 0
	if walking {
		if len(w.cookie.marks) != 1 || w.cookie.marks[0].column != w.call.store.table.PrimaryID {
			return page{}, wrongOrder()
		}
		var ok bool
		if last, ok = w.cookie.marks[0].last.id(); !ok {
			return page{}, badCookie()
		}
	}
	again := repeat && walking && w.size > 1
	var p page
	for r := range w.call.store.from(last) {
		if walking && r.id == last && !again || w.match != nil && !w.match(r) {
			continue
		}
		if len(p.rows) == w.size {
			if w.paged {
				p.next = w.cookieAfter(mark{
					w.call.store.table.PrimaryID, idPosition(p.rows[0].id), idPosition(p.rows[w.size-1].id),
				})
			}
			break
		}
		p.rows = append(p.rows, r)
	}
	return p, nil
}

func (w *walk) cookieAfter(marks ...mark) *cookie {
	return &cookie{page: max(w.cookie.page, 1) + 1, marks: marks}
}

// byNumber takes the next rows of a virtual table, whose provider knows only the number of a page.
func (w *walk) byNumber() (page, *apiError) {
	if len(w.cookie.marks) > 0 {
		return page{}, wrongOrder()
	}
	skip := (max(w.cookie.page, 1) - 1) * w.size
	var p page
	for r := range w.call.store.from(rowID{}) {
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
func (w *walk) byOrder(repeat bool) (page, *apiError) {
	walking := w.cookie.page > 0
	var last sorted
	if walking {
		var refusal *apiError
		if last, refusal = w.order.after(w.cookie); refusal != nil {
			return page{}, refusal
		}
	}
	again := repeat && w.size > 1
	var rows []sorted
	for r := range w.call.store.from(rowID{}) {
		if w.match != nil && !w.match(r) {
			continue
		}
		row := w.order.keys(r)
		if c := w.order.compare(row, last); c < 0 || c == 0 && !again {
			continue
		}
		rows = append(rows, row)
		if len(rows) > 4*(w.size+1) {
			rows = w.order.first(rows, w.size+1)
		}
	}
	rows = w.order.first(rows, w.size+1)
	var p page
	if len(rows) > w.size {
		rows = rows[:w.size]
		if w.paged && w.size > 0 {
			p.next = w.cookieAfter(w.order.marks(rows[0], rows[w.size-1])...)
		}
	}
	for _, row := range rows {
		p.rows = append(p.rows, row.ref)
	}
	return p, nil
}
