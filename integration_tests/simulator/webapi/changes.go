package webapi

import (
	"net/http"
	"slices"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// delta is what has happened to a table since a token: the rows that were created or changed, and the deletions,
// each by row version. A row that was created and deleted in between is among the deletions.
type delta struct {
	store *rows.Store
	since int64                  // the token's row version
	until int64                  // the row version at which the scan ends
	kept  func(rows.Change) bool // whether a deletion is still known
}

// pageOfChanges is the part of a delta that one response holds.
type pageOfChanges struct {
	upserts, deletions []rows.Change
}

// The columns of the cookie after a page of changes.
const (
	upsertMark   = "versionnumber"
	deletionMark = "deletedversion"
)

// mayTrack refuses change tracking where the service does: on tables that are not enabled, on intersect tables whose
// related tables are not, and to users who may not read the whole table (Microsoft, "Use change tracking to
// synchronize data with external systems").
func mayTrack(db *rows.Database, c *call) *odata.Error {
	t := c.store.Table
	if !t.Tracked {
		return odata.Refuse(http.StatusBadRequest, "0x80072491", "Entity %s isn't enabled for change tracking.", t.LogicalName)
	}
	if t.Intersect {
		for i := range t.Columns {
			for _, parent := range db.Parents(&t.Columns[i]) {
				if !db.Stores[parent].Table.Tracked {
					return odata.Refuse(http.StatusBadRequest, "0x80072492",
						"Changes cannot be retrieved for intersect entity %s since both related entities are not enabled for change tracking.", t.LogicalName)
				}
			}
		}
	}
	if db.ReadDepthOf(c.user, t.LogicalName) != schema.Global {
		return missingPrivilege(c.user, t)
	}
	return nil
}

// changesSince finds the changes since the request's token. It is nil if the response to an expired token is all rows.
func changesSince(db *rows.Database, w *scan) (*delta, *odata.Error) {
	c := w.call
	token, refusal := odata.ParseStamp(c.query.DeltaToken)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := mayTrack(db, c); refusal != nil {
		return nil, refusal
	}
	now := db.Now()
	ofOther := db.Behaviors.TokensOfUser && !db.Issued.Owns(c.store.Table.LogicalName, token, c.user)
	if ofOther || token.Version < c.store.ValidFrom || now.Sub(token.Issued) > db.Lifetime {
		status := db.Behaviors.ExpiredStatus
		if status == http.StatusOK {
			return nil, nil // all rows in place of a delta
		}
		if status == 0 {
			status = http.StatusBadRequest
		}
		return nil, odata.ExpiredStamp(status)
	}
	return &delta{c.store, token.Version, db.TokenVersion(c.store.Table), func(d rows.Change) bool {
		return now.Sub(d.At) <= db.Lifetime && (!db.Behaviors.RecreatedOnlyUpserted || !c.store.Exists(d.ID))
	}}, nil
}

// resolveSelect settles a $select that is not the one the token was issued with.
func resolveSelect(db *rows.Database, w *scan) *odata.Error {
	if db.Behaviors.EditedSelect == rows.Honoured {
		return nil
	}
	c := w.call
	token, refusal := odata.ParseStamp(c.query.DeltaToken)
	if refusal != nil {
		return refusal
	}
	original, edited := db.Issued.Original(c.store.Table.LogicalName, token, c.query.Selected)
	if !edited {
		return nil
	}
	if db.Behaviors.EditedSelect == rows.Refused {
		return odata.BadQuery("The $select query option doesn't match the one that the delta token was issued with.")
	}
	show, refusal := project(c.store, original)
	show.user = c.user
	w.show = show
	return refusal
}

// upserts returns the rows created or changed after a row version, at most so many. Of each row the log's last entry counts.
func (d *delta) upserts(version int64, limit int) []rows.Change {
	return d.store.Log.After(max(version, d.since), limit, func(c rows.Change) bool {
		row := d.store.Rows[c.ID]
		return !c.Deleted && row != nil && row.Version == c.Version && d.within(c)
	})
}

// deletions returns the deletions after a row version, at most so many. Of each id the last one counts.
func (d *delta) deletions(version int64, limit int) []rows.Change {
	return d.store.Log.After(max(version, d.since), limit, func(c rows.Change) bool { return c.Deleted && !c.Repeated && d.kept(c) && d.within(c) })
}

// within reports whether a change is one of those with which the scan ends.
func (d *delta) within(c rows.Change) bool { return c.Version <= d.until }

func (d *delta) count() int {
	all := len(d.store.Log.Entries)
	return len(d.upserts(0, all)) + len(d.deletions(0, all))
}

// changes serves a delta link or a next link after one.
func changes(db *rows.Database, w *scan) (*odata.Reply, *odata.Error) {
	d, refusal := changesSince(db, w)
	if refusal != nil {
		return nil, refusal
	}
	w.tracked = true
	if d == nil {
		w.call.query.RawDelta = ""
		return all(db, w)
	}
	if refusal := resolveSelect(db, w); refusal != nil {
		return nil, refusal
	}
	if db.Behaviors.BoundedChanges && db.Behaviors.TokenAt == rows.FirstPage {
		d.until = min(d.until, w.version)
	}
	total := 0
	if w.call.query.Count {
		total = d.count()
	}
	p, next, refusal := d.cut(w, db.Behaviors)
	if refusal != nil {
		return nil, refusal
	}
	if next != nil && db.Behaviors.TokenAt == rows.FirstPage {
		next.Version = w.version
	}
	lent := lend(db)
	body := open(db, *lent, w, heading{"/$delta", total, next == nil})
	rows := newRowWriter(db, w.call.store, w.show, w.call.prefer)
	for i, entry := range slices.Concat(p.upserts, p.deletions) {
		if i > 0 {
			body = append(body, ',')
		}
		if entry.Deleted {
			body = w.call.appendDeletion(body, entry.ID)
			continue
		}
		r, _ := w.call.store.Find(entry.ID)
		body = rows.append(body, r)
	}
	body = closePage(body, w, next)
	reply := odata.NewReply(http.StatusOK).JSON(body).Preference(w.call.prefer.Applied(true))
	reply.Lent = lent
	return reply, nil
}

func (c *call) appendDeletion(body []byte, id guid.ID) []byte {
	body = odata.AppendQuoted(append(body, `{"@odata.context":`...), c.base+"/$metadata#"+c.store.Table.EntitySetName+"/$deletedEntity")
	body = id.AppendTo(append(body, `,"id":"`...))
	return append(body, `","reason":"deleted"}`...)
}

// cut returns the changes of the page that the request asks for, and the cookie of the next page.
func (d *delta) cut(w *scan, b rows.Behaviors) (pageOfChanges, *query.Cookie, *odata.Error) {
	upserted, deleted, refusal := w.deltaMarks()
	if refusal != nil {
		return pageOfChanges{}, nil, refusal
	}
	from := upserted
	if w.cookie.Page > 0 && b.RepeatRows && w.size > 1 {
		from-- // once more
	}
	p := pageOfChanges{upserts: d.upserts(from, w.size+1)}
	if len(p.upserts) <= w.size || b.DeletionsAtPageEnd {
		p.deletions = d.deletions(deleted, w.size+1)
	}
	capacity := w.size
	if b.DeletionsAtPageEnd && len(p.deletions) > 0 {
		capacity = max(1, w.size-min(len(p.deletions), max(1, w.size/4)))
	}
	upserts := p.upserts[:min(capacity, len(p.upserts))]
	deletions := p.deletions[:min(w.size-len(upserts), len(p.deletions))]
	more := len(upserts) < len(p.upserts) || len(deletions) < len(p.deletions)
	p = pageOfChanges{upserts, deletions}
	if !more {
		return p, nil, nil // the scan ends here
	}
	return p, w.cookieAfter(marksOf(upsertMark, upserts, upserted), marksOf(deletionMark, deletions, deleted)), nil
}

// deltaMarks returns the versions of the last change and the last deletion that the scan has delivered.
func (w *scan) deltaMarks() (upserted, deleted int64, refusal *odata.Error) {
	if w.cookie.Page == 0 {
		return 0, 0, nil
	}
	m := w.cookie.Marks
	if len(m) != 2 || m[0].Column != upsertMark || m[1].Column != deletionMark {
		return 0, 0, query.WrongOrder()
	}
	upserted, err := strconv.ParseInt(m[0].Last.Text, 10, 64)
	deleted, deletedErr := strconv.ParseInt(m[1].Last.Text, 10, 64)
	if err != nil || deletedErr != nil {
		return 0, 0, odata.BadCookie()
	}
	return upserted, deleted, nil
}

func marksOf(column string, list []rows.Change, before int64) query.Mark {
	first, last := before, before
	if len(list) > 0 {
		first, last = list[0].Version, list[len(list)-1].Version
	}
	number := func(n int64) query.Position { return query.Position{Text: strconv.FormatInt(n, 10)} }
	return query.Mark{Column: column, First: number(first), Last: number(last)}
}
