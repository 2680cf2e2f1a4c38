package simulator

import (
	"net/http"
	"slices"
	"strconv"
)

// delta is what has happened to a table since a token: the rows that were created or changed, and the deletions,
// each by row version. A row that was created and deleted in between is among the deletions.
type delta struct {
	store *store
	since int64             // the token's row version
	kept  func(change) bool // whether a deletion is still known
}

// pageOfChanges is the part of a delta that one answer holds.
type pageOfChanges struct {
	upserts, deletions []change
}

// The columns of the cookie behind a page of changes.
const (
	upsertMark   = "versionnumber"
	deletionMark = "deletedversion"
)

// mayTrack refuses change tracking where the service does: on tables that are not enabled, on intersect tables whose
// related tables are not, and to users who may not read the whole table (Microsoft, "Use change tracking to
// synchronize data with external systems").
func (e *Environment) mayTrack(c *call) *apiError {
	t := c.store.table
	if !t.Tracked {
		return refuse(http.StatusBadRequest, "0x80072491", "Entity %s isn't enabled for change tracking.", t.LogicalName)
	}
	if t.Intersect {
		for i := range t.Columns {
			for _, parent := range e.parents(&t.Columns[i]) {
				if !e.stores[parent].table.Tracked {
					return refuse(http.StatusBadRequest, "0x80072492",
						"Changes cannot be retrieved for intersect entity %s since both related entities are not enabled for change tracking.", t.LogicalName)
				}
			}
		}
	}
	if e.readDepth(t.LogicalName) != Global {
		return e.missingPrivilege(t)
	}
	return nil
}

// delta finds the changes since the request's token. It is nil where an expired token stands for all rows.
func (e *Environment) delta(w *walk) (*delta, *apiError) {
	c := w.call
	token, refusal := parseStamp(c.query.deltaToken)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := e.mayTrack(c); refusal != nil {
		return nil, refusal
	}
	now := e.now()
	if token.version < c.store.validFrom || now.Sub(token.issued) > e.lifetime {
		status := e.behaviors.ExpiredStatus
		if status == http.StatusOK {
			return nil, nil // all rows in place of a delta
		}
		if status == 0 {
			status = http.StatusBadRequest
		}
		return nil, expiredStamp(status)
	}
	return &delta{c.store, token.version, func(d change) bool {
		return now.Sub(d.at) <= e.lifetime && (!e.behaviors.RecreatedOnlyUpserted || !c.store.exists(d.id))
	}}, nil
}

// resolveSelect settles a $select that is not the one the token was issued with.
func (e *Environment) resolveSelect(w *walk) *apiError {
	if e.behaviors.EditedSelect == Honoured {
		return nil
	}
	c := w.call
	token, refusal := parseStamp(c.query.deltaToken)
	if refusal != nil {
		return refusal
	}
	original, edited := e.issued.original(c.store.table.LogicalName, token, c.query.selected)
	if !edited {
		return nil
	}
	if e.behaviors.EditedSelect == Refused {
		return badQuery("The $select query option doesn't match the one that the delta token was issued with.")
	}
	show, refusal := c.store.project(original)
	w.show = show
	return refusal
}

func (s *store) exists(id rowID) bool {
	_, ok := s.find(id)
	return ok
}

// upserts are the rows created or changed behind a row version, at most so many. Of each row the log's last entry counts.
func (d *delta) upserts(version int64, limit int) []change {
	return d.store.log.after(max(version, d.since), limit, func(c change) bool {
		row := d.store.rows[c.id]
		return !c.deleted && row != nil && row.version == c.version
	})
}

// deletions are the deletions behind a row version, at most so many. Of each id the last one counts.
func (d *delta) deletions(version int64, limit int) []change {
	return d.store.log.after(max(version, d.since), limit, func(c change) bool { return c.deleted && !c.repeated && d.kept(c) })
}

func (d *delta) count() int {
	all := len(d.store.log.entries)
	return len(d.upserts(0, all)) + len(d.deletions(0, all))
}

