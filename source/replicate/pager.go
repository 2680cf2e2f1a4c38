package replicate

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// ErrLinkRepeats says that a page leads back to one that was read before: the walk would never end.
var ErrLinkRepeats = errors.New("the service sent a next link that it had sent before")

// ErrNoDeltaLink says that a walk of change tracking ended without the link to the changes after it. Without it the
// next sync would lose them, so the stream is not complete.
var ErrNoDeltaLink = errors.New("the last page of the tracked table has no delta link")

// ErrNoChanges says that a delta link was answered with all rows, as the service did with expired tokens until 2022:
// deletions are not among them.
var ErrNoChanges = errors.New("the delta link was answered with all rows in place of the changes")

// pager reads the pages of one walk, and refuses those that would make it wrong or endless.
type pager struct {
	*reader
	encoder *record.Encoder
	size    pageSize
	track   bool // the walk asks for a delta link
	changes bool // the walk began with a delta link
	// whole asks as if for a delta link, so that the service refuses a user who may not see every row; to an ordinary
	// request it would give the others without a word (Microsoft, "Use change tracking to synchronize data with
	// external systems").
	whole bool
	came  int // the mark of versions when the last page had come

	// read are the hashes of the links followed: a link is long, and a table may have many pages.
	read map[uint64]struct{}
	seed maphash.Seed
}

func (r *reader) newPager(e *record.Encoder, size int) *pager {
	return &pager{reader: r, encoder: e, size: newPageSize(size), read: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// arrival notes when a page has come, before it waits for room.
type arrival struct {
	*record.Encoder
	pager *pager
}

// Begin implements dataverse.Sink.
func (a arrival) Begin(ctx context.Context, at time.Time) error {
	a.pager.came = a.pager.versions.mark()
	return a.Encoder.Begin(ctx, at)
}

// newKeyPager reads keys alone. Its encoder's lines go nowhere. Such rows are small, so its pages are as long as the
// service allows.
func (r *reader) newKeyPager() (*pager, error) {
	plan, err := record.Compile(r.table, protocol.ConfiguredStream{
		Name: r.stream.Name, Columns: map[string]protocol.Property{r.table.PrimaryID: {}},
	})
	if err != nil {
		return nil, err
	}
	return r.newPager(record.NewEncoder(plan, record.Options{Pool: record.NewPool(1)}), dataverse.MaxPageSize), nil
}

// page reads a page into the encoder.
func (p *pager) page(ctx context.Context, link dataverse.Link) (dataverse.Page, error) {
	page, err := p.request(ctx, link)
	if err != nil {
		return page, err
	}
	switch {
	case p.repeats(link, page.Next):
		err = ErrLinkRepeats
	case p.changes && !page.Changes():
		err = ErrNoChanges
	case (p.track || p.changes) && page.Next == "" && page.Delta == "":
		err = ErrNoDeltaLink
	}
	if err != nil {
		return page, fmt.Errorf("read a page of %s: %w", p.table.LogicalName, err)
	}
	return page, nil
}

// repeats notes a page, and says whether the next one is it or one before it.
func (p *pager) repeats(link, next dataverse.Link) bool {
	p.read[maphash.String(p.seed, string(link))] = struct{}{}
	_, again := p.read[maphash.String(p.seed, string(next))]
	return again
}

// keys are those of the rows on the page, in lower case as the service prints those of deleted rows.
func (p *pager) keys() []string {
	var keys []string
	p.encoder.Keys(func(key []byte) { keys = append(keys, strings.ToLower(string(key))) })
	return keys
}
