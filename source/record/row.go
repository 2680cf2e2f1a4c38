package record

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

// tail closes a line.
const tail = "}}}\n"

// row is where a row's line and key stand.
type row struct {
	place
	keyFrom, keyTo int32
	replaced       bool // by a later one of the page
}

// Row reads one row, or one deletion, and appends the row's line. A row that ends in an error leaves nothing behind.
func (e *Encoder) Row(d *jsontext.Decoder) error {
	err := e.read(d)
	if err != nil {
		e.lines.drop()
	}
	return err
}

func (e *Encoder) read(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return errNoObject(d)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	e.start()
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		m := e.lookUp(name)
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if m.use != 0 {
			e.facts.note(m.use, value)
		}
		if e.claims(m) {
			e.write(m, value)
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	return e.finish()
}

// start begins a row.
func (e *Encoder) start() {
	e.row++
	e.last = stranger
	e.facts.reset()
	e.lines.append(e.head)
}

// claims says whether a member of the row at hand is to be written: it is selected, and the row's first of its name.
func (e *Encoder) claims(m *member) bool {
	if m.step == unselected || e.marks[m.step] == e.row {
		return false
	}
	e.marks[m.step] = e.row
	return true
}

// write appends a selected column's member to the line at hand.
func (e *Encoder) write(m *member, value []byte) {
	s := &e.plan.steps[m.step]
	e.lines.reserve(len(s.null) + len(value)) // few values grow when they are written
	e.lines.buffer = s.append(e.lines.buffer, value)
}

// errNoObject reads on where a row should begin: the decoder's own error says more than its absence.
func errNoObject(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	return &dataverse.BrokenResponseError{Reason: fmt.Sprintf("it has a %v among its rows", value.Kind())}
}

// finish completes the line of a row, or takes back that of a deletion.
func (e *Encoder) finish() error {
	if e.facts.isDeletion() {
		e.lines.drop()
		e.deleted = append(e.deleted, strings.ToLower(string(e.facts.id)))
		return nil
	}
	if len(e.facts.key) == 0 {
		return &dataverse.BrokenResponseError{Reason: "it has a row without its key " + e.plan.key[0]}
	}
	for i := range e.plan.steps {
		if e.marks[i] != e.row {
			e.lines.append(e.plan.steps[i].null)
		}
	}
	e.facts.key = append(e.facts.key, e.facts.keyEnd...)
	if e.plan.stamps() {
		e.setStamp(e.facts.key)
	}
	line := e.lines.buffer
	if e.plan.cursorSet {
		line = append(line, `,"`+catalog.UpdatedAt+`":"`...)
		line = append(line, e.stamp...)
		line = append(line, '"')
	}
	if e.plan.deletedSet {
		line = append(line, `,"`+catalog.DeletedAt+`":null`...)
	}
	e.keep(line, e.facts.key)
	return nil
}

// setStamp finds the cursor of the row at hand. modifiedon may be set back: it is enough only where the row was not sent
// before. Nor is it where no later cursor would be left.
func (e *Encoder) setStamp(key []byte) {
	e.stamp = appendCursor(e.stamp[:0], e.facts.modified)
	if len(e.stamp) == 0 || string(e.stamp) > latestCursor || string(e.stamp) < string(e.floor) && (e.options.Rising || e.repeats(key)) {
		e.stamp = append(e.stamp[:0], e.floor...)
	}
	e.raise(e.stamp)
}

// repeats says whether a row was sent with the page before: the service may begin a page with the last row of that one.
func (e *Encoder) repeats(key []byte) bool {
	_, found := e.former[maphash.Bytes(e.seed, key)]
	return found
}

// raise notes a cursor that is sent.
func (e *Encoder) raise(cursor []byte) {
	if string(cursor) > string(e.greatest) {
		e.greatest = append(e.greatest[:0], cursor...)
	}
}

// keep ends the line at hand, which stands at the end of a chunk's lines. An earlier one of the page with the same key is
// replaced by it.
func (e *Encoder) keep(chunk, key []byte) {
	chunk[e.lines.from+len(e.head)] = '{' // in place of the first member's comma
	e.lines.buffer = append(chunk, tail...)
	hash := maphash.Bytes(e.seed, key)
	if i, found := e.byKey[hash]; found && bytes.Equal(e.keyOf(e.rows[i]), key) {
		e.rows[i].replaced = true
	}
	from := int32(len(e.keys)) //nolint:gosec // a page has thousands of rows
	e.keys = append(e.keys, key...)
	e.byKey[hash] = int32(len(e.rows))                                                           //nolint:gosec // as above
	e.rows = append(e.rows, row{place: e.lines.end(), keyFrom: from, keyTo: int32(len(e.keys))}) //nolint:gosec // as above
}

func (e *Encoder) keyOf(r row) []byte { return e.keys[r.keyFrom:r.keyTo] }
