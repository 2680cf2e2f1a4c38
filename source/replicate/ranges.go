package replicate

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// A large table is read by ranges of its key, several at once:
//
//  1. A scan of all keys precedes the rows. For a table with change tracking it is the token scan; for a full refresh it is
//     findPath, which runs ahead of the rows. Its keys show where to divide the table.
//  2. Three requests prove that the service compares and orders keys as expected (rangeScan.prove).
//  3. Lanes read the ranges. A lane takes a range, requests the rows after the last one that it received until the range ends, and
//     takes the next range. It never follows a next link, so a page may have any size. A lane that finds no range takes the upper
//     half of the largest one that another lane reads.
//  4. Each page is verified before anything of it is sent (lane.verify, lane.lacksRow): its rows are in order and in the range,
//     and every sampled key is on it or no longer exists.
//  5. A page and the state after it are emitted in one step, and the state does not move earlier (rangeScan.deliver).
//  6. At the end, the keys that were sent are compared with those that were scanned (rangeScan.compare).
//
// If anything is not as expected, the table is read one page after the other.

// maxLanes is the most lanes of one table.
const maxLanes = 16

// rangeScan reads the ranges of a table that are left.
type rangeScan struct {
	r     *streamReader
	state *checkpoint.State
	keys  *keyScan // of this process; nil: an earlier one has scanned the keys

	mu      sync.Mutex // guards the fields below, the state, and what is emitted
	changed *sync.Cond // signals whatever a lane may wait for
	active  int        // lanes that read, and the scan of keys of a full refresh
	scans   int        // 1 while the keys of a full refresh are scanned, which is no lane: their pages are small
	flow    flow
}

// readRanges reads the ranges that are left in a state. If the service does not return them as expected, it resets the state to the
// first page of its scan.
func (r *streamReader) readRanges(ctx context.Context, s *checkpoint.State) error {
	c := &rangeScan{r: r, state: s, keys: r.scan, flow: newFlow(r.job.Room)}
	c.changed = sync.NewCond(&c.mu)
	err := c.read(ctx)
	if err == nil {
		r.scan = nil // and its memory
	}
	if reason := unexpected(err); reason != "" && ctx.Err() == nil {
		r.log.WarnContext(ctx, "The table is read one page after the other, and not by ranges of its key: "+reason+"."+sentByRanges(s), "reason", err.Error())
		r.byPages, r.scan = true, nil
		r.out.progress.Lanes(1)
		s.Restart()
		return r.save(ctx, s)
	}
	return err
}

// sentByRanges returns what to report about rows that have been sent by ranges, if there are any, before a table is read again.
func sentByRanges(s *checkpoint.State) string {
	switch {
	case s.Ranges.Sent.Rows == 0:
		return ""
	case s.Phase == checkpoint.FullRefresh:
		return rowsSentTwice
	default:
		return " Its rows are sent again."
	}
}

// read reads the ranges and verifies that they had all rows.
func (c *rangeScan) read(ctx context.Context) error {
	if err := c.r.out.running(ctx); err != nil {
		return err
	}
	path := c.openPath()
	if path == nil && c.keys != nil {
		if err := c.prove(ctx); err != nil {
			return err
		}
	}
	if path == nil {
		c.announce(ctx)
	}
	if err := c.readLanes(ctx, path); err != nil {
		return err
	}
	return c.end(ctx)
}

// announce logs that the table is read by several lanes.
func (c *rangeScan) announce(ctx context.Context) {
	if most := min(c.r.job.slots(), maxLanes); most > 1 {
		c.r.log.InfoContext(ctx, fmt.Sprintf("The table is large and is read by ranges of its key, up to %d at once.", most))
	}
}

// openPath returns the range whose keys findPath has to scan ahead of the rows, nil if they are scanned already, or if the rows are not
// read by several lanes.
func (c *rangeScan) openPath() *keyrange.Range {
	s := c.state
	if s.Phase != checkpoint.FullRefresh || s.Scanned == nil {
		return nil
	}
	path := s.Ranges.Left.Scan()
	if path != nil && c.r.job.slots() < 2 {
		s.Ranges.Left.Release(path)
		path, s.Scanned = nil, nil // the totals would lack the rest of the keys
	}
	if path != nil {
		c.keys, c.active, c.scans = newPath(s), 1, 1
	}
	return path
}

// readLanes reads ranges until none is left. path is the range of findPath, nil if there is none.
func (c *rangeScan) readLanes(ctx context.Context, path *keyrange.Range) error {
	name := c.r.target.stream.Name
	group, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, c.wake)()
	if path != nil {
		group.Go(func() error { return recovering(name, func() error { return c.findPath(ctx, path) }) })
	}
	for range maxLanes {
		group.Go(func() error { return recovering(name, func() error { return c.runLane(ctx) }) })
	}
	err := group.Wait()
	c.leaveAll()
	c.r.out.progress.Lanes(1)
	return err
}

