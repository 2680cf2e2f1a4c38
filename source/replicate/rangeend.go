package replicate

import (
	"context"
	"errors"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// end verifies that all rows have been sent, and ends the scan.
func (c *rangeScan) end(ctx context.Context) error {
	r, s := c.r, c.state
	if s.Phase == checkpoint.Snapshot { // a right that was lost in the meantime would have hidden rows
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
	switch {
	case s.Phase != checkpoint.FullRefresh || apart == 0:
	case s.Ranges.Sent.Rows < s.Scanned.Rows:
		r.log.WarnContext(ctx, "Fewer rows were sent than keys were scanned before the read was interrupted. Rows that were deleted in the meantime may "+
			"explain it. To be certain, refresh the stream.", "sent", s.Ranges.Sent.Rows, "scanned", s.Scanned.Rows)
	default:
		r.log.InfoContext(ctx, "The rows that were sent differ from the keys that were scanned before the read was interrupted. Rows that were created or "+
			"deleted in the meantime may explain it.", "sent", s.Ranges.Sent.Rows, "scanned", s.Scanned.Rows)
	}
	return apart, nil
}

// sendMissing sends those of some rows that exist. They were scanned and not sent: they are deleted, or the scan of the keys returned
// them twice because they changed in the meantime. A scan in the order of keys returns no row twice, so a row that exists was then
// missing from its range.
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
		r.log.InfoContext(ctx, "Rows that may have changed while their keys were scanned were read once more by their keys.", "rows", sent)
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

// unexpected returns a clause that states why a table cannot be read by ranges, or "" if an error does not show it. Only rows that the
// service returned, or its refusal of the query itself, show it.
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
