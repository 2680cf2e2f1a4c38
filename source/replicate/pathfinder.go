package replicate

import (
	"context"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// newPath returns the keyScan of a full refresh. If an earlier process has scanned keys, its totals continue those.
func newPath(s *checkpoint.State) *keyScan {
	if *s.Scanned == (keyrange.Totals{}) {
		return &keyScan{whole: true, difference: keyrange.NewDifference()}
	}
	return &keyScan{totals: *s.Scanned}
}

// findPath scans the keys of a full refresh in their order, and makes ranges of them for the lanes as it goes. last is the range
// without an upper bound, whose keys are not scanned yet. At the end the lanes read it as well, because rows may have been created in it.
func (c *rangeScan) findPath(ctx context.Context, last *keyrange.Range) error {
	sink := record.NewKeySink(c.r.target.table)
	pages := newKeyReader(c.r, sink, dataverse.MaxPageSize)
	pages.aside = true
	var keys []keyrange.Key
	pages.verify = func() (err error) {
		if keys, err = parseKeys(sink.Keys()); err != nil {
			return err
		}
		return keyrange.CheckPage(*last, keys) // only findPath moves its lower bound
	}
	for proven := false; ; {
		page, err := pages.read(ctx, c.r.target.keysWithin(*last))
		if err != nil {
			return err
		}
		if len(keys) == 0 && page.Next != "" {
			return errNextWithoutRows
		}
		if len(keys) == 0 {
			c.endPath(last)
			return nil
		}
		c.scanned(page, sink.Keys())
		if !proven {
			if err := c.prove(ctx); err != nil {
				return err
			}
			c.announce(ctx)
			proven = true
		}
		c.extend(last, keys[len(keys)-1])
	}
}

// scanned notes the keys of a page.
func (c *rangeScan) scanned(page dataverse.Page, keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Began.IsZero() {
		c.state.Began = page.At
	}
	c.keys.add(keys)
}

// extend makes a range of the keys that have been scanned.
func (c *rangeScan) extend(last *keyrange.Range, upTo keyrange.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.state.Scanned = c.keys.totals
	c.state.Ranges.Left.Extend(last, upTo)
	c.changed.Broadcast()
}

// endPath leaves the rest of the table to the lanes.
func (c *rangeScan) endPath(last *keyrange.Range) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Ranges.Left.Release(last)
	c.scans = 0
	c.leave()
	c.changed.Broadcast()
}
