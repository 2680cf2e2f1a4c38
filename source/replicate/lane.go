package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// lane reads one range of a table after another. It belongs to one goroutine.
type lane struct {
	c    *rangeScan
	scan *pageScan

	requested keyrange.Range // of the current page
	sent      time.Time      // when the request for it was sent, by this machine's clock
	keys      []keyrange.Key // on the current page
}

// newLane returns a lane.
func (c *rangeScan) newLane() *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.r
	encoder := record.NewEncoder(r.target.plan, record.Options{MaxCursor: c.state.MaxCursor, Pool: r.job.pool, Stats: &r.stats})
	l := &lane{c: c, scan: &pageScan{r: r, state: c.state, encoder: encoder, pages: newRowReader(r, encoder, r.job.PageSize)}}
	l.scan.pages.size.startAt(r.rowsPerPage)
	l.scan.pages.keepSize, l.scan.pages.verify = true, l.verify
	return l
}

// close returns the memory of a page that was not sent.
func (l *lane) close() { l.scan.close() }

// readRange reads a range to its end, or until another lane has to continue it.
func (l *lane) readRange(ctx context.Context, one *keyrange.Range) error {
	for {
		l.begin(one)
		page, err := l.readPage(ctx)
		if dataverse.TooExpensive(err) && ctx.Err() == nil {
			done, err := l.relieve(ctx, one, err)
			if done || err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if done, err := l.c.deliver(ctx, l, one, page); done || err != nil {
			return err
		}
	}
}

// begin notes the range as it is requested: another lane may take its upper half in the meantime.
func (l *lane) begin(one *keyrange.Range) {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.requested, l.sent = *one, time.Now()
}

// readPage reads the next page of the requested range. If the page lacks a row that exists, it is requested once more, because any
// response may be cut short.
func (l *lane) readPage(ctx context.Context) (dataverse.Page, error) {
	for again := false; ; again = true {
		page, err := l.scan.pages.read(ctx, l.c.r.target.rowsWithin(l.requested))
		if err != nil {
			return page, err
		}
		if len(l.keys) == 0 && page.Next != "" {
			return page, l.broken(errNextWithoutRows)
		}
		lacks, err := l.lacksRow(ctx, page)
		if err != nil || !lacks {
			return page, err
		}
		l.close()
		if again {
			return page, l.broken(errKeyMissing)
		}
	}
}

// broken returns the error of a page that is not as expected.
func (l *lane) broken(err error) error {
	return fmt.Errorf("read a range of %s: %w", l.c.r.target.table.LogicalName, err)
}

// verify reports what is wrong with the order or the range of the rows of a page.
func (l *lane) verify() error {
	l.keys = l.keys[:0]
	valid := true
	l.scan.encoder.Keys(func(text []byte) {
		k, ok := keyrange.ParseKey(text)
		valid = valid && ok
		l.keys = append(l.keys, k)
	})
	if !valid {
		return keyrange.ErrNotKey
	}
	return keyrange.CheckPage(l.requested, l.keys)
}

// lacksRow reports whether a row exists that the page lacks: one whose key was sampled and is between the bounds of the page, or the
// last one of the range, which existed when the range was made.
func (l *lane) lacksRow(ctx context.Context, page dataverse.Page) (bool, error) {
	covered := l.requested
	if last := len(l.keys) - 1; page.Next != "" {
		covered.UpTo = &l.keys[last]
	}
	missing := l.c.missing(covered, l.keys)
	if len(missing) == 0 {
		return false, l.seesEveryRow(ctx)
	}
	exists, err := l.c.exist(ctx, missing)
	return exists, err
}

// seesEveryRow fails if the user may no longer see all rows and nothing else would show which rows a page lacks: in a process that has
// not scanned the keys itself.
func (l *lane) seesEveryRow(ctx context.Context) error {
	if l.c.keys != nil || l.c.untracked() {
		return nil
	}
	return newLookup(l.c.r).seesEveryRow(ctx)
}

// missing returns the known keys that a page of a range should have and lacks: those that this process has sampled, and the upper
// bound, which was the key of a row when the range was made.
func (c *rangeScan) missing(covered keyrange.Range, keys []keyrange.Key) []keyrange.Key {
	var missing []keyrange.Key
	if c.keys != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		missing = c.keys.sample.Missing(covered, keys)
	}
	if upTo := covered.UpTo; upTo != nil && (len(keys) == 0 || keys[len(keys)-1] != *upTo) && !slices.Contains(missing, *upTo) {
		missing = append(missing, *upTo)
	}
	return missing
}

// exist reports whether any of some rows exists.
func (c *rangeScan) exist(ctx context.Context, keys []keyrange.Key) (bool, error) {
	l := newLookup(c.r)
	l.untracked = c.untracked()
	exists, _, err := l.existing(ctx, textsOf(keys))
	return len(exists) > 0, err
}

// untracked reports whether the rows are read without change tracking.
func (c *rangeScan) untracked() bool { return c.state.DeltaLink == "" }

// relieve reacts to a page that was too expensive: first with fewer lanes of this table, then with a smaller page. done reports whether
// another lane has to continue the range.
func (l *lane) relieve(ctx context.Context, one *keyrange.Range, cause error) (done bool, err error) {
	var large *dataverse.ResponseTooLargeError
	if !errors.As(cause, &large) {
		if released, ok := l.c.relieve(ctx, l, one, cause); ok {
			return released, nil
		}
	}
	if !l.scan.pages.shrink(ctx, cause) {
		return false, cause
	}
	return false, nil
}
