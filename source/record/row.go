package record

import (
	"cmp"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
	"source-microsoft-dataverse/source/protocol"
)

// Row implements dataverse.Sink. It reads one row or deletion from a decoder and appends the row's line. If it returns
// an error, it keeps nothing of the row.
func (e *Encoder) Row(d *jsontext.Decoder) error { return e.RowWith(d, nil) }

// RowWith is Row for a row in which some values are null for the reasons that changes state.
func (e *Encoder) RowWith(d *jsontext.Decoder, changes []protocol.FieldChange) error {
	e.startRow()
	e.changes = append(e.changes, changes...)
	var unfit error
	err := readMembers(d, &e.members, &e.facts, func(m *memberPlan, value []byte, kind jsonscan.Kind) {
		if m.role&roleLabeled != 0 {
			e.labels.note(m, value, kind)
		}
		if e.claim(m) {
			e.write(m, value, kind)
		}
		if e.lines.length() > maxRecord+MaxValue { // its largest values are given up already, to save the memory
			unfit = e.fitRecord()
		}
	})
	if err = cmp.Or(err, unfit); err == nil {
		err = e.finishRow()
	}
	if err != nil {
		e.lines.dropLine()
	}
	return err
}

// readMembers reads a row from a decoder. It notes the members that have a role and calls each for every member.
func readMembers(d *jsontext.Decoder, members *members, facts *rowFacts, each func(*memberPlan, []byte, jsonscan.Kind)) error {
	if d.PeekKind() != '{' {
		return notARow(d)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		m := members.lookUp(name)
		read, err := d.ReadValue()
		if err != nil {
			return err
		}
		value, kind := facts.normalize(m.role, read, kindOf(read))
		if m.role != 0 && !facts.note(m.role, value, kind) {
			return &dataverse.BrokenResponseError{Reason: fmt.Sprintf("the key in %s of one of its rows is not a key", m.quoted)}
		}
		each(m, value, kind)
	}
	_, err := d.ReadToken()
	return err
}

// notARow returns the error for a value that is not a row: the decoder's own error, if there is one, is more
// informative.
func notARow(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	return &dataverse.BrokenResponseError{Reason: fmt.Sprintf("it has a %v among its rows", value.Kind())}
}

// kindOf returns the kind of a value that a decoder has read. It does not examine strings, so a plain one may be
// classified as one that is not.
func kindOf(value jsontext.Value) jsonscan.Kind {
	switch value[0] {
	case 'n':
		return jsonscan.Null
	case '"':
		return jsonscan.EscapedString
	case '{':
		return jsonscan.Object
	case '[':
		return jsonscan.Array
	case 't', 'f':
		return jsonscan.Boolean
	}
	for _, c := range value {
		if c == '.' || c|' ' == 'e' {
			return jsonscan.Fraction
		}
	}
	return jsonscan.Integer
}

// startRow begins a row.
func (e *Encoder) startRow() {
	e.row++
	e.members.startRow()
	e.facts.reset()
	e.changes, e.invalid = e.changes[:0], ""
	e.labels.startRow()
	e.lines.append(e.head)
}

// claim reports whether a member of the current row is to be written: it is a selected column, and the first one of its
// name in the row.
func (e *Encoder) claim(m *memberPlan) bool {
	if m.column == noColumn || e.writtenIn[m.column] == e.row {
		return false
	}
	e.writtenIn[m.column] = e.row
	return true
}

// write appends a selected column's member to the current line. A value that is too long, or of a type other than the
// declared one, becomes null.
func (e *Encoder) write(m *memberPlan, value []byte, kind jsonscan.Kind) {
	c := &e.plan.columns[m.column]
	switch {
	case isTooLong(value) && !c.required:
		e.writeNull(m.column, protocol.SourceFieldSizeLimitation)
	case c.accepts(value, kind):
		e.lines.reserve(len(c.null) + len(value)) // few values grow when they are written
		e.lines.buffer = c.append(e.lines.buffer, value, kind)
	case c.required:
		e.invalid = c.property
	default:
		e.writeNull(m.column, protocol.SourceSerializationError)
	}
}

// writeNull appends the member of a column whose value is not delivered.
func (e *Encoder) writeNull(column int, reason protocol.ChangeReason) {
	e.lines.append(e.plan.columns[column].null)
	e.noteChange(column, reason)
}

// noteChange notes that a value of the current row is delivered as null.
func (e *Encoder) noteChange(column int, reason protocol.ChangeReason) {
	e.changes = append(e.changes, protocol.FieldChange{Field: e.plan.columns[column].property, Change: protocol.Nulled, Reason: reason})
}

// finishRow completes the line of a row, or drops that of a deletion.
func (e *Encoder) finishRow() error {
	deleted, is, err := e.facts.deletion()
	if err != nil {
		return err
	}
	if is {
		e.lines.dropLine()
		e.deleted = append(e.deleted, deleted)
		return nil
	}
	if e.invalid != "" {
		return &dataverse.BrokenResponseError{Reason: fmt.Sprintf("%s in one of its rows is of another type than the column", e.invalid)}
	}
	e.writeLookupTypes()
	for i := range e.plan.columns {
		if e.writtenIn[i] != e.row {
			e.lines.append(e.plan.columns[i].null)
		}
	}
	e.lines.reserve(e.plan.labelRoom)
	e.lines.buffer = e.labels.appendMembers(e.lines.buffer)
	e.lines.append(e.cdc)
	if e.lines.length() > maxRecord {
		if err := e.fitRecord(); err != nil {
			return err
		}
	}
	e.used = e.used || e.plan.cursorSet
	for _, change := range e.changes {
		e.nulled[nulledColumn{change.Field, change.Reason}]++
	}
	e.rows.newest.see(&e.facts)
	e.facts.key = append(e.facts.key, e.facts.partition...)
	e.endLine(e.facts.key, e.changes)
	return nil
}

// endLine ends the current line, which is that of the given key.
func (e *Encoder) endLine(key []byte, changes []protocol.FieldChange) {
	e.lines.reserve(len(changes) * changeLength)
	line := e.lines.buffer
	line[e.lines.from+len(e.head)] = '{' // in place of the first member's comma
	e.lines.buffer = protocol.AppendRecordEnd(append(line, '}'), changes)
	e.rows.add(e.lines.endLine(), key)
}

// changeLength is the approximate length of a change in a line; a longer one makes the chunk grow.
const changeLength = 256
