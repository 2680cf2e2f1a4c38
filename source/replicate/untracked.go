package replicate

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readUntracked reads a table without change tracking: all its rows the first time, then those that are new or changed.
// Deletions are not seen.
func (r *streamReader) readUntracked(ctx context.Context, sync checkpoint.Sync, saved *checkpoint.State) error {
	column := catalog.CursorOf(r.target.table, r.target.stream)
	s, opening := sync.OpenUntracked(saved, column)
	bound, err := r.job.bounds.get(ctx, r)
	if err != nil {
		return err
	}
	r.report.untracked(ctx, opening, saved, s, bound)
	if s, err = r.checkHistory(ctx, s, bound); err != nil {
		return err
	}
	if !s.ReadsAll() {
		r.report.selection(ctx, &r.target, s)
		r.dropEstimate()
	}
	if err := r.estimate(ctx); err != nil {
		return err
	}
	_, err = newRecovery(r).run(ctx, s, func(ctx context.Context, s *checkpoint.State) error {
		r.out.progress.Phase(phaseToShow(s))
		s.SelectUntracked(r.target.plan.Select(), r.target.plan.Derived())
		if s.Phase == checkpoint.ByTime {
			return r.readByTime(ctx, s, bound)
		}
		if err := r.checkVersions(ctx, s); err != nil {
			return err
		}
		return r.readByVersion(ctx, s, bound)
	})
	if refusesQuery(err) || errors.Is(err, errNoVersion) {
		r.report.queryRefused(ctx, column, err)
		return r.readFullRefresh(ctx, sync, lastFullRefresh(saved, s))
	}
	return err
}

// lastFullRefresh returns the state that a full refresh continues from after the service has refused the query of s: the saved
// one if an earlier attempt came that far.
func lastFullRefresh(saved, s *checkpoint.State) *checkpoint.State {
	if saved == nil || saved.Phase != checkpoint.FullRefresh {
		return s
	}
	last := *saved
	last.MaxCursor = s.MaxCursor
	return &last
}

// refusesQuery reports whether the service refuses a query as such. No refusal of a filter or an order by versionnumber,
// modifiedon or createdon is documented, but not every system table supports every query.
func refusesQuery(err error) bool {
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Status == http.StatusBadRequest && refused.Code != "" && !refused.Temporary() && Classify(err) == Other
}

// phaseToShow returns the phase of a tracked table that means the same to the user: before the first scan is complete, no
// scan has kept its newest row or its time.
func phaseToShow(s *checkpoint.State) checkpoint.Phase {
	if s.NewestRow.IsZero() && s.Since.IsZero() {
		return checkpoint.Snapshot
	}
	return checkpoint.Changes
}

// checkHistory begins again with all rows if the environment was restored from a backup since the last scan: the version
// bound or the version of a row has fallen. A row that is gone proves nothing.
func (r *streamReader) checkHistory(ctx context.Context, s *checkpoint.State, bound uint64) (*checkpoint.State, error) {
	fell := bound > 0 && bound < s.Bound
	if newest := s.NewestRow; !fell && !newest.IsZero() {
		version, exists, err := r.versionOf(ctx, newest.Key)
		if err != nil {
			return nil, err
		}
		fell = exists && version < newest.Version
	}
	if fell {
		r.report.restored(ctx)
		return s.RereadUntracked(), nil
	}
	return s, nil
}

// versionOf returns the version of a row. exists is false if there is no such row, or if it has no version. A table without change
// tracking allows no proof that a row is gone, which lookup.version requires.
func (r *streamReader) versionOf(ctx context.Context, key string) (version uint64, exists bool, err error) {
	t := r.target.table
	link := dataverse.NewLink(t.EntitySet, []string{t.PrimaryID, dataverse.VersionColumn}).With("$filter=" + t.PrimaryID + "%20eq%20" + key)
	sink := record.NewKeySink(t)
	if _, err := newKeyReader(r, sink, 1).read(ctx, link); err != nil {
		return 0, false, err
	}
	_, version, exists = sink.Newest()
	return version, exists, nil
}

