package replicate

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// pagesWithoutProgress is how many pages in a row may bring no row that has not come before. The service may begin a page
// with the last row of the one before it, and may send a page without rows; no reason is known for either to go on for so
// many pages.
const pagesWithoutProgress = 100

// pageReader reads the pages of one scan, and refuses those that would make it wrong or endless.
type pageReader struct {
	environment Environment
	table       string // its logical name
	out         *emitter
	log         *slog.Logger

	encoder *record.Encoder // takes the rows of a page
	keySink *record.KeySink // takes their keys alone; exactly one of the two is set
	size    pageSize
	// found, if any, is where the next scan of the same kind in this sync finds the size that this one came to: a page that is
	// too expensive may cost minutes.
	found *int
	// track asks with the preference of change tracking. Then the service refuses a user who does not see every row, where an
	// ordinary request would leave the others out without a word (Microsoft, "Use change tracking to synchronize data with
	// external systems"), and the last page has a delta link.
	track bool
	// deltaLink, if any, is the link of the scan that leads to changes: the response to it has to say so. Later pages need not.
	deltaLink dataverse.Link
	// deltaLinkAtEnd requires that the last page has a delta link.
	deltaLinkAtEnd bool

	// links and contents are the hashes of the links followed, and of the keys of their pages: a link is long, and a table may
	// have many pages.
	seed            maphash.Seed
	links, contents map[uint64]struct{}
	withoutProgress int
}

// newRowReader returns a reader of pages into an encoder.
func newRowReader(r *streamReader, encoder *record.Encoder, size int) *pageReader {
	p := newPageReader(r, size)
	p.encoder = encoder
	return p
}

// newKeyReader returns a reader of pages into a sink of keys.
func newKeyReader(r *streamReader, sink *record.KeySink, size int) *pageReader {
	p := newPageReader(r, size)
	p.keySink = sink
	return p
}

func newPageReader(r *streamReader, size int) *pageReader {
	return &pageReader{
		environment: r.job.Environment, table: r.target.table.LogicalName, out: r.out, log: r.log, size: newPageSize(size),
		seed: maphash.MakeSeed(), links: map[uint64]struct{}{}, contents: map[uint64]struct{}{},
	}
}

// read reads a page into the sink.
func (p *pageReader) read(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	page, err := p.request(ctx, link)
	if err != nil {
		return page, err
	}
	switch {
	case p.repeats(link, page.Next):
		err = ErrLinkRepeats
	case link == p.deltaLink && !page.Changes():
		err = ErrNoChanges
	case p.deltaLinkAtEnd && page.Next == "" && page.Delta == "":
		err = ErrNoDeltaLink
	case p.stalls() && page.Next != "":
		err = ErrNoProgress
	}
	if err != nil {
		return page, fmt.Errorf("read a page of %s: %w", p.table, err)
	}
	return page, nil
}

// request asks for a page, and for a smaller one where it is too expensive. Where the link numbers pages of a certain size it
// is tried more than once: the whole scan would have to begin again.
func (p *pageReader) request(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	for {
		page, err := p.environment.Page(ctx, dataverse.PageRequest{
			Table: p.table, Link: link, Size: p.size.now, ExpensiveAttempts: p.size.attempts(link), TrackChanges: p.track,
			OnThrottled: func(until time.Time) { p.out.throttled(ctx, until) },
		}, p.sink())
		p.out.unthrottled(ctx)
		if err == nil {
			p.size.fixed = p.size.fixed || page.Next.NumbersPages()
			p.size.grow()
			p.note()
			return page, nil
		}
		before := p.size.now
		if !dataverse.TooExpensive(err) || ctx.Err() != nil || !p.size.shrink(err) {
			return page, err
		}
		p.note()
		p.log.WarnContext(ctx, "A page was too expensive for the service, the network or the memory. The connector asks for smaller ones.",
			"rows", before, "now", p.size.now, "reason", err.Error())
		if link.NumbersPages() {
			return page, &smallerPagesError{rows: p.size.now, cause: err}
		}
	}
}

// startAt begins with the size that an earlier scan of the same kind came to, and notes there what this one comes to.
func (p *pageReader) startAt(found *int) {
	p.found = found
	p.size.startAt(*found)
}

// note notes the size for the next scan.
func (p *pageReader) note() {
	if p.found != nil {
		*p.found = p.size.now
	}
}

// repeats notes a page, and reports whether the next one is it or one before it.
func (p *pageReader) repeats(link, next dataverse.Link) bool {
	p.links[maphash.String(p.seed, string(link))] = struct{}{}
	_, again := p.links[maphash.String(p.seed, string(next))]
	return again
}

// stalls notes what a page brought, and reports whether nothing new has come for too many pages.
func (p *pageReader) stalls() bool {
	content := p.content()
	if _, again := p.contents[content]; again {
		p.withoutProgress++
	} else {
		p.contents[content] = struct{}{}
		p.withoutProgress = 0
	}
	return p.withoutProgress >= pagesWithoutProgress
}
