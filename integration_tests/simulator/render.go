package simulator

import (
	"fmt"
	"strconv"
)

// rowWriter writes rows of one table as JSON. Its caller holds the environment's lock.
type rowWriter struct {
	env     *Environment
	store   *store
	show    showing
	prefer  preferences
	etags   bool
	scratch []byte
	nulls   []*cell
}

func (e *Environment) newRowWriter(s *store, show showing, prefer preferences) *rowWriter {
	return &rowWriter{env: e, store: s, show: show, prefer: prefer, etags: s.cellOf("versionnumber") != nil}
}

// append writes a row: its etag, the values with the annotations that belong to them, and, unless $select gives an
// order, all nulls behind.
func (w *rowWriter) append(dst []byte, r ref) []byte {
	return append(w.members(append(dst, '{'), r), '}')
}

// members writes what stands between a row's braces.
func (w *rowWriter) members(dst []byte, r ref) []byte {
	begin := len(dst)
	if w.etags {
		dst = w.store.appendETag(append(dst, `"@odata.etag":"W/\"`...), r)
		dst = append(dst, `\""`...)
	}
	w.nulls = w.nulls[:0]
	for _, c := range w.show.cells {
		before := len(dst)
		dst = c.appendName(dst, begin)
		value := len(dst)
		dst = w.store.appendValue(dst, r, c)
		switch {
		case len(dst) > value:
			if w.prefer.include != "" {
				w.scratch = append(w.scratch[:0], dst[value:]...)
				dst = w.annotate(dst[:before], begin, r, c, w.scratch)
				dst = append(c.appendName(dst, begin), w.scratch...)
			}
		case w.show.selected:
			dst = append(dst, "null"...)
		default:
			dst = dst[:before]
			w.nulls = append(w.nulls, c)
		}
	}
	for _, c := range w.nulls {
		dst = append(c.appendName(dst, begin), "null"...)
	}
	for _, x := range w.show.expanded {
		dst = w.env.appendRelated(appendName(dst, begin, x.name), w.store, r, x, w.prefer)
	}
	return dst
}

// appendName writes a member's name, with a comma unless it is the first.
func appendName(dst []byte, begin int, name string) []byte {
	if len(dst) > begin {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// etag is the row version as HTTP has it.
func (s *store) etag(r ref) string { return `W/"` + string(s.appendETag(nil, r)) + `"` }

// appendETag writes what stands inside the etag: the row version, and for elastic rows the tag of the store behind
// them, which ends in the time of the last change (Microsoft, "Use elastic tables").
func (s *store) appendETag(dst []byte, r ref) []byte {
	version := s.version(r)
	if s.table.Type != Elastic {
		return strconv.AppendInt(dst, version, 10)
	}
	return fmt.Appendf(dst, "%08x-0000-0200-0000-%08x0000", draw(word64(version), 1)>>32, s.modifiedOn(r))
}
