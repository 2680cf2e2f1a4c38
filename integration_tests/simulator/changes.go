package simulator

import (
	"net/http"
	"slices"
	"sort"
	"strconv"
)

// delta is what has happened to a table since a token: the rows that were created or changed, and the deletions,
// each by row version. A row that was created and deleted in between is among the deletions.
type delta struct {
	upserts   []change
	deletions []change
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
	token, refusal := parseDeltaToken(c.query.deltaToken)
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
		return nil, refuse(status, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync.")
	}
	if refusal := e.resolveSelect(w, token); refusal != nil {
		return nil, refusal
	}
	return c.store.since(token.version, func(d change) bool {
		return now.Sub(d.at) <= e.lifetime && (!e.behaviors.RecreatedOnlyUpserted || !c.store.exists(d.id))
	}), nil
}

// resolveSelect settles a $select that is not the one the token was issued with.
func (e *Environment) resolveSelect(w *walk, token deltaToken) *apiError {
	c := w.call
	original, edited := e.issued.original(c.store.table.LogicalName, token, c.query.selected)
	if !edited || e.behaviors.EditedSelect == Honoured {
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

// since collects the changes behind a row version: of each row the last, and of each deleted id the last deletion
// that is still kept.
func (s *store) since(version int64, kept func(change) bool) *delta {
	at := sort.Search(len(s.log), func(i int) bool { return s.log[i].version > version })
	d := &delta{}
	last := map[rowID]int{}
	for i, entry := range s.log[at:] {
		if entry.deleted {
			last[entry.id] = i
		} else if row := s.rows[entry.id]; row != nil && row.version == entry.version {
			d.upserts = append(d.upserts, entry)
		}
	}
	for i, entry := range s.log[at:] {
		if entry.deleted && last[entry.id] == i && kept(entry) {
			d.deletions = append(d.deletions, entry)
		}
	}
	return d
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
	total := len(d.upserts) + len(d.deletions)
	next, refusal := d.cut(w, e.behaviors)
	if refusal != nil {
		return nil, refusal
	}
	if next != nil && e.behaviors.TokenAt == FirstPage {
		next.version = w.version
	}
	body := e.open(w, total, "/$delta")
	rows := e.newRowWriter(w.call.store, w.show, w.call.prefer)
	for i, entry := range slices.Concat(d.upserts, d.deletions) {
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
	return newReply(http.StatusOK).json(body).preference(w.call.prefer.applied(true)), nil
}

func (c *call) appendDeletion(body []byte, id rowID) []byte {
	body = appendQuoted(append(body, `{"@odata.context":`...), c.base+"/$metadata#"+c.store.table.EntitySetName+"/$deletedEntity")
	body = id.appendTo(append(body, `,"id":"`...))
	return append(body, `","reason":"deleted"}`...)
}

// cut leaves only the changes of the page that the request asks for, and gives the cookie of the next.
func (d *delta) cut(w *walk, b Behaviors) (*cookie, *apiError) {
	upserted, deleted, refusal := w.deltaMarks()
	if refusal != nil {
		return nil, refusal
	}
	from := w.cookie.page > 0
	d.upserts = behind(d.upserts, upserted, from && b.RepeatRows && w.size > 1)
	d.deletions = behind(d.deletions, deleted, false)
	room := w.size
	if b.DeletionsAtPageEnd && len(d.deletions) > 0 {
		room = max(1, w.size-min(len(d.deletions), max(1, w.size/4)))
	}
	upserts := d.upserts[:min(room, len(d.upserts))]
	deletions := d.deletions[:min(w.size-len(upserts), len(d.deletions))]
	more := len(upserts) < len(d.upserts) || len(deletions) < len(d.deletions)
	d.upserts, d.deletions = upserts, deletions
	if !more {
		return nil, nil // the walk ends here
	}
	return w.cookieAfter(marksOf(upsertMark, upserts, upserted), marksOf(deletionMark, deletions, deleted)), nil
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

// behind is the part of the list above a version, together with that version if again is set.
func behind(list []change, version int64, again bool) []change {
	return list[sort.Search(len(list), func(i int) bool {
		return list[i].version > version || again && list[i].version == version
	}):]
}

func marksOf(column string, list []change, before int64) mark {
	first, last := before, before
	if len(list) > 0 {
		first, last = list[0].version, list[len(list)-1].version
	}
	number := func(n int64) position { return position{text: strconv.FormatInt(n, 10)} }
	return mark{column, number(first), number(last)}
}
