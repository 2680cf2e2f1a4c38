package record

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strconv"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// Options says how an Encoder stamps its records.
type Options struct {
	// Rising makes every page's cursors greater than all before it, as changes and second readings need: whatever
	// modifiedon says, the later version of a row must win. Without it a row's cursor is its modifiedon.
	Rising    bool
	MaxCursor Cursor       // the greatest cursor that the stream has sent before
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

var _ dataverse.Sink = (*Encoder)(nil)

// NewEncoder makes an encoder for a plan.
func NewEncoder(p *Plan, o Options) *Encoder {
	pool := o.Pool
	if pool == nil {
		pool = newPool(ownChunkSize)
	}
	e := &Encoder{
		plan: p, lines: lines{pool: pool}, options: o, seed: maphash.MakeSeed(), greatest: []byte(o.MaxCursor), before: o.MaxCursor,
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

// Discard drops the page at hand, if there is one, and gives its room back.
func (e *Encoder) Discard() {
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
	e.before = e.MaxCursor()
	e.former, e.byKey = e.byKey, e.former
	return e.lines.handOver(e.rows)
}

// MaxCursor is the greatest cursor of all pages so far.
func (e *Encoder) MaxCursor() Cursor { return Cursor(e.greatest) }

// Keys calls each with the key of every row and every deletion written so far, without quotes. The slice is valid
// during the call.
func (e *Encoder) Keys(each func(key []byte)) {
	for _, r := range e.rows {
		each(e.keyOf(r))
	}
}
