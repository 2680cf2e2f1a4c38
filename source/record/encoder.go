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
	Pool      *Pool        // nil: the encoder has memory of its own and waits for none
}

// Encoder turns the rows of one page after another into RECORD lines. It is a dataverse.Sink and belongs to one
// goroutine. What it remembers of a page beside its lines stays until the next Begin or Void.
type Encoder struct {
	plan    *Plan
	options Options
	seed    maphash.Seed
	head    []byte // what stands before the members of a line

	greatest []byte // the greatest cursor of all pages taken, this one included
	before   Cursor // the same without this page
	floor    Cursor // of this page: what a version has at least
	held     bool   // it has room in the pool
	lines    lines
	rows     []row
	keys     []byte           // the keys of the page's rows, one after the other
	byKey    map[uint64]int32 // hash of a key -> its last row
	former   map[uint64]int32 // the same of the page before
	deleted  []string
	marks    []uint32       // per step: the last row that had it
	row      uint32         // the row at hand, counted through all pages
	members  []member       // the stranger, the plan's, and those of no use that rows have beside them
	byName   map[string]int // a row's member -> its place in members
	last     int            // the member read last; at a row's begin, the stranger
	follower []int          // per member: the one that followed it last time
	facts    facts
	stamp    []byte // the cursor of the row at hand
}

// row is where a row's line and key stand.
type row struct {
	place
	keyFrom, keyTo int32
	replaced       bool // by a later one of the page
}

var _ dataverse.Sink = (*Encoder)(nil)

// NewEncoder makes an encoder for a plan.
func NewEncoder(p *Plan, o Options) *Encoder {
	pool := o.Pool
	if pool == nil {
		pool = newPool(ownChunkSize)
	}
	e := &Encoder{
		plan: p, lines: lines{pool: pool}, options: o, seed: maphash.MakeSeed(), greatest: []byte(o.Greatest), before: o.Greatest,
		byKey: make(map[uint64]int32), former: make(map[uint64]int32), marks: make([]uint32, len(p.steps)),
	}
	e.members = append([]member{{quoted: `""`, step: unselected}}, p.members...)
	e.follower = make([]int, len(e.members))
	e.byName = make(map[string]int, len(p.byName))
	for name, i := range p.byName {
		e.byName[name] = i + 1
	}
	return e
}

// Begin starts a page, or another attempt at it, that the service answered at a time. It waits for room in the pool, of
// which an attempt keeps what the one before it has not given back.
func (e *Encoder) Begin(ctx context.Context, at time.Time) error {
	if !e.held {
		if err := e.lines.pool.enter(ctx); err != nil {
			return fmt.Errorf("wait for room for a page of %s: %w", e.plan.Stream, err)
		}
		e.held = true
	}
	e.reset()
	e.lines.ctx = ctx
	e.floor = max(CursorAt(at), e.before.Next())
	stream, _ := json.Marshal(e.plan.Stream) // a string always marshals
	e.head = append(e.head[:0], `{"type":"RECORD","record":{"stream":`...)
	e.head = append(e.head, stream...)
	e.head = append(e.head, `,"emitted_at":`...)
	e.head = strconv.AppendInt(e.head, e.options.EmittedAt(), 10)
	e.head = append(e.head, `,"data":`...)
	return nil
}

// Void drops the page at hand, if there is one, and gives its room back.
func (e *Encoder) Void() {
	e.reset()
	if e.held {
		e.held = false
		e.lines.pool.leave()
	}
}

// reset forgets the page at hand, but for its room.
func (e *Encoder) reset() {
	e.lines.clear()
	e.greatest = append(e.greatest[:0], e.before...)
	e.rows, e.keys, e.deleted = e.rows[:0], e.keys[:0], e.deleted[:0]
	clear(e.byKey)
}

// Records ends the page and hands it over with its room. The encoder still knows the page's keys and cursors.
func (e *Encoder) Records() *Page {
	if !e.held {
		return &Page{}
	}
	e.held = false
	e.before = e.Greatest()
	e.former, e.byKey = e.byKey, e.former
	return e.lines.handOver(e.rows)
}

// Greatest is the greatest cursor of all pages so far.
func (e *Encoder) Greatest() Cursor { return Cursor(e.greatest) }

// Keys calls each with the key of every row and every deletion written so far, without quotes. The slice is valid
// during the call.
func (e *Encoder) Keys(each func(key []byte)) {
	for _, r := range e.rows {
		each(e.keyOf(r))
	}
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
		if m.step != unselected && e.marks[m.step] != e.row {
			e.marks[m.step] = e.row
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
	return &dataverse.BrokenAnswerError{Reason: fmt.Sprintf("it has a %v among its rows", value.Kind())}
}

// finish completes the line of a row, or takes back that of a deletion.
func (e *Encoder) finish() error {
	if e.facts.isDeletion() {
		e.lines.drop()
		e.deleted = append(e.deleted, strings.ToLower(string(e.facts.id)))
		return nil
	}
	if len(e.facts.key) == 0 {
		return &dataverse.BrokenAnswerError{Reason: "it has a row without its key " + e.plan.key[0]}
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
