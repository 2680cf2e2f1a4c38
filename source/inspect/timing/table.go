package timing

import (
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// Mode is how the stream of a table is read if it has the best sync mode that it offers.
type Mode string

// The modes of tables.
const (
	Tracked  Mode = "change_tracking" // changes are followed; a scan of the keys precedes the first snapshot
	ByCursor Mode = "cursor"          // new and changed rows are found by a version or a time
	InFull   Mode = "full_refresh"    // all rows are read in every sync
)

// Table is what is known of a table that a sync would read.
type Table struct {
	Name string
	Mode Mode
	// Counted is the number of rows as the service has counted them within the last 24 hours; nil: unknown.
	Counted *int64
	// Lanes is how many of its pages are requested at the same time when all rows are read; 0: one.
	Lanes int
	// Columns is the number of columns that the connector offers, OmittableColumns of those among them that can be left out.
	Columns, OmittableColumns int
	// Page is the first page of the rows, Keys that of the keys alone; nil: not measured.
	Page, Keys *Page
}

// Rows returns about how many rows the table has, and false if that is not known. A first page that is the last one
// is exact, unlike the count of the service, which does not count if that page has more rows.
func (t Table) Rows() (n int64, known bool) {
	if t.Page != nil && !t.Page.More {
		return t.Page.Rows, true
	}
	if t.Counted == nil || t.Page != nil && *t.Counted <= t.Page.Rows {
		return 0, false
	}
	return *t.Counted, true
}

// pages returns how many pages of a size a number of rows takes.
func pages(rows, size int64) int64 {
	return max(1, (rows+size-1)/max(size, 1))
}

// speed is the time that one page takes, by what was measured of a table, or of all tables together.
type speed struct {
	row, key time.Duration // of a page of rows, and of one of keys
	size     int64         // rows on a full page
}

// speedOf returns the mean speed of the measured tables: of those with full pages if there are any, because the page of a
// small table says little about others. Known is false if no page was measured.
func speedOf(tables []Table, size int64) (all speed, known bool) {
	for _, onlyFull := range []bool{true, false} {
		var rows, keys mean
		for _, t := range tables {
			if t.Page != nil && (t.Page.More || !onlyFull) {
				rows.add(t.Page.Took)
			}
			if t.Keys != nil && (t.Keys.More || !onlyFull) {
				keys.add(t.Keys.Took)
			}
		}
		if rows.n > 0 {
			all = speed{row: rows.value(), key: rows.value(), size: size}
			if keys.n > 0 {
				all.key = keys.value()
			}
			return all, true
		}
	}
	return speed{size: size}, false
}

// of returns the speed of a table, and that of all tables for what was not measured of it.
func (p speed) of(t Table) speed {
	if t.Page != nil {
		p.row, p.key = t.Page.Took, min(p.key, t.Page.Took)
		if t.Page.More {
			p.size = max(t.Page.Rows, 1)
		}
	}
	if t.Keys != nil {
		p.key = t.Keys.Took
	}
	return p
}

// mean adds durations up.
type mean struct {
	sum time.Duration
	n   int
}

func (m *mean) add(d time.Duration) { m.sum, m.n = m.sum+d, m.n+1 }

func (m *mean) value() time.Duration { return m.sum / time.Duration(max(m.n, 1)) }

// size returns how many rows a full page has: as many as the configuration asks for, 0: as many as the service sends.
func (c Capacity) size() int64 {
	if c.PageSize <= 0 {
		return dataverse.MaxPageSize
	}
	return int64(min(c.PageSize, dataverse.MaxPageSize))
}