// changes answers a delta link or a next link behind one.
func (e *Environment) changes(w *walk) (*reply, *apiError) {
	d, refusal := e.delta(w)
	if refusal != nil {
		return nil, refusal
	}
	w.tracked = true
	if d == nil {
		w.call.query.rawDelta = ""
		return e.all(w)
	}
	if refusal := e.resolveSelect(w); refusal != nil {
		return nil, refusal
	}
	total := 0
	if w.call.query.count {
		total = d.count()
	}
	p, next, refusal := d.cut(w, e.behaviors)
	if refusal != nil {
		return nil, refusal
	}
	if next != nil && e.behaviors.TokenAt == FirstPage {
		next.version = w.version
	}
	lent := e.lend()
	body := e.open(*lent, w, heading{"/$delta", total, next == nil})
	rows := e.newRowWriter(w.call.store, w.show, w.call.prefer)
	for i, entry := range slices.Concat(p.upserts, p.deletions) {
		if i > 0 {
			body = append(body, ',')
		}
		if entry.deleted {
			body = w.call.appendDeletion(body, entry.id)
			continue
		}
		r, _ := w.call.store.find(entry.id)
		body = rows.append(body, r)
	}
	body = e.closePage(body, w, next)
	answer := newReply(http.StatusOK).json(body).preference(w.call.prefer.applied(true))
	answer.lent = lent
	return answer, nil
}

func (c *call) appendDeletion(body []byte, id rowID) []byte {
	body = appendQuoted(append(body, `{"@odata.context":`...), c.base+"/$metadata#"+c.store.table.EntitySetName+"/$deletedEntity")
	body = id.appendTo(append(body, `,"id":"`...))
	return append(body, `","reason":"deleted"}`...)
}

// cut gives the changes of the page that the request asks for, and the cookie of the next page.
func (d *delta) cut(w *walk, b Behaviors) (pageOfChanges, *cookie, *apiError) {
	upserted, deleted, refusal := w.deltaMarks()
	if refusal != nil {
		return pageOfChanges{}, nil, refusal
	}
	from := upserted
	if w.cookie.page > 0 && b.RepeatRows && w.size > 1 {
		from-- // once more
	}
	p := pageOfChanges{upserts: d.upserts(from, w.size+1)}
	if len(p.upserts) <= w.size || b.DeletionsAtPageEnd {
		p.deletions = d.deletions(deleted, w.size+1)
	}
	room := w.size
	if b.DeletionsAtPageEnd && len(p.deletions) > 0 {
		room = max(1, w.size-min(len(p.deletions), max(1, w.size/4)))
	}
	upserts := p.upserts[:min(room, len(p.upserts))]
	deletions := p.deletions[:min(w.size-len(upserts), len(p.deletions))]
	more := len(upserts) < len(p.upserts) || len(deletions) < len(p.deletions)
	p = pageOfChanges{upserts, deletions}
	if !more {
		return p, nil, nil // the walk ends here
	}
	return p, w.cookieAfter(marksOf(upsertMark, upserts, upserted), marksOf(deletionMark, deletions, deleted)), nil
}

// deltaMarks are the versions of the last change and the last deletion that the walk has delivered.
func (w *walk) deltaMarks() (upserted, deleted int64, refusal *apiError) {
	if w.cookie.page == 0 {
		return 0, 0, nil
	}
	m := w.cookie.marks
	if len(m) != 2 || m[0].column != upsertMark || m[1].column != deletionMark {
		return 0, 0, wrongOrder()
	}
	upserted, err := strconv.ParseInt(m[0].last.text, 10, 64)
	deleted, deletedErr := strconv.ParseInt(m[1].last.text, 10, 64)
	if err != nil || deletedErr != nil {
		return 0, 0, badCookie()
	}
	return upserted, deleted, nil
}

func marksOf(column string, list []change, before int64) mark {
	first, last := before, before
	if len(list) > 0 {
		first, last = list[0].version, list[len(list)-1].version
	}
	number := func(n int64) position { return position{text: strconv.FormatInt(n, 10)} }
	return mark{column, number(first), number(last)}
}
