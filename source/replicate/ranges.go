package replicate

import (
	"context"
	"errors"
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
//  2. Three requests prove that the service compares and orders keys as expected (proveRanges).
//  3. Lanes read the ranges. Each takes one, requests the rows behind the last row that it got, up to the end of the range, and
//     takes the next range. It never follows a next link, so a page may have any size. A lane that finds no range halves the
//     largest one of another.
//  4. Each page is verified before anything of it is sent (lane.verify, lane.isMissing): its rows are in order and in the range,
//     and every sampled key is on it or no longer exists.
//  5. A page and the state behind it are emitted as one step, and the state moves no earlier (rangeScan.deliver).
//  6. In the end the keys that were sent are compared with those that were scanned (rangeScan.compare).
//
// Whatever is not as expected makes the table be read one page after the other.

// maxLanes is the most lanes of one table.
const maxLanes = 16

// rangeScan reads the ranges of a table that are left.
type rangeScan struct {
	r     *streamReader
	state *checkpoint.State
	keys  *keyScan // of this process; nil: another one has scanned the keys

	mu      sync.Mutex // of what follows, of the state and of what is emitted
	changed *sync.Cond // something that a lane may wait for
	active  int        // lanes that read, and the scan of keys of a full refresh
	flow    flow
}

// readRanges reads the ranges of a state that are left. If they are not as expected, the state is back at the first page of its
// scan.
func (r *streamReader) readRanges(ctx context.Context, s *checkpoint.State) error {
	c := &rangeScan{r: r, state: s, keys: r.scan, flow: newFlow(r.job.Room)}
	c.changed = sync.NewCond(&c.mu)
	err := c.read(ctx)
	if reason := unexpected(err); reason != "" && ctx.Err() == nil {
		r.log.WarnContext(ctx, "The table is read one page after the other, and not by ranges of its key: "+reason+"."+sentByRanges(s), "reason", err.Error())
		r.byPages, r.scan = true, nil
		s.ReadByPages()
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

// read reads the ranges and verifies that they were all rows.
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
	if err := c.readLanes(ctx, path); err != nil {
		return err
	}
	return c.end(ctx)
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
		path, s.Scanned = nil, nil // the totals would lack the rest
	}
	if path != nil {
		c.keys, c.active = newPath(s), 1
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
	c.r.out.progress.Lanes(1)
	return err
}

// wake makes lanes that wait look again.
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

// take waits for a range to read, and for permission to read one more at once. nil: none is left.
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
	if c.active > 0 && (c.active >= c.flow.lanes() || !c.r.job.lanes.take(c.r.job.slots())) {
		return false
	}
	c.active++
	c.r.out.progress.Lanes(c.active)
	return true
}

// leave ends the permission of join. The lock is held.
func (c *rangeScan) leave() {
	c.active--
	if c.active > 0 {
		c.r.job.lanes.giveBack()
	}
	c.r.out.progress.Lanes(c.active)
}

// surplus reports whether more lanes read than may. The lock is held.
func (c *rangeScan) surplus() bool {
	return c.active > 1 && (c.active > c.flow.lanes() || c.r.job.lanes.exceeded(c.r.job.slots()))
}

// deliver sends a page of a range and the state behind it. If the range no longer reaches as far as the page, because another lane
// reads the rest, the page is dropped and requested again. It reports whether the lane is done with the range: it is read to its
// end, or others have to read it.
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
	switch {
	case !s.Ranges.Left.Has(one):
		c.leave()
		return true, nil
	case c.surplus():
		s.Ranges.Left.Release(one)
		c.leave()
		return true, nil
	default:
		return false, nil
	}
}

// relieve makes fewer lanes read the table after a page that was too expensive. It reports whether the page may succeed now.
func (c *rangeScan) relieve(ctx context.Context, l *lane, cause error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.flow.lanes()
	if !c.flow.tooExpensive(l.sent, time.Now(), c.active) {
		return false
	}
	if now := c.flow.lanes(); now < before {
		c.r.log.WarnContext(ctx, "A page was too expensive while several of the table were requested at once. The connector requests fewer at once.",
			"requests", now, "reason", cause.Error())
	}
	return true
}

// yield reports whether other lanes have to go on with a range, because more read than may.
func (c *rangeScan) yield(one *keyrange.Range) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.surplus() {
		return false
	}
	c.state.Ranges.Left.Release(one)
	c.leave()
	c.changed.Broadcast()
	return true
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

