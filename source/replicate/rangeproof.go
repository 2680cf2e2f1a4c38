package replicate

import (
	"context"
	"fmt"
	"slices"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

const (
	// provenKeys is about how many keys are between the two that are compared to prove how the service orders keys.
	provenKeys = 2000
	// keysBeside is how many keys are requested on either side of the second one.
	keysBeside = 50
)

// prove finds out by three small requests whether the service compares keys, and orders rows by them, as the ranges require: the
// keys after one key and up to another, those after the second one, and those up to the second one in descending order. If it does not,
// no table of the environment is read by ranges in this job.
func (c *rangeScan) prove(ctx context.Context) error {
	sorted := c.keys.sample.Sorted()
	if len(sorted) < 2 {
		return nil
	}
	from := len(sorted) / 2
	to := min(from+max(int(provenKeys/c.keys.sample.Spread()), 1), len(sorted)-1)
	from = min(from, to-1)
	within := keyrange.Range{After: &sorted[from], UpTo: &sorted[to]}
	above, upTo := keyrange.Range{After: within.UpTo}, keyrange.Range{UpTo: within.UpTo}
	for _, request := range []func() error{
		func() error { return c.proveRange(ctx, within, dataverse.MaxPageSize) },
		func() error { return c.proveRange(ctx, above, keysBeside) },
		func() error { return c.proveLast(ctx, upTo) },
	} {
		if err := request(); err != nil {
			if unexpected(err) != "" {
				c.r.job.rangesFailed.Store(true)
			}
			return fmt.Errorf("compare keys of %s: %w", c.r.target.table.LogicalName, err)
		}
	}
	return nil
}

// proveRange verifies that the keys of a range are in it, in order, and that none of those that were sampled is missing.
func (c *rangeScan) proveRange(ctx context.Context, within keyrange.Range, most int) error {
	keys, more, err := c.r.readKeys(ctx, c.r.target.keysWithin(within), most)
	if err != nil {
		return err
	}
	if err := keyrange.CheckPage(within, keys); err != nil {
		return err
	}
	if more && len(keys) > 0 {
		within.UpTo = &keys[len(keys)-1]
	}
	if missing := c.missing(within, keys); len(missing) > 0 {
		return c.proveDeleted(ctx, missing)
	}
	return nil
}

// proveLast verifies that the last key of a range is the first one in descending order.
func (c *rangeScan) proveLast(ctx context.Context, upTo keyrange.Range) error {
	keys, _, err := c.r.readKeys(ctx, c.r.target.keysDownFrom(upTo), keysBeside)
	if err != nil {
		return err
	}
	slices.Reverse(keys)
	if err := keyrange.CheckPage(upTo, keys); err != nil {
		return err
	}
	if len(keys) == 0 || keys[len(keys)-1] != *upTo.UpTo {
		return c.proveDeleted(ctx, []keyrange.Key{*upTo.UpTo})
	}
	return nil
}

// proveDeleted fails with errKeyMissing if one of some rows exists.
func (c *rangeScan) proveDeleted(ctx context.Context, keys []keyrange.Key) error {
	exists, err := c.exist(ctx, keys)
	if err == nil && exists {
		return errKeyMissing
	}
	return err
}

// readKeys reads one page of keys, and reports whether there are more.
func (r *streamReader) readKeys(ctx context.Context, link dataverse.Link, most int) (keys []keyrange.Key, more bool, err error) {
	sink := record.NewKeySink(r.target.table)
	pages := newKeyReader(r, sink, most)
	pages.aside = true
	page, err := pages.read(ctx, link)
	if err != nil {
		return nil, false, err
	}
	keys, err = parseKeys(sink.Keys())
	return keys, page.Next != "", err
}

// parseKeys returns the keys that texts represent.
func parseKeys(texts []string) ([]keyrange.Key, error) {
	keys := make([]keyrange.Key, len(texts))
	for i, text := range texts {
		k, ok := keyrange.ParseKey(text)
		if !ok {
			return nil, keyrange.ErrNotKey
		}
		keys[i] = k
	}
	return keys, nil
}
