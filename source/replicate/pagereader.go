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

// pagesWithoutProgress is the number of consecutive pages without a new row after which a scan fails. The service may
// begin a page with the last row of the page before, and may send a page without rows, but it has no reason to do
// either for so many pages.
const pagesWithoutProgress = 100

// pageReader reads the pages of one scan and rejects those that would make it wrong or endless.
type pageReader struct {
	source pageSource
	table  string // its logical name
	out    *emitter
	log    *slog.Logger

	encoder *record.Encoder // takes the rows of a page
	keySink *record.KeySink // takes their keys alone; exactly one of the two is set
	size    pageSize
	// found, if any, is where the next scan of the same kind in this sync finds the size that this one reached: a page that is
	// too expensive may cost minutes.
	found *int
	// track requests pages with the preference of change tracking. Then the service rejects a user who does not see
	// every row, whereas an ordinary request silently omits the others (Microsoft, "Use change tracking to synchronize
	// data with external systems"), and the last page has a delta link.
	track bool
	// lookupTypes requests pages whose lookups come with their types: those of rows and of changes, but not those of a token scan.
	lookupTypes bool
	// deltaLink, if any, is the scan's link to changes. The response to it must be marked as changes; later pages need
	// not be.
	deltaLink dataverse.Link
	// listed reports that the pages follow a list of the connector's own, so that pages without rows do not mean a loop.
	listed bool
	// deltaLinkAtEnd requires that the last page has a delta link.
	deltaLinkAtEnd bool
	// verify, if any, reports what is wrong with the rows of a page.
	verify func() error
	// keepSize leaves it to the caller to request smaller pages.
	keepSize bool
	// aside reports that the pages do not advance the phase: they have keys, which are scanned beside its rows.
	aside bool
	// encodedLast reports that the rows of a page are encoded after its response was checked.
	encodedLast bool

	// links and contents are the hashes of the links followed, and of the keys of their pages: a link is long, and a table may
	// have many pages.
	seed            maphash.Seed
	links, contents map[uint64]struct{}
	withoutProgress int
}

// newRowReader returns a reader of pages into an encoder. Lookups come with their types, and rows with their contents, if the
// plan needs them.
func newRowReader(r *streamReader, encoder *record.Encoder, size int) *pageReader {
	p := newPageReader(r, r.pageSize(size))
	p.encoder, p.lookupTypes = encoder, r.target.plan.LookupTypes()
	if len(r.target.plan.Contents()) > 0 {
		p.source, p.encodedLast = &contentPages{r, encoder}, true
	}
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
		source: r.environment, table: r.target.table.LogicalName, out: r.out, log: r.log, size: newPageSize(size),
		seed: maphash.MakeSeed(), links: map[uint64]struct{}{}, contents: map[uint64]struct{}{},
	}
}

// read reads a page into the sink.
func (p *pageReader) read(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	page, err := p.requestLinked(ctx, link)
	if err != nil {
		return page, err
	}
	switch {
	case p.repeats(link, page.Next):
		err = ErrLinkRepeats
	case link == p.deltaLink && !page.Changes():
		err = ErrNoChanges
	case !p.listed && p.stalls() && page.Next != "":
		err = ErrNoProgress
	}
	if err != nil {
		return page, fmt.Errorf("read a page of %s: %w", p.table, err)
	}
	return page, nil
}

// requestLinked requests a page. If lookups come with their types and the scan ends without the delta link that it has to end
// with, the page is requested once more: any response may lack its links, but a second one that lacks them is the service's
// way to respond to such a request. Then the error is errDeltaLinkLost.
func (p *pageReader) requestLinked(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	page, err := p.request(ctx, link)
	if err != nil || !p.lookupTypes || !p.lacksDeltaLink(page) {
		return page, err
	}
	p.sink().Discard() // other streams may wait for the memory of the page
	page, err = p.request(ctx, link)
	if err == nil && p.lacksDeltaLink(page) {
		p.sink().Discard()
		err = fmt.Errorf("read a page of %s: %w", p.table, errDeltaLinkLost)
	}
	return page, err
}

// lacksDeltaLink reports whether the scan ends with a page that lacks the delta link that it has to end with.
func (p *pageReader) lacksDeltaLink(page dataverse.Page) bool {
	return p.deltaLinkAtEnd && page.Next == "" && page.Delta == ""
}

// request requests a page, and a smaller one if it is too expensive. If the link numbers pages of a certain size, the
// page is tried more than once, because otherwise the whole scan would have to restart.
func (p *pageReader) request(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	for {
		page, err := p.source.Page(ctx, dataverse.PageRequest{
			Table: p.table, Link: link, Size: p.size.now, ExpensiveAttempts: p.size.attempts(link), TrackChanges: p.track,
			LookupTypes: p.lookupTypes, LongestText: record.MaxValue,
			Check:       func(page dataverse.Page) error { return p.complete(link, page) },
			OnThrottled: func(until time.Time) { p.out.throttled(ctx, until) },
			OnRetry:     p.out.progress.Retried,
		}, p.sink())
		p.out.unthrottled(ctx)
		if err == nil && p.encodedLast && p.verify != nil {
			err = p.verify()
		}
		if err == nil {
			p.size.fixed = p.size.fixed || page.Next.NumbersPages()
			p.size.grow()
			p.note()
			p.out.progress.PageRead(p.counted())
			return page, nil
		}
		if p.keepSize || !p.shrink(ctx, err) {
			return page, err
		}
		if link.NumbersPages() {
			return page, &smallerPagesError{rows: p.size.now, cause: err}
		}
	}
}

// counted returns by how many rows the page advances the phase.
func (p *pageReader) counted() int {
	if p.aside {
		return 0
	}
	return p.rows()
}

// shrink reports whether a page was too expensive and the next one can be smaller.
func (p *pageReader) shrink(ctx context.Context, err error) bool {
	before := p.size.now
	if !dataverse.TooExpensive(err) || ctx.Err() != nil || !p.size.shrink(err) {
		return false
	}
	p.note()
	p.log.WarnContext(ctx, "A page was too expensive for the service, the network or the memory. The connector requests smaller ones.",
		"rows", before, "now", p.size.now, "reason", err.Error())
	return true
}

// complete reports what a page lacks that the service always sends.
func (p *pageReader) complete(link dataverse.Link, page dataverse.Page) error {
	switch {
	case link == p.deltaLink && page.Context == "": // it says nothing, and is no evidence against the token
		return errNoContext
	case !p.lookupTypes && p.lacksDeltaLink(page):
		return ErrNoDeltaLink
	case p.verify != nil && !p.encodedLast:
		return p.verify()
	default:
		return nil
	}
}

// startAt begins with the size that an earlier scan of the same kind reached, and keeps there what this one reaches.
func (p *pageReader) startAt(found *int) {
	p.found = found
	p.size.startAt(*found)
}

// note keeps the size for the next scan.
func (p *pageReader) note() {
	if p.found != nil {
		*p.found = p.size.now
	}
}

// repeats notes a page and reports whether its next link leads back to it or to an earlier page.
func (p *pageReader) repeats(link, next dataverse.Link) bool {
	p.links[maphash.String(p.seed, string(link))] = struct{}{}
	_, again := p.links[maphash.String(p.seed, string(next))]
	return again
}

// stalls notes the keys of a page and reports whether too many pages in a row had no new row.
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
