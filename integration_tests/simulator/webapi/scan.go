package webapi

import (
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// take returns the rows of the next page. Those after the first may repeat the last row of the page before.
func (w *scan) take(b rows.Behaviors) (page, *odata.Error) {
	repeat := b.RepeatRows
	switch {
	case w.tracked && b.ScanByVersion && w.call.store.Table.Type != schema.Elastic:
		return w.byVersion(repeat)
	case w.order != nil:
		return w.byOrder(repeat)
	case w.call.store.Table.Type == schema.Virtual:
		return w.byNumber()
	default:
		return w.byKey(repeat)
	}
}

// byKey takes the next rows in the order of the primary key.
func (w *scan) byKey(repeat bool) (page, *odata.Error) {
	var last guid.ID
	scanning := w.cookie.Page > 0
	if scanning {
		if len(w.cookie.Marks) != 1 || w.cookie.Marks[0].Column != w.call.store.Table.PrimaryID {
			return page{}, query.WrongOrder()
		}
		var ok bool
		if last, ok = w.cookie.Marks[0].Last.ID(); !ok {
			return page{}, odata.BadCookie()
		}
	}
	again := repeat && scanning && w.size > 1
	var p page
	for r := range w.call.store.Within(last, w.keys) {
		if scanning && r.ID == last && !again || w.match != nil && !w.match(r) {
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

// byVersion takes the next rows of a tracked scan in the order of their row versions.
func (w *scan) byVersion(repeat bool) (page, *odata.Error) {
	var last int64
	if w.cookie.Page > 0 {
		var refusal *odata.Error
		if last, refusal = w.versionMark(); refusal != nil {
			return page{}, refusal
		}
		if repeat && w.size > 1 {
			last--
		}
	}
	var p page
	for r := range w.call.store.ByVersion(last) {
		if w.match != nil && !w.match(r) {
			continue
		}
		if len(p.rows) == w.size {
			p.next = w.cookieAfter(w.versionMarks(p.rows[0], p.rows[w.size-1])...)
			break
		}
		p.rows = append(p.rows, r)
	}
	return p, nil
}

// versionMark returns the version of the last row that a scan by version has delivered.
func (w *scan) versionMark() (int64, *odata.Error) {
	m := w.cookie.Marks
	if len(m) != 2 || m[0].Column != upsertMark || m[1].Column != w.call.store.Table.PrimaryID {
		return 0, query.WrongOrder()
	}
	version, err := strconv.ParseInt(m[0].Last.Text, 10, 64)
	if err != nil {
		return 0, odata.BadCookie()
	}
	return version, nil
}

// versionMarks returns the columns of the cookie after a page by version.
func (w *scan) versionMarks(first, last rows.Ref) []query.Mark {
	s := w.call.store
	version := func(r rows.Ref) query.Position { return query.Position{Text: strconv.FormatInt(s.Version(r), 10)} }
	return []query.Mark{
		{Column: upsertMark, First: version(first), Last: version(last)},
		{Column: s.Table.PrimaryID, First: query.IDPosition(first.ID), Last: query.IDPosition(last.ID)},
	}
}

func (w *scan) cookieAfter(marks ...query.Mark) *query.Cookie {
	return &query.Cookie{Page: max(w.cookie.Page, 1) + 1, Marks: marks}
}

// byNumber takes the next rows of a virtual table, whose provider knows only the number of a page.
func (w *scan) byNumber() (page, *odata.Error) {
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
func (w *scan) byOrder(repeat bool) (page, *odata.Error) {
	scanning := w.cookie.Page > 0
	var last query.Sorted
	if scanning {
		var refusal *odata.Error
		if last, refusal = w.order.After(w.cookie); refusal != nil {
			return page{}, refusal
		}
	}
	again := repeat && w.size > 1
	var sorted []query.Sorted
	for r := range w.call.store.Within(guid.ID{}, w.keys) {
		if w.match != nil && !w.match(r) {
			continue
		}
		row := w.order.Keys(r)
		if c := w.order.Compare(row, last); c < 0 || c == 0 && !again {
			continue
		}
		sorted = append(sorted, row)
		if len(sorted) > 4*(w.size+1) {
			sorted = w.order.First(sorted, w.size+1)
		}
	}
	sorted = w.order.First(sorted, w.size+1)
	var p page
	if len(sorted) > w.size {
		sorted = sorted[:w.size]
		if w.paged && w.size > 0 {
			p.next = w.cookieAfter(w.order.Marks(sorted[0], sorted[w.size-1])...)
		}
	}
	for _, row := range sorted {
		p.rows = append(p.rows, row.Ref)
	}
	return p, nil
}