// leaveAll undoes the joins that are left after an error.
func (c *rangeScan) leaveAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.active > 0 {
		c.leave()
	}
}

// wake makes the lanes that wait check the context.
func (c *rangeScan) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed.Broadcast()
}

// runLane reads one range after another until none is left.
func (c *rangeScan) runLane(ctx context.Context) error {
	var l *lane
	for {
		one, err := c.take(ctx)
		if one == nil || err != nil {
			return err
		}
		if l == nil {
			l = c.newLane()
			defer l.close()
		}
		if err := l.readRange(ctx, one); err != nil {
			return err
		}
	}
}

// take waits until there is a range to read and one more lane may read. It returns nil if no range is left.
func (c *rangeScan) take(ctx context.Context) (*keyrange.Range, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.state.Ranges.Left
	for !left.Empty() && ctx.Err() == nil {
		if c.join() {
			one := left.Open()
			if one == nil && c.keys != nil {
				one = left.Halve(&c.keys.sample, int64(c.r.job.PageSize))
			}
			if one != nil {
				return one, nil
			}
			c.leave()
		}
		c.changed.Wait()
	}
	return nil, ctx.Err()
}

// join reports whether one more lane may read now, and counts it. The lock is held.
func (c *rangeScan) join() bool {
	if c.active > 0 && (c.active-c.scans >= c.flow.lanes() || !c.r.job.lanes.take(c.r.job.slots())) {
		return false
	}
	c.active++
	c.r.out.progress.Lanes(c.active)
	return true
}

// leave undoes one join. The lock is held.
func (c *rangeScan) leave() {
	c.active--
	if c.active > 0 {
		c.r.job.lanes.giveBack()
	}
	c.r.out.progress.Lanes(c.active)
}

// surplus reports whether more lanes read than are permitted. The lock is held.
func (c *rangeScan) surplus() bool {
	return c.active > 1 && (c.active-c.scans > c.flow.lanes() || c.r.job.lanes.exceeded(c.r.job.slots()))
}

// deliver sends a page of a range and the state after it. If the page has rows of the upper half, which another lane has taken in
// the meantime, it is dropped and requested again. done reports whether the lane is done with the range: it has been read to its
// end, or another lane has to continue it.
func (c *rangeScan) deliver(ctx context.Context, l *lane, one *keyrange.Range, page dataverse.Page) (done bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	s, last := c.state, len(l.keys)-1
	if last >= 0 && !one.Contains(l.keys[last]) {
		l.close()
		return false, nil
	}
	if s.Began.IsZero() && s.Phase == checkpoint.FullRefresh {
		s.Began = page.At
	}
	if err := l.scan.deliver(ctx, nil); err != nil {
		return false, err
	}
	c.count(l.keys)
	if last < 0 || page.Next == "" && one.UpTo != nil {
		s.Ranges.Left.End(one)
	} else {
		s.Ranges.Left.Advance(one, l.keys[last])
	}
	c.r.moves.count++
	if err := c.r.save(ctx, s); err != nil {
		return false, err
	}
	c.flow.good(l.scan.bytes)
	if !s.Ranges.Left.Has(one) {
		c.leave()
		return true, nil
	}
	return c.release(one), nil
}

// release leaves the rest of a range to another lane if more read than are permitted, and reports whether it does. The lock is held.
func (c *rangeScan) release(one *keyrange.Range) bool {
	if !c.surplus() {
		return false
	}
	c.state.Ranges.Left.Release(one)
	c.leave()
	return true
}

// relieve makes fewer lanes read the table after a page that was too expensive. ok reports whether the page may succeed now, and done
// whether another lane has to continue the range.
func (c *rangeScan) relieve(ctx context.Context, l *lane, one *keyrange.Range, cause error) (done, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	before := c.flow.lanes()
	if !c.flow.tooExpensive(l.sent, time.Now(), c.active-c.scans) {
		return false, false
	}
	if now := c.flow.lanes(); now < before {
		c.r.log.WarnContext(ctx, "A page was too expensive while several pages of the table were requested at once. The connector requests fewer at once.",
			"requests", now, "reason", cause.Error())
	}
	return c.release(one), true
}

// count notes keys that have been sent. The lock is held.
func (c *rangeScan) count(keys []keyrange.Key) {
	for _, k := range keys {
		c.state.Ranges.Sent.Add(k)
		if c.keys != nil && c.keys.difference != nil {
			c.keys.difference.Remove(k)
		}
	}
}
