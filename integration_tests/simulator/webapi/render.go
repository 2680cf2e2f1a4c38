package webapi

import (
	"fmt"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// rowWriter writes rows of one table as JSON. Its caller holds the environment's lock.
type rowWriter struct {
	env     *rows.Database
	store   *rows.Store
	show    showing
	prefer  odata.Preferences
	etags   bool
	scratch []byte
	nulls   []*rows.Cell
}

func newRowWriter(db *rows.Database, s *rows.Store, show showing, prefer odata.Preferences) *rowWriter {
	return &rowWriter{env: db, store: s, show: show, prefer: prefer, etags: s.CellOf("versionnumber") != nil}
}

// append writes a row: its etag, the values with the annotations that belong to them, and, unless $select has an
// order, then all nulls.
func (w *rowWriter) append(dst []byte, r rows.Ref) []byte {
	return append(w.members(append(dst, '{'), r), '}')
}

// members writes the members of a row, without its braces.
func (w *rowWriter) members(dst []byte, r rows.Ref) []byte {
	start := len(dst)
	if w.etags {
		dst = appendETag(w.store, append(dst, `"@odata.etag":"W/\"`...), r)
		dst = append(dst, `\""`...)
	}
	w.nulls = w.nulls[:0]
	for _, c := range w.show.cells {
		before := len(dst)
		dst = c.AppendName(dst, start)
		value := len(dst)
		dst = w.appendValue(dst, r, c)
		switch {
		case len(dst) > value:
			if w.prefer.Include != "" {
				w.scratch = append(w.scratch[:0], dst[value:]...)
				dst = w.annotate(dst[:before], start, r, c, w.scratch)
				dst = append(c.AppendName(dst, start), w.scratch...)
			}
		case w.show.selected:
			dst = append(dst, "null"...)
		default:
			dst = dst[:before]
			w.nulls = append(w.nulls, c)
		}
	}
	for _, c := range w.nulls {
		dst = append(c.AppendName(dst, start), "null"...)
	}
	for _, x := range w.show.expanded {
		dst = appendRelated(w.env, appendName(dst, start, x.name), w.store, r, x, w.prefer)
	}
	return dst
}

// appendValue writes a value as the user sees it, nothing for null.
func (w *rowWriter) appendValue(dst []byte, r rows.Ref, c *rows.Cell) []byte {
	if c.Secured() && w.env.MayReadColumn(w.show.user, w.store.Table.LogicalName, c.Column.LogicalName) {
		return w.store.AppendStored(dst, r, c)
	}
	return w.store.AppendValue(dst, r, c)
}

// appendName writes a member's name, with a comma unless it is the first.
func appendName(dst []byte, start int, name string) []byte {
	if len(dst) > start {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// etag returns the row version as HTTP has it.
func etag(s *rows.Store, r rows.Ref) string { return `W/"` + string(appendETag(s, nil, r)) + `"` }

// appendETag writes what stands inside the etag: the row version, and for elastic rows the tag of the store behind
// them, which ends in the time of the last change (Microsoft, "Use elastic tables").
func appendETag(s *rows.Store, dst []byte, r rows.Ref) []byte {
	version := s.Version(r)
	if s.Table.Type != schema.Elastic {
		return strconv.AppendInt(dst, version, 10)
	}
	return fmt.Appendf(dst, "%08x-0000-0200-0000-%08x0000", rows.Draw(rows.Word64(version), 1)>>32, s.ModifiedOn(r))
}
