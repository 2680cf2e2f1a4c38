package webapi

import (
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// take returns the rows of the next page. Those after the first may repeat the last row of the page before.
func (w *scan) take(repeat bool) (page, *odata.Error) {
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
	for r := range w.call.store.From(last) {
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
