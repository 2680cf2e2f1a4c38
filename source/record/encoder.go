package record

import (
	"context"
	"fmt"
	"time"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// Options configures an Encoder.
type Options struct {
	// MaxCursor is the greatest cursor that the stream has sent so far. Every cursor of the encoder is greater.
	MaxCursor Cursor
	// Pool is the memory of the encoded pages. It is required.
	Pool *Pool
	// KeepRepeats keeps all rows of a page, including those with the same key. It is for virtual tables, whose keys may
	// not be unique, if no changes are followed. Otherwise only the last version of each key remains.
	KeepRepeats bool
	// Stats, if any, counts what happens to the columns.
	Stats *ColumnStats
}

// Encoder turns the rows of one page after another into RECORD lines. It is a dataverse.Sink and belongs to one
// goroutine. What it knows about a page other than its lines remains until the next Begin or Discard.
type Encoder struct {
	plan    *Plan
	options Options
	head    []byte // the text before the data of a line

	before Cursor // the max cursor of all pages before the current one
	cursor Cursor // of the current page
	used   bool   // a record of the current page has its cursor
	cdc    []byte // the members of change data capture in each row of the current page

	permit  bool // it has the pool's permit for a page
	lines   lines
	rows    rows
	deleted []string
	// deletions is the number of deletions written.
	deletions int
	nulled    map[nulledColumn]int // how many values of the page were nulled

	// The current row.
	row       uint32 // counted through all pages
	members   members
	facts     rowFacts
	labels    rowLabels
	writtenIn []uint32 // of each column: the last row that had it
	changes   []protocol.FieldChange
	invalid   string // a column whose value must not become null, but is of another type
}

var _ dataverse.Sink = (*Encoder)(nil)

// NewEncoder returns an encoder that follows a plan.
func NewEncoder(p *Plan, o Options) *Encoder {
	if o.Stats == nil {
		o.Stats = &ColumnStats{}
	}
	return &Encoder{
		plan: p, options: o, head: protocol.RecordHead(p.Stream), before: o.MaxCursor,
		lines: lines{pool: o.Pool}, rows: newRows(o.KeepRepeats), nulled: map[nulledColumn]int{},
		members: newMembers(p.members), facts: rowFacts{keyName: p.key[0], canonicalKey: p.followed}, writtenIn: make([]uint32, len(p.columns)),
		labels: newRowLabels(p),
	}
}

// Begin starts a page, or another attempt at it; at is the service's time of the page. It waits for the pool's permit,
// which another attempt at the page reuses.
func (e *Encoder) Begin(ctx context.Context, at time.Time) error {
	if !e.permit {
		if err := e.lines.pool.acquire(ctx); err != nil {
			return fmt.Errorf("wait for memory for a page of %s: %w", e.plan.Stream, err)
		}
		e.permit = true
	}
	e.reset()
	e.lines.ctx = ctx
	e.cursor = max(CursorAt(at), e.before.Next())
	e.cdc = e.cdc[:0]
	if e.plan.cursorSet {
		e.cdc = append(append(append(e.cdc, `,"`+catalog.UpdatedAt+`":"`...), e.cursor...), '"')
	}
	if e.plan.deletedSet {
		e.cdc = append(e.cdc, `,"`+catalog.DeletedAt+`":null`...)
	}
	return nil
}

// Discard drops the current page, if there is one, and returns its permit.
func (e *Encoder) Discard() {
	e.reset()
	if e.permit {
		e.permit = false
		e.lines.pool.release()
	}
}

// reset clears the current page, but keeps its permit.
func (e *Encoder) reset() {
	e.lines.clear()
	e.rows.clear()
	e.deleted, e.deletions, e.used = e.deleted[:0], 0, false
	clear(e.nulled)
}

// Records ends the page and returns its lines, with its permit. The encoder still knows the page's keys, deletions and
// cursor.
func (e *Encoder) Records() *Page {
	if !e.permit {
		return &Page{}
	}
	e.permit = false
	e.before = e.MaxCursor()
	e.options.Stats.addPage(len(e.rows.all)-e.deletions, e.nulled)
	for i, row := range e.writtenIn {
		if row != 0 {
			e.options.Stats.addSeen(e.plan.columns[i].property)
		}
	}
	page := e.lines.toPage(e.rows.all)
	for _, r := range e.rows.all[len(e.rows.all)-e.deletions:] { // deletions follow the rows
		if !r.replaced {
			page.Deletions++
		}
	}
	return page
}

// MaxCursor returns the greatest cursor of all pages so far, including the current one.
func (e *Encoder) MaxCursor() Cursor {
	if e.used {
		return e.cursor
	}
	return e.before
}

// Len returns the number of rows read and deletions written so far, including replaced ones.
func (e *Encoder) Len() int { return len(e.rows.all) }

// Keys calls each with the key of every row and every deletion written so far, without quotation marks. The slice is valid
// during the call.
func (e *Encoder) Keys(each func(key []byte)) {
	for i := range e.rows.all {
		each(e.rows.key(i))
	}
}

// Newest returns the key and the version of the row with the greatest versionnumber on the page, whether that column is
// selected or not. ok is false if no row of the page has a version.
func (e *Encoder) Newest() (key string, version uint64, ok bool) { return e.rows.newest.get() }

// Deleted returns the keys of the page's deletions in order. No record is written for them until Delete is called.
func (e *Encoder) Deleted() []string { return e.deleted }
