package replicate

import (
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// leastPages is the fewest pages of a table that is read by ranges of its key: the few requests that precede them would not pay
// off for a smaller one.
const leastPages = 20

// fewKeys is how many keys a scan keeps before it makes a difference of them, which needs more memory than a small table should.
const fewKeys = 8192

// keyScan is what a read by ranges needs of the scan of all keys: where to divide the table, and which keys the ranges must have had
// at the end. It is not safe for concurrent use.
type keyScan struct {
	sample keyrange.Sample
	totals keyrange.Totals
	// difference has the keys that were scanned and not sent; nil: there are only few, or an earlier process has scanned some of them.
	difference *keyrange.Difference
	whole      bool               // this process has scanned all keys
	few        []keyrange.Key     // that were scanned, as long as there is no difference
	known      *checkpoint.KeySet // of a small table; nil: it is too large for a state
	last       keyrange.Key       // that was scanned
	unordered  bool               // the keys were not ascending
	invalid    bool               // a key is not a GUID
}

// newKeyScan returns the keyScan of a scan of all keys, or of the rest of one that an earlier process has begun; nil: the rows are
// not read by ranges.
func (r *streamReader) newKeyScan(s *checkpoint.State) *keyScan {
	small := r.size.rows > 0 && r.size.rows < leastPages*int64(r.job.PageSize) // if the estimate is right
	switch {
	case small || !r.dividable():
		return nil
	case !s.InMiddle():
		return &keyScan{whole: true, known: checkpoint.NewKeySet()}
	case s.Scanned != nil:
		return &keyScan{totals: *s.Scanned, unordered: true}
	default: // it is not known what was scanned before
		return nil
	}
}

// dividable reports whether the rows of the stream can be read by ranges of the key. They are read one page after the other if ranges
// have failed before, or if contents are retrieved along with them.
func (r *streamReader) dividable() bool {
	return r.job.slots() > 1 && !r.byPages && !r.job.rangesFailed.Load() && r.metadata == nil &&
		hasRanges(r.target.table) && len(r.target.plan.Contents()) == 0
}

// hasRanges reports whether the keys of a table are GUIDs that SQL Server compares. The audit log may be stored elsewhere, like the
// rows of elastic and virtual tables, and there GUIDs may be ordered as text.
func hasRanges(t dataverse.Table) bool {
	key := t.Column(t.PrimaryID)
	return !t.Virtual && !t.Elastic && t.LogicalName != auditTable && len(t.Key()) == 1 && key != nil && key.Type == dataverse.UniqueIdentifier
}

// Lanes returns how many pages of a table are requested at once when all its rows are read: 1 if one page is read after the other.
// rows is about how many rows the table has, pageSize how many a page has, and requests how many requests may be under way at once.
func Lanes(t dataverse.Table, rows int64, pageSize, requests int) int {
	if !hasRanges(t) || rows < leastPages*int64(pageSize) {
		return 1
	}
	return max(min(requests, maxLanes), 1)
}

// auditTable is the table of the audit log, which is stored apart from the other tables (Microsoft, "Auditing overview").
const auditTable = "audit"

// add adds the keys of a page. The service may begin a page with the last row of the page before.
func (k *keyScan) add(keys []string) {
	if k == nil {
		return
	}
	for _, text := range keys {
		key, ok := keyrange.ParseKey(text)
		if k.invalid = k.invalid || !ok; ok {
			k.addKey(key)
		}
	}
}

func (k *keyScan) addKey(key keyrange.Key) {
	switch order := key.Compare(k.last); {
	case k.totals.Rows > 0 && order == 0:
		return
	case k.totals.Rows > 0 && order < 0:
		k.unordered = true
	}
	k.last = key
	k.sample.Add(key)
	k.totals.Add(key)
	switch {
	case k.difference != nil:
		k.difference.Add(key)
	case k.whole:
		if k.few = append(k.few, key); len(k.few) == fewKeys {
			k.makeDifference()
		}
	}
	if k.known != nil {
		if _, ok := k.known.Add([]byte(key.String())); !ok || k.known.Full() {
			k.known = nil
		}
	}
}

// makeDifference makes the difference of a scan of all keys.
func (k *keyScan) makeDifference() {
	if !k.whole || k.difference != nil {
		return
	}
	k.difference = keyrange.NewDifference()
	for _, key := range k.few {
		k.difference.Add(key)
	}
	k.few = nil
}

// toSave returns the totals for a state. A small table has none: it is not read by ranges.
func (k *keyScan) toSave(pageSize int) *keyrange.Totals {
	if k == nil || k.invalid || k.totals.Rows < leastPages*int64(pageSize) {
		return nil
	}
	totals := k.totals
	return &totals
}

// planRanges makes a snapshot that has just taken its token read ranges of the key, if the keys that were scanned are many. The
// known keys of such a table stay only if they are few enough for a state.
func (r *streamReader) planRanges(s *checkpoint.State, scan *keyScan) {
	s.Scanned = scan.toSave(r.job.PageSize)
	if s.Scanned == nil {
		return
	}
	scan.makeDifference()
	pages := s.Scanned.Rows / int64(r.job.PageSize)
	cuts := scan.sample.Quantiles(keyrange.Parts(pages))
	s.ReadByRanges(keyrange.Divide(cuts), r.target.plan.Select(), r.target.plan.Derived())
	if s.KnownKeys != nil && (scan.known == nil || !scan.known.Fits()) {
		s.KnownKeys = nil
	}
	r.scan = scan
}
