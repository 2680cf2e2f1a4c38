package record

import "source-microsoft-dataverse/source/catalog"

// Delete appends a deletion. Its cursor is that of the page, so it is greater than every version of the row that was
// sent with an earlier page. A version on the same page is replaced: a page sends only the last version of each key.
func (e *Encoder) Delete(key string) {
	e.lines.reserve(len(e.head) + len(key))
	line := append(e.lines.buffer, e.head...)
	line = appendMember(line, e.plan.key[0], key)
	if e.plan.cursorSet {
		line = appendMember(line, catalog.UpdatedAt, string(e.cursor))
	}
	if e.plan.ownCursor != "" {
		stamp := string(e.cursor)
		if e.plan.zoneless {
			stamp = stamp[:len(stamp)-1]
		}
		line = appendMember(line, e.plan.ownCursor, stamp)
	}
	e.lines.buffer = appendMember(line, catalog.DeletedAt, string(e.cursor))
	e.used = true
	e.deletions++
	e.endLine([]byte(key), nil)
}