// checkVersions fails with errNoVersion if a table that is read for the first time has a row without a version, which no filter
// by version finds. None is documented, but some system tables are views of several others.
func (r *streamReader) checkVersions(ctx context.Context, s *checkpoint.State) error {
	if !s.ReadsAll() {
		return nil
	}
	link := r.target.firstKeys().With("$filter=" + dataverse.VersionColumn + "%20eq%20null")
	sink := record.NewKeySink(r.target.table)
	_, err := newKeyReader(r, sink, 1).read(ctx, link)
	switch {
	case err == nil && len(sink.Keys()) > 0:
		return errNoVersion
	case dataverse.TooExpensive(err) && ctx.Err() == nil:
		r.log.DebugContext(ctx, "it is not known whether all rows of the table have a version", "error", err)
		return nil
	default:
		return err
	}
}

// readByVersion reads the rows whose version is greater than that of the state, in ascending order, so that the last version
// of a page is where the next one continues. A row that changes meanwhile gets a version above the bound, and the next sync
// reads it. A scan that began without a bound continues without one.
func (r *streamReader) readByVersion(ctx context.Context, s *checkpoint.State, bound uint64) error {
	if s.SentVersion > s.AfterVersion {
		bound = 0
	}
	c := r.newPageScan(s, "")
	defer c.close()
	c.pages.verify = c.inOrderOfVersion
	for {
		c.first = r.target.afterVersion(s.Position(), bound)
		page, err := r.deliverUntracked(ctx, c)
		if err != nil {
			return err
		}
		for page.Next != "" && c.encoder.Len() == 0 { // it has no version to continue after
			c.first = page.Next
			if page, err = r.deliverUntracked(ctx, c); err != nil {
				return err
			}
		}
		if _, version, ok := c.encoder.Newest(); ok {
			s.PassVersion(version, bound)
		}
		if page.Next == "" {
			s.EndByVersion(bound, page.At)
		}
		if err := r.save(ctx, s); err != nil || page.Next == "" {
			return err
		}
	}
}

// readByTime reads the rows that were modified, or created, since shortly before the time of the state. The key decides
// between rows of the same time, so that no page ends between two rows that the paging cookie could not distinguish
// (Microsoft, "Page results using OData").
func (r *streamReader) readByTime(ctx context.Context, s *checkpoint.State, bound uint64) error {
	c := r.newPageScan(s, r.target.sinceTime(s.TimeColumn, s.Since))
	defer c.close()
	for {
		page, err := r.deliverUntracked(ctx, c)
		if err != nil {
			return err
		}
		if page.Next == "" {
			s.EndByTime(bound)
		} else {
			c.advance(page.Next)
		}
		if err := r.save(ctx, s); err != nil || page.Next == "" {
			return err
		}
	}
}

// deliverUntracked reads a page and sends its rows.
func (r *streamReader) deliverUntracked(ctx context.Context, c *pageScan) (dataverse.Page, error) {
	page, err := c.read(ctx)
	if err != nil {
		return page, err
	}
	c.state.BeginUntracked(page.At)
	if err := r.out.running(ctx); err != nil {
		return page, err
	}
	return page, c.deliver(ctx, nil)
}

// inOrderOfVersion reports an error unless the last row of the page has the greatest version.
func (c *pageScan) inOrderOfVersion() error {
	if c.encoder.Len() == 0 {
		return nil
	}
	newest, version, ok := c.encoder.Newest()
	var last string
	c.encoder.Keys(func(key []byte) { last = string(key) })
	if !ok || newest != last || version <= c.state.Position() {
		return ErrNotInOrder
	}
	return nil
}

// afterVersion is the first page of the rows whose version is greater than one version and, if there is a bound, at most
// another.
func (t *target) afterVersion(version, bound uint64) dataverse.Link {
	filter := dataverse.VersionColumn + "%20gt%20" + strconv.FormatUint(version, 10)
	if bound > 0 {
		filter += "%20and%20" + dataverse.VersionColumn + "%20le%20" + strconv.FormatUint(bound, 10)
	}
	return t.firstPage().With("$filter="+filter, "$orderby="+dataverse.VersionColumn)
}

// sinceTime is the first page of the rows that have a time since shortly before the given one, or of all rows if that is zero.
// The order of the key is the service's own, and its fastest.
func (t *target) sinceTime(column string, since time.Time) dataverse.Link {
	if since.IsZero() {
		return t.firstPage()
	}
	from := since.Add(-checkpoint.LongestTransaction).UTC().Format(time.RFC3339)
	return t.firstPage().With("$filter="+column+"%20ge%20"+from, "$orderby="+column+","+t.table.PrimaryID)
}
