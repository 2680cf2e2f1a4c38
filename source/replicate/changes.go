package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readChanges follows the delta link of a state to its end, or continues where another process was interrupted. The state
// keeps the link as the service sent it, whatever becomes of its columns on the way.
func (r *streamReader) readChanges(ctx context.Context, s *checkpoint.State) error {
	if err := r.adoptDeltaLink(s); err != nil {
		return err
	}
	c := r.newChangesScan(s)
	defer c.scan.close()
	switch {
	case s.InMiddle():
		r.log.InfoContext(ctx, "the changes continue where the last sync was interrupted")
	case !checkpoint.SameColumns(s.DeltaLink.Select(), r.plan.Select()):
		r.warnSelection(ctx, s)
	}
	if c.byKeys {
		return c.readByKeys(ctx)
	}
	return c.read(ctx)
}

// adoptDeltaLink makes the delta link one of today's entity set.
func (r *streamReader) adoptDeltaLink(s *checkpoint.State) error {
	set := r.table.EntitySet
	if token := s.PythonToken(); token != "" {
		s.AdoptToken(dataverse.NewDeltaLink(set, nil, token))
	}
	if s.InMiddle() && s.Link.EntitySet() != set {
		s.Restart()
	}
	if s.DeltaLink.EntitySet() == set || s.InMiddle() {
		return nil
	}
	token := s.DeltaLink.DeltaToken()
	if token == "" {
		return fmt.Errorf("read the changes of %s: %w", r.table.LogicalName, errOldLink)
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
	// edited reports that the changes are asked for with other columns than the token was taken with.
	edited bool
	// byKeys reports that the changes come with other columns than today's, so that changed rows are read by their keys.
	byKeys  bool
	resumed bool
}

// newChangesScan prepares a scan of changes. One that is resumed or was begun again has sent rows that it does not know of.
func (r *streamReader) newChangesScan(s *checkpoint.State) *changesScan {
	c := &changesScan{r: r, state: s, resumed: s.InMiddle(), edited: r.editsSelection(s)}
	first := s.DeltaLink
	switch own := checkpoint.SameColumns(first.Select(), r.plan.Select()); {
	case c.resumed:
		c.byKeys = !checkpoint.SameColumns(s.Link.Select(), r.plan.Select())
	case own:
	case c.edited:
		s.ByKeys = false
		first = dataverse.NewDeltaLink(r.table.EntitySet, r.plan.Select(), first.DeltaToken())
	default:
		c.byKeys = true
	}
	c.scan = r.newPageScan(s, first)
	c.scan.pages.deltaLink = first
	c.scan.pages.deltaLinkAtEnd = true
	if c.resumed {
		c.scan.began = s.Issued // the new token may stand for the first page, which came no earlier
	}
	c.sent = checkpoint.NewSentKeys(c.resumed || s.Restarts > 0)
	return c
}

// editsSelection reports whether the changes since a delta link are asked for with other columns than the link names. They
// are not where the service has refused these columns before, nor where the link is of an unknown form.
func (r *streamReader) editsSelection(s *checkpoint.State) bool {
	wanted := r.plan.Select()
	refused := s.ByKeys && checkpoint.SameColumns(s.Columns, wanted)
	return !checkpoint.SameColumns(s.DeltaLink.Select(), wanted) && !refused && s.DeltaLink.DeltaToken() != ""
}

// read follows changes that come with today's columns.
func (c *changesScan) read(ctx context.Context) error {
	for {
		page, err := c.scan.read(ctx)
		if err != nil {
			return err
		}
		if err := c.check(page); err != nil {
			return err
		}
		if c.r.plan.Deletions() {
			c.scan.encoder.Keys(c.sent.Add)
		}
		if err := c.finish(ctx, page, c.scan.encoder.Deleted()); err != nil || page.Next == "" {
			return err
		}
	}
}

// check refuses a page that does not hold what was asked for.
func (c *changesScan) check(page dataverse.Page) error {
	var err error
	switch {
	case wentBackward(c.state.DeltaLink, page.Delta):
		err = ErrRestored
	case c.edited && !c.byKeys && !honored(page.Columns(), c.r.plan.Select(), c.state.DeltaLink.Select()):
		err = ErrSelectIgnored
	}
	if err != nil {
		return fmt.Errorf("read a page of %s: %w", c.r.table.LogicalName, err)
	}
	return nil
}

// finish completes a page: its deletions, its records, and the state behind it.
func (c *changesScan) finish(ctx context.Context, page dataverse.Page, deleted []string) error {
	r, s := c.r, c.state
	r.warnAge(ctx, s, page.At)
	if err := r.out.running(ctx); err != nil {
		return err
	}
	again, err := c.checkHistory(ctx, page.Next == "")
	if err != nil {
		return err
	}
	deleted, err = c.stillDeleted(ctx, deleted)
	if err != nil {
		return err
	}
	if err := c.scan.deliver(ctx, deleted); err != nil {
		return err
	}
	if page.Next == "" {
		s.EndChanges(page.Delta, c.scan.began, again || c.resumed)
		return r.saveEnd(ctx, s)
	}
	c.scan.advance(page.Next)
	return r.save(ctx, s)
}

// stillDeleted leaves out deletions of rows that exist. One of a row that the scan has also sent may be older than the row:
// the same key can be created again, and a deletion has no version to tell. Then the row itself is asked for.
func (c *changesScan) stillDeleted(ctx context.Context, deleted []string) ([]string, error) {
	if !c.r.plan.Deletions() {
		if len(deleted) > 0 {
			c.r.warnUnsentDeletions(ctx)
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

// checkHistory looks for the newest row of the last sync, because a backup that was restored since then, and has been written
// to, gives tokens as if nothing had happened. The changes hold the row's key, or the row has its version still. One that has
// another version may have changed after this scan: then the changes after it, which are asked for again, hold its key.
func (c *changesScan) checkHistory(ctx context.Context, last bool) (again bool, err error) {
	s := c.state
	if s.NewestRow.IsZero() {
		return false, nil
	}
	if c.scan.pages.hold(s.NewestRow.Key) {
		s.ConfirmHistory(false)
		return false, nil
	}
	switch {
	case !last:
		return false, nil
	case s.HistoryDoubted():
		return false, fmt.Errorf("read the changes of %s: %w", c.r.table.LogicalName, ErrOtherHistory)
	}
	unchanged, err := newLookup(c.r).unchanged(ctx, s.NewestRow)
	switch {
	case err != nil:
		return false, err
	case unchanged:
		s.ConfirmHistory(true)
		return false, nil
	default:
		s.DoubtHistory()
		return true, nil
	}
}

// warnSelection reports which columns the selection has gained and lost since the last sync. Those that the table itself has
// lost are reported already.
func (r *streamReader) warnSelection(ctx context.Context, s *checkpoint.State) {
	before := s.Columns
	if before == nil {
		before = s.DeltaLink.Select()
	}
	if before == nil || checkpoint.SameColumns(before, []string{r.table.PrimaryID}) { // they are not known
		return
	}
	now := r.plan.Select()
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(c string) bool { return slices.Contains(other, c) || !r.table.Has(c) })
	}
	added, removed := without(now, before), without(before, now)
	if len(added)+len(removed) > 0 {
		r.log.WarnContext(ctx, "the selected columns have changed; rows that do not change have no value of a new column in the "+
			"destination until you run \"refresh and retain records\" for the stream", "added", strings.Join(added, ","), "removed", strings.Join(removed, ","))
	}
}

// rememberColumns keeps today's selection beside a delta link that was taken with another one.
func (r *streamReader) rememberColumns(s *checkpoint.State) {
	s.Columns = nil
	if now := r.plan.Select(); !checkpoint.SameColumns(s.DeltaLink.Select(), now) {
		s.Columns = now
	} else {
		s.ByKeys = false
	}
}
