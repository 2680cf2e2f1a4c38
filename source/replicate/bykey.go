package replicate

import (
	"context"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// keysPerRequest is how many rows one request names by their keys: with 65 characters each they fill a third of the
// url that a GET may have.
const keysPerRequest = 150

// readByKey follows a delta link whose columns are not today's. It learns which rows have changed from the link, as it
// is, and reads them by their keys.
func (r *reader) readByKey(ctx context.Context, w *walk) error {
	s := w.state
	keys, err := r.newKeyWalk()
	if err != nil {
		return err
	}
	for {
		page, err := keys.page(ctx, s.Link, false)
		if err != nil {
			return err
		}
		if err := w.acceptKeys(page); err != nil {
			return err
		}
		if err := r.run(); err != nil {
			return err
		}
		var changed []string
		keys.encoder.Keys(func(key []byte) { changed = append(changed, string(key)) })
		if err := w.rowsByKey(ctx, changed); err != nil {
			return err
		}
		w.encoder.Begin(page.At)
		if err := w.deletions(ctx, keys.encoder.Deleted()); err != nil {
			return err
		}
		if err := r.send(w.encoder.Records()); err != nil {
			return err
		}
		if err := w.advance(page); err != nil {
			return err
		}
		if err := r.checkpoint(*s); err != nil || page.Next == "" {
			return err
		}
	}
}

// acceptKeys is accept for a page of which only the keys are used.
func (w *walk) acceptKeys(page dataverse.Page) error {
	edited := w.edited
	w.edited = false
	err := w.accept(page)
	w.edited = edited
	return err
}

// rowsByKey sends the rows of some keys. One that is not there any more has a deletion of its own.
func (w *walk) rowsByKey(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, keysPerRequest) {
		_, err := w.Environment.Page(ctx, dataverse.PageRequest{
			Table: w.table.LogicalName, Link: w.linkOf(some), Size: dataverse.MaxPageSize,
		}, w.encoder)
		if err != nil {
			return err
		}
		w.encoder.Keys(w.note)
		if err := w.send(w.encoder.Records()); err != nil {
			return err
		}
	}
	return nil
}

// linkOf asks for rows by their keys.
func (w *walk) linkOf(keys []string) dataverse.Link {
	conditions := make([]string, len(keys))
	for i, key := range keys {
		conditions[i] = w.table.PrimaryID + "%20eq%20" + key
	}
	link := dataverse.NewLink(w.table.EntitySet, w.plan.Select())
	joint := dataverse.Link("?")
	if len(w.plan.Select()) > 0 {
		joint = "&"
	}
	return link + joint + "$filter=" + dataverse.Link(strings.Join(conditions, "%20or%20"))
}
