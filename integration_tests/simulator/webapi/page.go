package webapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// page is one response of a scan through a table.
type page struct {
	rows  []rows.Ref
	next  *query.Cookie // nil: the scan ends here
	total int           // rows that the whole query has; only if it was asked for
}

// scan is a page scan: a request for rows, checked and ready to be carried out.
type scan struct {
	call    *call
	show    showing
	match   query.Condition
	keys    rows.KeyRange // outside which no row meets the condition
	order   *query.Sorting
	cookie  query.Cookie
	tracked bool
	version int64 // the row version at the scan's first page
	size    int
	paged   bool // false: $top alone, to which no next link belongs
}

// list serves a request for an entity set.
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
func plan(db *rows.Database, c *call) (*scan, *odata.Error) {
	if c.store.Table.NoRetrieve {
		return nil, unsupportedMessage(c.store.Table, "RetrieveMultiple")
	}
	w := &scan{call: c, tracked: c.prefer.Track, size: odata.MaxPage, paged: true, version: db.TokenVersion(c.store.Table)}
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
	if w.show, refusal = shown(db, c.user, c.store, c.query.Selected, c.query.Expanded, maxExpansions); refusal != nil {
		return nil, refusal
	}
	if w.match, refusal = query.Filter(c.store, c.query.Filter); refusal != nil {
		return nil, refusal
	}
	w.keys = query.KeysOf(c.store, c.query.Filter)
	if w.order, refusal = query.Order(db, c.store, c.query.Order); refusal != nil {
		return nil, refusal
	}
	if db.Behaviors.UnstableTies && w.order != nil {
		w.order.Unsettle(w.cookie.Page + 1)
	}
	w.match = both(w.match, visible(db, c.user, c.store))
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

// all responds with a page of the rows as they are now, and at the end of a tracked scan with a delta link.
func all(db *rows.Database, w *scan) (*odata.Reply, *odata.Error) {
	p, refusal := w.take(db.Behaviors)
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
		if i == 1 { // the length of the first row is an estimate for the others
			body = slices.Grow(body, len(body)*(len(p.rows)+len(p.rows)/4))
		}
		body = rows.append(body, r)
	}
	body = closePage(body, w, p.next)
	reply := odata.NewReply(http.StatusOK).JSON(body).Preference(w.call.prefer.Applied(w.tracked))
	reply.Lent = lent
	return reply, nil
}

// heading is what a response holds before its rows.
type heading struct {
	suffix string // of the context
	total  int    // rows of the whole query, if they were to be counted
	last   bool   // the scan ends with this page
}

// open writes a response up to the first row. The delta link of a tracked scan's last page stands before the rows,
// unlike a next link (Microsoft, "Use change tracking to synchronize data with external systems").
func open(db *rows.Database, body []byte, w *scan, h heading) []byte {
	c := w.call
	body = odata.AppendQuoted(append(body, `{"@odata.context":`...), c.base+"/$metadata#"+c.store.Table.EntitySetName+w.show.context+h.suffix)
	counted, exceeded := -1, false
	if c.query.Count {
		counted, exceeded = min(h.total, odata.MaxPage), h.total > odata.MaxPage
		body = strconv.AppendInt(append(body, `,"@odata.count":`...), int64(counted), 10)
	}
	if h.last && w.tracked && (!db.Behaviors.AnnotationsDropDeltaLink || c.prefer.Include == "") {
		body = odata.AppendQuoted(append(body, `,"@odata.deltaLink":`...), c.link("$deltatoken="+odata.PercentLower(token(db, w).String())))
	}
	body = appendPageAnnotations(db, body, c.prefer, counted, exceeded)
	return append(body, `,"value":[`...)
}

// token returns the delta token of a scan that ends now.
func token(db *rows.Database, w *scan) odata.Stamp {
	token := odata.Stamp{Version: w.version, Issued: db.Now()}
	if db.Behaviors.TokenAt == rows.LastPage {
		token.Version = db.TokenVersion(w.call.store.Table)
	}
	if db.Behaviors.TokensOfUser {
		db.Issued.Own(w.call.store.Table.LogicalName, token, w.call.user)
	}
	if db.Behaviors.EditedSelect != rows.Honoured {
		db.Issued.Add(w.call.store.Table.LogicalName, token, w.call.query.Selected)
	}
	return token
}

// closePage writes the rest of a response after the last row: the link to the next page, if there is one.
func closePage(body []byte, w *scan, next *query.Cookie) []byte {
	body = append(body, ']')
	if next != nil {
		next.Tracking = w.tracked
		body = odata.AppendQuoted(append(body, `,"@odata.nextLink":`...), w.call.link(w.call.query.RawDelta, "$skiptoken="+next.SkipToken()))
	}
	return append(body, '}')
}

// link returns the address of the entity set with the query as it came and more after it.
func (c *call) link(more ...string) string {
	parts := slices.DeleteFunc(append([]string{c.query.Link}, more...), func(part string) bool { return part == "" })
	return c.base + "/" + c.store.Table.EntitySetName + "?" + strings.Join(parts, "&")
}