// end verifies that all rows have been sent, and ends the scan.
func (c *rangeScan) end(ctx context.Context) error {
	r, s := c.r, c.state
	if s.Phase == checkpoint.Snapshot { // a right that was lost meanwhile would have hidden rows
		if err := newLookup(r).seesEveryRow(ctx); err != nil {
			return err
		}
	}
	unexplained, err := c.compare(ctx)
	if err != nil {
		return err
	}
	if s.Phase == checkpoint.FullRefresh {
		s.EndFullRefresh()
		return r.save(ctx, s)
	}
	s.EndRanges(unexplained)
	return r.saveEnd(ctx, s)
}

// compare compares the rows that were sent with the keys that were scanned. Rows that were scanned and not sent are looked up: those
// that exist are sent. If an earlier process has sent rows, or has scanned keys, only the totals can be compared: then it returns by
// how many rows these differ, which the changes have to explain.
func (c *rangeScan) compare(ctx context.Context) (unexplained int64, err error) {
	r, s := c.r, c.state
	if c.keys != nil && c.keys.difference != nil {
		missing, created, ok := c.keys.difference.Read()
		if !ok {
			return 0, errTooDifferent
		}
		r.log.DebugContext(ctx, "the rows that were sent were compared with the keys that were scanned", "rows", s.Ranges.Sent.Rows,
			"not_sent", len(missing), "not_scanned", created)
		return 0, c.sendMissing(ctx, missing)
	}
	if s.Scanned == nil {
		return 0, nil
	}
	apart := s.Scanned.Apart(s.Ranges.Sent)
	if apart > 0 && s.Phase == checkpoint.FullRefresh {
		r.log.InfoContext(ctx, "The number of rows that were sent differs from that of the keys that were scanned before, because rows were created "+
			"or deleted meanwhile.", "sent", s.Ranges.Sent.Rows, "scanned", s.Scanned.Rows)
	}
	return apart, nil
}

// sendMissing sends those of some rows that exist. They were scanned and not sent: they are deleted, or they came twice in the scan of
// the keys because they changed meanwhile. Where a scan is in the order of keys no row comes twice, so that one that exists was missing
// in its range.
func (c *rangeScan) sendMissing(ctx context.Context, missing []keyrange.Key) error {
	if len(missing) == 0 {
		return nil
	}
	r, s := c.r, c.state
	scan := r.newPageScan(s, "")
	defer scan.close()
	l, sent := newLookup(r), 0
	l.untracked = c.untracked()
	err := l.rows(ctx, newRowReader(r, scan.encoder, r.job.PageSize), r.target.plan.Select(), textsOf(missing), func(dataverse.Page) error {
		sent += scan.encoder.Len()
		scan.encoder.Keys(func(text []byte) {
			if k, ok := keyrange.ParseKey(text); ok {
				s.Ranges.Sent.Add(k)
			}
		})
		return scan.deliver(ctx, nil)
	})
	switch {
	case err != nil || sent == 0:
		return err
	case c.keys.unordered:
		r.log.InfoContext(ctx, "Rows that may have changed while their keys were scanned were read by their keys once more.", "rows", sent)
	default:
		r.log.WarnContext(ctx, "Rows that exist were not returned with their ranges of keys, and were read by their keys.", "rows", sent)
	}
	return nil
}

// textsOf returns keys as texts.
func textsOf(keys []keyrange.Key) []string {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.String()
	}
	return texts
}

var (
	// errKeyMissing reports a range without a row that exists in it.
	errKeyMissing = errors.New("a range of keys lacks a row that exists in it")
	// errNextWithoutRows reports a page without rows that is not the last one of its range.
	errNextWithoutRows = errors.New("a page of a range of keys has a next link and no rows")
	// errTooDifferent reports rows that differ from the keys that were scanned by more than can be looked up.
	errTooDifferent = errors.New("the rows that were sent differ in too many keys from those that were scanned")
)

// unexpected returns why a table cannot be read by ranges, a clause, if an error shows it, otherwise "". Only what the service
// returned, or what it says about the query itself, shows it.
func unexpected(err error) string {
	switch cause := Classify(err); {
	case err == nil, cause == ColumnMissing, cause == TableUnknown:
		return ""
	case errors.Is(err, keyrange.ErrOrder), errors.Is(err, keyrange.ErrOutside), errors.Is(err, keyrange.ErrNotKey):
		return "Dataverse does not return rows in the order or the range of keys that was requested"
	case errors.Is(err, errKeyMissing), errors.Is(err, errNextWithoutRows), errors.Is(err, errTooDifferent):
		return "rows may be missing"
	case cause == LinkRefused, dataverse.HasCode(err, dataverse.CodeConditionOperator):
		return "Dataverse refuses to compare keys"
	default:
		return ""
	}
}
