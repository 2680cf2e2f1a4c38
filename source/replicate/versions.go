package replicate

import (
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

// learn takes over what was found out: by this read, or by one before. Of findings that differ the careful one counts.
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

// take notes the answer to a delta link, and says whether its version may be compared with those of other tables.
func (v *versions) take(asked dataverse.Link, page dataverse.Page, changed bool) (now uint64, known bool) {
	before, parsed := tokenVersion(asked)
	now, alsoParsed := tokenVersion(page.Delta)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.link == asked { // or another one was offered meanwhile
		v.link = page.Delta
	}
	if !parsed || !alsoParsed {
		return 0, false
	}
	v.common = v.common || !changed && now > before
	return now, v.common || v.moment != NotKnown
}

// version is that of a delta token issued now, by a table whose changes are known.
func (j *Job) version(ctx context.Context) (now uint64, known bool) {
	j.versions.mu.Lock()
	table, link := j.versions.table, j.versions.link
	j.versions.mu.Unlock()
	if link == "" {
		return 0, false
	}
	other := &reader{Job: j, table: table, log: j.Log, stream: protocol.ConfiguredStream{Name: table.LogicalName}}
	p, err := other.newKeyPager()
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

// witness watches a walk through a tracked table to find out which of its pages the delta token stands for. No page may
// be asked for before the one ahead of it was seen.
type witness struct {
	*reader
	pages  int
	issued uint64 // the version of a token issued between the walk's first page and its last
}

// see looks at a page. Tokens are issued one behind the other, so their versions do not fall: one that is older than a
// token issued before the last page was asked for is not of the last page, and one that is newer than a token issued
// behind the first page is not of the first. Where nothing was written meanwhile they are the same, and tell nothing.
func (w *witness) see(ctx context.Context, page dataverse.Page) {
	if w.versions.found() != NotKnown {
		return
	}
	w.pages++
	if page.Next != "" {
		if bits.OnesCount(uint(w.pages)) > 1 { // ever rarer: a long walk is worth few requests more
			return
		}
		if version, known := w.version(ctx); known {
			w.issued = version
		}
		return
	}
	version, known := tokenVersion(page.Delta)
	switch {
	case w.issued == 0 || !known:
	case version < w.issued:
		w.versions.learn(FirstPage)
	case version > w.issued:
		w.versions.learn(LastPage)
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
