package record

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

// tail closes a line.
const tail = "}}}\n"

// Options says how an Encoder stamps its records.
type Options struct {
	// Rising makes every page's cursors greater than all before it, as changes and second readings need: whatever
	// modifiedon says, the later version of a row must win. Without it a row's cursor is its modifiedon.
	Rising    bool
	Greatest  Cursor       // the greatest cursor that the stream has sent before
	EmittedAt func() int64 // epoch milliseconds, never falling
}

// Encoder turns the rows of one page after another into RECORD lines. It is a dataverse.Sink, uses its buffers again
// for each page, and belongs to one goroutine.
type Encoder struct {
	plan    *Plan
	options Options
	seed    maphash.Seed
	head    []byte // what stands before the data of each line of the page

	greatest []byte // the greatest cursor of all pages taken, this one included
	before   Cursor // the same without this page
	floor    Cursor // of this page: what a version has at least
	lines    []byte
	rows     []row
	keys     []byte           // the keys of the page's rows, one after the other
	byKey    map[uint64]int32 // hash of a key -> its last row
	former   map[uint64]int32 // the same of the page before
	dropped  int              // rows without a line
	deleted  []string
	marks    []uint32 // per step: the last row that had it
	row      uint32   // the row at hand, counted through all pages
	last     int      // the member read last; at a row's begin, one past all
	follower []int    // per member: the one that followed it last time
	facts    facts
	stamp    []byte // the cursor of the row at hand
}

// row is where a row's line and key stand. A row that a later one of the page replaces has no line any more.
type row struct{ from, to, keyFrom, keyTo int }

var _ dataverse.Sink = (*Encoder)(nil)

// NewEncoder makes an encoder for a plan.
func NewEncoder(p *Plan, o Options) *Encoder {
	return &Encoder{
		plan: p, options: o, seed: maphash.MakeSeed(), greatest: []byte(o.Greatest), before: o.Greatest,
		byKey: make(map[uint64]int32), former: make(map[uint64]int32), marks: make([]uint32, len(p.steps)), follower: make([]int, len(p.members)+1),
	}
}

// Begin starts a page, or another attempt at it, that the service answered at a time.
func (e *Encoder) Begin(_ context.Context, at time.Time) error {
	e.floor = max(CursorAt(at), e.before.Next())
	e.greatest = append(e.greatest[:0], e.before...)
	e.lines, e.rows, e.keys, e.deleted, e.dropped = e.lines[:0], e.rows[:0], e.keys[:0], e.deleted[:0], 0
	clear(e.byKey)
	stream, _ := json.Marshal(e.plan.Stream) // a string always marshals
	e.head = append(e.head[:0], `{"type":"RECORD","record":{"stream":`...)
	e.head = append(e.head, stream...)
	e.head = append(e.head, `,"emitted_at":`...)
	e.head = strconv.AppendInt(e.head, e.options.EmittedAt(), 10)
	e.head = append(e.head, `,"data":{`...)
	return nil
}

// Void drops the page.
func (e *Encoder) Void() {}

// Row reads one row, or one deletion, and appends the row's line. A row that ends in an error leaves nothing behind.
func (e *Encoder) Row(d *jsontext.Decoder) error {
	from := len(e.lines)
	err := e.read(d)
	if err != nil {
		e.lines = e.lines[:from]
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
	e.row++
	e.last = len(e.plan.members)
	e.facts.reset()
	from, first := len(e.lines), true
	e.lines = append(e.lines, e.head...)
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
		if m == nil {
			continue
		}
		if m.use != 0 {
			e.facts.note(m.use, value)
		}
		if m.step != unselected && e.marks[m.step] != e.row {
			e.marks[m.step] = e.row
			e.lines = e.plan.steps[m.step].append(e.lines, value, first)
			first = false
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	return e.finish(from, first)
}

// errNoObject reads on where a row should begin: the decoder's own error says more than its absence.
func errNoObject(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	return &dataverse.BrokenAnswerError{Reason: fmt.Sprintf("it has a %v among its rows", value.Kind())}
}

// finish completes the line of a row, or takes back that of a deletion.
func (e *Encoder) finish(from int, first bool) error {
	if e.facts.isDeletion() {
		e.lines = e.lines[:from]
		e.deleted = append(e.deleted, strings.ToLower(string(e.facts.id)))
		return nil
	}
	if len(e.facts.key) == 0 {
		return &dataverse.BrokenAnswerError{Reason: "it has a row without its key " + e.plan.key[0]}
	}
	for i := range e.plan.steps {
		if e.marks[i] != e.row {
			e.lines = e.plan.steps[i].append(e.lines, []byte(null), first)
			first = false
		}
	}
	e.facts.key = append(e.facts.key, e.facts.keyEnd...)
	if e.plan.stamps() {
		e.setStamp(e.facts.key)
	}
	if e.plan.cursorSet {
		e.lines = append(e.lines, `,"`+catalog.UpdatedAt+`":"`...)
		e.lines = append(e.lines, e.stamp...)
		e.lines = append(e.lines, '"')
	}
	if e.plan.deletedSet {
		e.lines = append(e.lines, `,"`+catalog.DeletedAt+`":null`...)
	}
	e.lines = append(e.lines, tail...)
	e.keep(from, e.facts.key)
	return nil
}

// setStamp finds the cursor of the row at hand. modifiedon may be set back: it is enough only where the row was not sent
// before.
func (e *Encoder) setStamp(key []byte) {
	e.stamp = appendCursor(e.stamp[:0], e.facts.modified)
	if len(e.stamp) == 0 || string(e.stamp) < string(e.floor) && (e.options.Rising || e.repeats(key)) {
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

// keep notes the line just written. An earlier one of the page with the same key is replaced by it.
func (e *Encoder) keep(from int, key []byte) {
	e.drop(key)
	e.byKey[maphash.Bytes(e.seed, key)] = int32(len(e.rows)) //nolint:gosec // a page has thousands of rows
	e.rows = append(e.rows, row{from: from, to: len(e.lines), keyFrom: len(e.keys), keyTo: len(e.keys) + len(key)})
	e.keys = append(e.keys, key...)
}

// drop takes back the line that this page has for a key, if any.
func (e *Encoder) drop(key []byte) {
	i, found := e.byKey[maphash.Bytes(e.seed, key)]
	if !found {
		return
	}
	r := &e.rows[i]
	if r.to > r.from && bytes.Equal(e.keys[r.keyFrom:r.keyTo], key) {
		e.dropped++
		r.to = r.from
	}
}
