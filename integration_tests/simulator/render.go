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
		dst = append(dst, `"@odata.etag":`...)
		dst = appendQuoted(dst, w.store.etag(r))
	}
	var nulls []*cell
	for _, c := range w.show.cells {
		value := w.store.appendValue(w.scratch[:0], r, c)
		w.scratch = value
		if len(value) == 0 {
			if !w.show.selected {
				nulls = append(nulls, c)
				continue
			}
			value = append(value, "null"...)
		} else if w.prefer.include != "" {
			dst = w.annotate(dst, begin, r, c, value)
		}
		dst = appendName(dst, begin, c.property)
		dst = append(dst, value...)
	}
	for _, c := range nulls {
		dst = append(appendName(dst, begin, c.property), "null"...)
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

// etag is the row version as HTTP has it; elastic rows have that of the store behind them (Microsoft, "Use elastic
// tables").
func (s *store) etag(r ref) string {
	version := s.version(r)
	if s.table.Type != Elastic {
		return `W/"` + strconv.FormatInt(version, 10) + `"`
	}
	return fmt.Sprintf(`W/"%08x-0000-0200-0000-%08x0000"`, mix(word64(version))>>32, s.modifiedOn(r).Unix())
}
