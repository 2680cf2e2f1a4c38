package record

import (
	"source-microsoft-dataverse/source/catalog"
)

// Deleted lists the keys of the page's deletions, in the order in which they stood. Nothing is written for them
// before Delete says so.
func (e *Encoder) Deleted() []string { return e.deleted }

// Delete appends a deletion, greater than every version of the row sent before. A version on the same page goes: of
// each key a page sends the last only.
func (e *Encoder) Delete(key string) {
	e.lines.reserve(len(e.head) + len(key))
	line := append(e.lines.buffer, e.head...)
	line = appendText(line, e.plan.key[0], key)
	if e.plan.cursorSet {
		line = appendText(line, catalog.UpdatedAt, string(e.floor))
	}
	if e.plan.ownCursor != "" {
		stamp := string(e.floor)
		if e.plan.zoneless {
			stamp = stamp[:len(stamp)-1]
		}
		line = appendText(line, e.plan.ownCursor, stamp)
	}
	line = appendText(line, catalog.DeletedAt, string(e.floor))
	e.raise([]byte(e.floor))
	e.keep(line, []byte(key))
}
