package replicate

import (
	"context"
	"slices"
	"sync"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	// scoutKeys is how many keys the first page of a scout's proof has. The table must have more.
	scoutKeys = 2
	// scoutShare is how many pages a scout must be able to save for each that it has itself: those are asked for about
	// three times, one after the other, while the others wait.
	scoutShare = 30
)

// scoutPauses are how long a scout waits for something to be written in the environment.
func scoutPauses() []time.Duration {
	return []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}
}

// scouting is what large tables wait for at their first reading, unless it is known which page of a walk delta tokens
// stand for, and a link to the changes of some table tells versions: with both they need no walk through their keys.
// The scout is the shortest of all first readings. It gives the link, and finds out the rest.
type scouting struct {
	scout   string          // the stream's name; "": there is none
	waiting map[string]bool // the streams that wait
	over    chan struct{}   // closed by end
	end     func()          // says that there is nothing to wait for any more
}

// scout chooses the stream to wait for, and those that wait for it. It is not worth it where the scout is long itself.
func (j *Job) scout(ctx context.Context, streams []Stream) *scouting {
	c := &scouting{waiting: map[string]bool{}, over: make(chan struct{})}
	c.end = sync.OnceFunc(func() { close(c.over) })
	var shortest, saved int64
	for _, s := range streams {
		if begins(s) != First {
			continue
		}
		name := s.Configured.Name
		if s.Rows > int64(j.PageSize) {
			c.waiting[name] = true
			saved += pagesOf(s.Rows)
		}
		if s.Rows > scoutKeys && (c.scout == "" || s.Rows < shortest) {
			c.scout, shortest = name, s.Rows
		}
	}
	if c.waiting[c.scout] {
		delete(c.waiting, c.scout)
		saved -= pagesOf(shortest)
	}
	if c.scout == "" || j.versions.found() == LastPage || saved < scoutShare*pagesOf(shortest) {
		c.scout = ""
		clear(c.waiting)
		c.end()
		return c
	}
	j.Log.InfoContext(ctx, "the first readings of large tables wait for a short one, to find out whether they can do without a walk through their keys",
		"waiting", len(c.waiting), "short_stream", c.scout)
	return c
}

// pagesOf is how many pages the keys of so many rows take.
func pagesOf(rows int64) int64 {
	return max(1, (rows+dataverse.MaxPageSize-1)/dataverse.MaxPageSize)
}

// next takes out the first stream that need not wait. Where all have to, it waits with them.
func (c *scouting) next(ctx context.Context, left []Stream) (next Stream, rest []Stream) {
	at := 0
	select {
	case <-c.over:
	default:
		at = slices.IndexFunc(left, func(s Stream) bool { return !c.waiting[s.Configured.Name] })
	}
	if at < 0 {
		at = 0
		select {
		case <-c.over:
		case <-ctx.Done():
		}
	}
	next = left[at]
	return next, slices.Delete(left, at, at+1)
}

// prove finds out which page of a walk delta tokens stand for. It opens a walk through the keys of the scout's table,
// waits until something is written in the environment, and walks to the end.
func (j *Job) prove(ctx context.Context, scout Stream) {
	seen := witness{reader: j.aside(*scout.Table)}
	p, err := seen.newKeyPager()
	if err != nil {
		return
	}
	p.track, p.size = true, newPageSize(scoutKeys)
	seen.begin()
	link := seen.keysPage()
	for left := 1 + 2*pagesOf(scout.Rows); left > 0 && j.versions.found() == NotKnown; left-- { // a count may be a day old
		page, err := p.page(ctx, link)
		if err != nil { // nothing depends on it: what was to be saved is paid
			j.Log.DebugContext(ctx, "the keys of a short table do not tell which page delta tokens stand for", "table", scout.Table.LogicalName, "error", err)
			return
		}
		seen.see(ctx, page, p.came)
		if page.Next == "" || seen.pages == 1 && !seen.written(ctx) {
			return
		}
		link, p.size = page.Next, newPageSize(dataverse.MaxPageSize)
	}
}

// written waits, not for long, until versions show that something was written behind the walk's first page.
func (w *witness) written(ctx context.Context) bool {
	for _, pause := range scoutPauses() {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
		w.ask(ctx, w.versions.mark())
		if w.later > w.earlier && w.versions.comparable() {
			return true
		}
		if w.later == 0 { // no table tells versions
			return false
		}
	}
	return false
}
