package replicate

import (
	"cmp"
	"context"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// readTokenScan takes a delta token by a scan of the keys alone. The service does not document whether the token is as
// old as the scan's first page or as its last. Either is before any row is read. The keys also show where a large table can be divided.
func (r *streamReader) readTokenScan(ctx context.Context, s *checkpoint.State) error {
	if err := r.out.running(ctx); err != nil {
		return err
	}
	scan, sink := r.newKeyScan(s), record.NewKeySink(r.target.table)
	pages := newKeyReader(r, sink, dataverse.MaxPageSize) // keys are short
	pages.track, pages.deltaLinkAtEnd = true, true
	pages.startAt(&r.keysPerPage)
	pages.size.resume(s.PageSize)
	for {
		page, err := pages.read(ctx, cmp.Or(s.Link, r.target.firstKeys()))
		if err != nil {
			return err
		}
		if s.Issued.IsZero() {
			s.Issued = page.At
		}
		s.User = r.userName()
		scan.add(sink.Keys())
		if page.Next != "" {
			s.Scanned = scan.toSave(r.job.PageSize)
			s.Advance(page.Next, pages.size.toSave())
		} else {
			s.TakeToken(page.Delta, s.Issued)
			r.planRanges(s, scan)
		}
		if err := r.save(ctx, s); err != nil || page.Next == "" {
			return err
		}
	}
}
