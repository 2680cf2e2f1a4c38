package replicate

import (
	"context"
	"fmt"
	"slices"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readChanges follows the delta link of a state to its end, or continues where another process was interrupted. The
// state keeps the link as the service sent it, even if the requests use other columns.
func (r *streamReader) readChanges(ctx context.Context, s *checkpoint.State) error {
	if err := r.adoptDeltaLink(s); err != nil {
		return err
	}
	c := r.newChangesScan(s)
	defer c.scan.close()
	if s.InMiddle() {
		r.log.InfoContext(ctx, "The scan of changes continues where the last sync was interrupted.")
	}
	if !checkpoint.SameColumns(s.DeltaLink.Select(), r.target.plan.Select()) || !checkpoint.SameColumns(s.Derived, r.target.plan.Derived()) {
		r.report.selection(ctx, &r.target, s)
	}
	if c.byKeys {
		return c.readByKeys(ctx)
	}
	return c.read(ctx)
}

// adoptDeltaLink rewrites the delta link for the table's current entity set.
func (r *streamReader) adoptDeltaLink(s *checkpoint.State) error {
	set := r.target.table.EntitySet
	if s.PythonToken != "" {
		s.DeltaLink, s.PythonToken = dataverse.NewDeltaLink(set, nil, s.PythonToken), ""
	}
	if s.InMiddle() && s.Link.EntitySet() != set {
		s.Restart()
	}
	if s.DeltaLink.EntitySet() == set || s.InMiddle() {
		return nil
	}
	token := s.DeltaLink.DeltaToken()
	if token == "" {
		return fmt.Errorf("read the changes of %s: %w", r.target.table.LogicalName, errOldLink)
	}
	s.DeltaLink = dataverse.NewDeltaLink(set, s.DeltaLink.Select(), token)
	return nil
}

// changesScan follows the changes since a delta token.
type changesScan struct {
	r     *streamReader
	state *checkpoint.State
	scan  *pageScan
	sent  *checkpoint.SentKeys
	// edited reports that the changes are requested with other columns than those that the token was taken with.
	edited bool
	// byKeys reports that the changes have other columns than the selected ones, or lack the types of lookups, so that changed
	// rows are read by their keys.
	byKeys  bool
	resumed bool
	count   int64 // rows and deletions on the pages so far
}

// newChangesScan prepares a scan of changes. A scan that was resumed or restarted has sent rows that it does not know.
func (r *streamReader) newChangesScan(s *checkpoint.State) *changesScan {
	c := &changesScan{r: r, state: s, resumed: s.InMiddle(), edited: r.target.editsSelection(s)}
	first := s.DeltaLink
	withoutTypes := s.TypesByKeys && r.target.plan.LookupTypes()
	switch own := checkpoint.SameColumns(first.Select(), r.target.plan.Select()); {
	case c.resumed:
		c.byKeys = withoutTypes || !checkpoint.SameColumns(s.Link.Select(), r.target.plan.Select())
	case withoutTypes:
		c.byKeys = true
	case own:
	case c.edited:
		s.ByKeys = false
		first = dataverse.NewDeltaLink(r.target.table.EntitySet, r.target.plan.Select(), first.DeltaToken())
	default:
		c.byKeys = true
	}
	c.scan = r.newPageScan(s, first)
	c.scan.pages.deltaLink = first
	c.scan.pages.deltaLinkAtEnd = true
	if c.resumed {
		c.scan.began = s.Issued // the new token may be as old as the first page
	}
	c.sent = checkpoint.NewSentKeys(c.resumed || s.Restarts > 0)
	return c
}

// read follows changes whose pages have the selected columns.
func (c *changesScan) read(ctx context.Context) error {
	for {
		page, err := c.scan.read(ctx)
		if err != nil {
			return err
		}
		if err := c.check(page); err != nil {
			return err
		}
		c.noteSent()
		if err := c.finish(ctx, page, c.scan.encoder.Deleted()); err != nil || page.Next == "" {
			return err
		}
	}
}

// noteSent notes the keys of the page's rows, because deletions in the same scan may be older than the rows.
func (c *changesScan) noteSent() {
	if c.r.target.plan.Deletions() {
		c.scan.encoder.Keys(c.sent.Add)
	}
}

// check rejects a page that does not hold what was requested.
func (c *changesScan) check(page dataverse.Page) error {
	var err error
	switch {
	case wentBackward(c.state.DeltaLink, page.Delta):
		err = ErrRestored
	case c.edited && !c.byKeys && !honored(page.Columns(), c.r.target.plan.Select(), c.state.DeltaLink.Select()):
		err = ErrSelectIgnored
	}
	if err != nil {
		return fmt.Errorf("read a page of %s: %w", c.r.target.table.LogicalName, err)
	}
	return nil
}

// finish completes a page: its deletions, its records, and the state after it.
func (c *changesScan) finish(ctx context.Context, page dataverse.Page, deleted []string) error {
	r, s := c.r, c.state
	r.report.age(ctx, s, page.At)
	c.count += int64(c.scan.pages.rows() + len(c.scan.pages.deleted()))
	if err := r.out.running(ctx); err != nil {
		return err
	}
	again, err := c.checkHistory(ctx, page)
	if err != nil {
		return err
	}
	sent, err := c.stillDeleted(ctx, deleted)
	if err != nil {
		return err
	}
	if err := c.scan.deliver(ctx, sent); err != nil {
		return err
	}
	if !r.target.plan.Deletions() { // the rows are gone all the same
		for _, key := range deleted {
			s.Unsee(key)
		}
	}
	if page.Next == "" {
		s.EndChanges(page.Delta, c.scan.began, again || c.resumed)
		s.User = r.userName()
		c.explain(ctx)
		return r.saveEnd(ctx, s)
	}
	c.scan.advance(page.Next)
	return r.save(ctx, s)
}

// explain decides whether a snapshot by ranges of the key, which could only compare totals, has sent all rows. If fewer rows have
// changed since the delta token than the totals differ by, the table is read again, one page after the other. Changes that an earlier
// process has followed are not counted, and may explain any difference.
func (c *changesScan) explain(ctx context.Context) {
	r, s := c.r, c.state
	if s.Unexplained <= c.count || c.resumed {
		s.Explain()
		return
	}
	r.log.WarnContext(ctx, "The rows that were read by ranges of their keys differ from the keys that were scanned before, and the changes since then do not "+
		"explain it. The table is read again, one page after the other, and its rows are sent again.", "rows", s.Unexplained, "changes", c.count)
	r.byPages = true
	s.ReadAgain()
}

// stillDeleted leaves out deletions of rows that exist. One of a row that the scan has also sent may be older than the
// row: the same key can be created again, and a deletion has no version. Then the row itself is requested.
func (c *changesScan) stillDeleted(ctx context.Context, deleted []string) ([]string, error) {
	if !c.r.target.plan.Deletions() {
		if len(deleted) > 0 {
			c.r.report.unsentDeletions(ctx)
			c.state.LoseDeletions()
		}
		return nil, nil
	}
	var doubtful []string
	for _, key := range deleted {
		if c.sent.MayHold(key) {
			doubtful = append(doubtful, key)
		}
	}
	exists, _, err := newLookup(c.r).existing(ctx, doubtful)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(deleted), func(key string) bool { return exists[key] }), nil
}

