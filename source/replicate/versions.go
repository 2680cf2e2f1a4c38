package replicate

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"sync"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// ErrTokenLate says that a reading's delta token is later than a token that was issued behind its first page, although
// the environment was found to give tokens of the first page: changes to the rows read before it would be lost.
var ErrTokenLate = errors.New("the delta token is later than the reading's first page")

// Moment is the page of a walk that its delta token stands for. Microsoft does not say which it is.
type Moment string

// The moments. A token of the last page knows nothing of rows that change behind pages that were read before.
const (
	NotKnown  Moment = ""
	FirstPage Moment = "first page"
	LastPage  Moment = "last page"
)

// versions knows how far the environment's version has come, and by that which page tokens stand for. A delta token begins
// with the version of the whole database, which only rises (Microsoft, "Use change tracking to synchronize data with
// external systems"), so a token of one table says whether one of another is older. It is safe for concurrent use.
type versions struct {
	mu     sync.Mutex
	table  dataverse.Table
	link   dataverse.Link // to the changes of a table that was read to its end; "": there is none yet
	common bool           // tokens were seen to rise without a change of their own table
	moment Moment
}

// offer gives the delta link of a table that was read to its end. Its answers are short.
func (v *versions) offer(table dataverse.Table, link dataverse.Link) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.table, v.link = table, link
}

// recall takes over what earlier reads of the same organisation have found out.
func (v *versions) recall(streams []Stream, organization string) {
	for _, s := range streams {
		if state, err := ParseState(s.State); err == nil && state != nil && state.Organization == organization {
			v.learn(state.TokenOf)
		}
	}
}

// learn takes over what was found out. Of findings that differ the careful one counts.
func (v *versions) learn(found Moment) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if found != NotKnown && v.moment != LastPage {
		v.moment = found
	}
}

func (v *versions) found() Moment {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.moment
}

// proved says whether a first reading can do without a walk through its keys: tokens stand for first pages, and there is
// a table whose changes tell how far the version has come.
func (v *versions) proved() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.moment == FirstPage && v.link != ""
}

// comparable says whether the versions of different tables' tokens may be compared.
func (v *versions) comparable() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.common || v.moment != NotKnown
}

// take notes the answer to a delta link. One that tells no version is of no use later either.
func (v *versions) take(asked dataverse.Link, page dataverse.Page, changed bool) (now uint64, known bool) {
	before, parsed := tokenVersion(asked)
	now, alsoParsed := tokenVersion(page.Delta)
	known = parsed && alsoParsed
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.link == asked { // or another one was offered meanwhile
		v.link = page.Delta
		if !known {
			v.link = ""
		}
	}
	v.common = v.common || known && !changed && now > before
	return now, known
}

// version is that of a delta token issued now, by a table whose changes are known.
func (j *Job) version(ctx context.Context) (now uint64, known bool) {
	j.versions.mu.Lock()
	table, link := j.versions.table, j.versions.link
	j.versions.mu.Unlock()
	if link == "" {
		return 0, false
	}
	p, err := j.aside(table).newKeyPager()
	if err != nil {
		return 0, false
	}
	p.changes = true
	page, err := p.page(ctx, link)
	if err != nil || page.Next != "" { // nothing depends on it: what was to be saved is paid
		j.Log.DebugContext(ctx, "the environment's version cannot be had from the changes of a table", "table", table.LogicalName, "error", err)
	}
	return j.versions.take(link, page, len(p.keys())+len(p.encoder.Deleted()) > 0)
}

// aside reads a table for the sake of others: it belongs to no stream, and sends nothing.
func (j *Job) aside(table dataverse.Table) *reader {
	return &reader{Job: j, table: table, log: j.Log, stream: protocol.ConfiguredStream{Name: table.LogicalName}}
}

// witness watches a walk through a tracked table to find out which of its pages the delta token stands for. No page may
// be asked for before the one ahead of it was seen.
type witness struct {
	*reader
	pages          int
	earlier, later uint64 // the versions of the first and the last token issued between the walk's first page and its last; 0: of none
}

// see looks at a page.
func (w *witness) see(ctx context.Context, page dataverse.Page) {
	if w.versions.found() != NotKnown {
		return
	}
	w.pages++
	switch {
	case page.Next == "":
		w.conclude(page.Delta)
	case bits.OnesCount(uint(w.pages)) == 1: // ever rarer: a long walk is worth few requests more
		w.ask(ctx)
	}
}

// ask has a token issued behind the page seen last.
func (w *witness) ask(ctx context.Context) {
	if version, known := w.version(ctx); known {
		w.earlier, w.later = cmp.Or(w.earlier, version), version
	}
}

// conclude compares the walk's own token. Tokens are issued one behind the other, so their versions do not fall: one that
// is newer than a token issued behind the first page is not of the first, and one that is older than a token issued
// before the last page was asked for is not of the last. Where nothing was written meanwhile they are the same, and tell
// nothing.
func (w *witness) conclude(token dataverse.Link) {
	version, known := tokenVersion(token)
	switch {
	case !known || w.later == 0 || !w.versions.comparable():
	case version > w.earlier:
		w.versions.learn(LastPage)
	case version < w.later:
		w.versions.learn(FirstPage)
	}
}

// bound is what the delta token of a walk is not later than whose first page has just been answered, where the
// environment's tokens were proved to stand for first pages.
func (r *reader) bound(ctx context.Context) (version uint64, known bool) {
	if r.versions.found() != FirstPage {
		return 0, false
	}
	return r.version(ctx)
}

// late says whether a delta token is not proved to stand for a moment before the rows behind the first page were read.
func late(token dataverse.Link, bound uint64) bool {
	version, known := tokenVersion(token)
	return !known || version > bound
}
