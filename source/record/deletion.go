package record

import (
	"encoding/json"

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
	line = appendText(line, e.plan.key[0], key, false)
	if e.plan.cursorSet {
		line = appendText(line, catalog.UpdatedAt, string(e.floor), true)
	}
	if e.plan.tombstone != "" {
		stamp := string(e.floor)
		if e.plan.zoneless {
			stamp = stamp[:len(stamp)-1]
		}
		line = appendText(line, e.plan.tombstone, stamp, true)
	}
	line = appendText(line, catalog.DeletedAt, string(e.floor), true)
	e.lines.buffer = append(line, tail...)
	e.raise([]byte(e.floor))
	e.keep([]byte(key))
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
