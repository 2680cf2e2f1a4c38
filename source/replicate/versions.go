package replicate

import (
	"context"
	"errors"
	"sync"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// ErrTokenStrays says that a reading's delta token is not from the time of its first page, although the environment was
// found to give such tokens: changes to the rows read would be lost, or the environment was restored meanwhile.
var ErrTokenStrays = errors.New("the delta token is not from the time of the reading's first page")

// Moment is the page of a walk that its delta token stands for. Microsoft does not say which it is.
type Moment string

// The moments. A token of the last page knows nothing of rows that change behind pages that were read before.
const (
	NotKnown  Moment = ""
	FirstPage Moment = "first page"
	LastPage  Moment = "last page"
)

// patience is how long an answer is waited for that only saves requests.
const patience = 20 * time.Second

// versions knows how far the environment's version has come, and by that which page tokens stand for. A delta token begins
// with the version of the whole database, which only rises (Microsoft, "Use change tracking to synchronize data with
// external systems"), so a token of one table says whether one of another is older. It is safe for concurrent use.
type versions struct {
	mu      sync.Mutex
	table   dataverse.Table
	link    dataverse.Link // to the changes of a table that was read to its end; "": there is none yet
	common  bool           // tokens were seen to rise without a change of their own table
	moment  Moment
	asked   int    // how many requests for a version were begun
	newest  int    // which of them was the last to be begun that is answered
	now     uint64 // its answer
	highest uint64 // of all tokens seen
}

// mark is the present moment: requests for a version that are begun behind it have higher numbers.
func (v *versions) mark() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked
}

// offer gives the delta link of a table that was read to its end. The first one serves as long as its answers are short.
func (v *versions) offer(table dataverse.Table, link dataverse.Link) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.link == "" {
		v.table, v.link = table, link
	}
	v.note(link)
}

// note remembers how far the version has come. The lock is held.
func (v *versions) note(link dataverse.Link) {
	if version, known := tokenVersion(link); known {
		v.highest = max(v.highest, version)
	}
}

// latest is a version that the environment has reached, 0 if none is known.
func (v *versions) latest() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.link == "" {
		return 0
	}
	return v.highest
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

// ask looks for the answer to a request that was begun behind a mark. Where there is none it numbers another one; a
// number of 0 says that no table can be asked.
func (v *versions) ask(mark int) (now uint64, number int, table dataverse.Table, link dataverse.Link) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.newest > mark:
		now = v.now
	case v.link != "":
		v.asked++
		number, table, link = v.asked, v.table, v.link
	}
	return now, number, table, link
}

// take notes the answer to a numbered request. A link that tells no version is of no use later either.
func (v *versions) take(number int, asked dataverse.Link, page dataverse.Page, changed bool) (now uint64, known bool) {
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
	if !known {
		return 0, false
	}
	v.note(page.Delta)
	if number > v.newest {
		v.newest, v.now = number, now
	}
	v.common = v.common || !changed && now > before
	return now, true
}

// version is that of a delta token issued behind a mark, by a table whose changes are known. Streams share the answers.
func (j *Job) version(ctx context.Context, mark int) (now uint64, known bool) {
	now, number, table, link := j.versions.ask(mark)
	if number == 0 {
		return now, now > 0
	}
	p, err := j.aside(table).newKeyPager()
	if err != nil {
		return 0, false
	}
	p.changes = true
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	page, err := p.page(limited, link)
	if err != nil || page.Next != "" { // nothing depends on it: what was to be saved is paid
		j.Log.DebugContext(ctx, "the environment's version cannot be had from the changes of a table", "table", table.LogicalName, "error", err)
	}
	return j.versions.take(number, link, page, len(p.keys())+len(p.encoder.Deleted()) > 0)
}

// aside reads a table for the sake of others: it belongs to no stream, and sends nothing.
func (j *Job) aside(table dataverse.Table) *reader {
	return &reader{Job: j, table: table, log: j.Log, stream: protocol.ConfiguredStream{Name: table.LogicalName}}
}
