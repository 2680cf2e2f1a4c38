package record

import (
	"encoding/json"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/protocol"
)

// Deleted lists the keys of the page's deletions, in the order in which they stood. Nothing is written for them
// before Delete says so.
func (e *Encoder) Deleted() []string { return e.deleted }

// Keys calls each with the key of every row and every deletion written so far, without quotes. The slice is valid
// during the call.
func (e *Encoder) Keys(each func(key []byte)) {
	for _, r := range e.rows {
		each(e.keys[r.keyFrom:r.keyTo])
	}
}

// Delete appends a deletion, greater than every version of the row sent before. A version on the same page goes: of
// each key a page sends the last only.
func (e *Encoder) Delete(key string) {
	from := len(e.lines)
	e.lines = append(e.lines, e.head...)
	e.lines = appendText(e.lines, e.plan.key[0], key, false)
	if e.plan.cursorSet {
		e.lines = appendText(e.lines, catalog.UpdatedAt, string(e.floor), true)
	}
	if e.plan.tombstone != "" {
		stamp := string(e.floor)
		if e.plan.zoneless {
			stamp = stamp[:len(stamp)-1]
		}
		e.lines = appendText(e.lines, e.plan.tombstone, stamp, true)
	}
	e.lines = appendText(e.lines, catalog.DeletedAt, string(e.floor), true)
	e.lines = append(e.lines, tail...)
	e.raise([]byte(e.floor))
	e.keep(from, []byte(key))
}

func appendText(dst []byte, name, value string, comma bool) []byte {
	if comma {
		dst = append(dst, ',')
	}
	quotedName, _ := json.Marshal(name) // strings always marshal
	quoted, _ := json.Marshal(value)
	dst = append(dst, quotedName...)
	dst = append(dst, ':')
	return appendOnOneLine(dst, quoted)
}

// Records ends the page and returns its lines. They are valid until the next Begin.
func (e *Encoder) Records() protocol.Records {
	e.before = e.Greatest()
	e.former, e.byKey = e.byKey, e.former
	if e.dropped > 0 {
		e.closeGaps()
	}
	return protocol.Records{Lines: e.lines, Count: len(e.rows) - e.dropped}
}

// closeGaps moves the lines together where rows were dropped.
func (e *Encoder) closeGaps() {
	end := 0
	for _, r := range e.rows {
		end += copy(e.lines[end:], e.lines[r.from:r.to])
	}
	e.lines = e.lines[:end]
}

// Greatest is the greatest cursor of all pages so far.
func (e *Encoder) Greatest() Cursor { return Cursor(e.greatest) }