// checkHistory looks for the newest row of the last sync, because an environment that was restored from a backup and
// then written to issues tokens as if nothing had happened. Either the changes hold the row's key, or the row still has
// its version. A row with another version may have changed after this scan: then the next changes, which are requested
// at once, hold its key. They need not if its version is above that of their new token, which stays below the versions of a
// transaction that is open. Then the next sync looks for the same row.
func (c *changesScan) checkHistory(ctx context.Context, page dataverse.Page) (again bool, err error) {
	s := c.state
	if !c.r.target.table.Has(dataverse.VersionColumn) { // it is no longer readable
		s.ConfirmHistory(false)
	}
	if s.NewestRow.IsZero() {
		return false, nil
	}
	if c.scan.pages.hold(s.NewestRow.Key) {
		s.ConfirmHistory(false)
		return false, nil
	}
	switch {
	case page.Next != "", s.Run.HistoryDoubted && isAfter(s.Run.DoubtedVersion, page.Delta):
		return false, nil
	case s.Run.HistoryDoubted:
		return false, fmt.Errorf("read the changes of %s: %w", c.r.target.table.LogicalName, ErrOtherHistory)
	}
	version, err := newLookup(c.r).version(ctx, s.NewestRow.Key)
	switch {
	case err != nil:
		return false, err
	case version == s.NewestRow.Version:
		s.ConfirmHistory(true)
		return false, nil
	default:
		s.Run.HistoryDoubted, s.Run.DoubtedVersion = true, version
		return true, nil
	}
}
