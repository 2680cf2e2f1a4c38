package replicate

import (
	"context"
	"errors"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	// keysPerRequest is how many rows one request names at most. A query takes 500 conditions
	// (Microsoft, "Filter rows using FetchXml").
	keysPerRequest = 150
	// longestQuery leaves room for the host in the 32 KB that the url of a GET may have
	// (Microsoft, "Query data using the Web API").
	longestQuery = 31 << 10
	guidLength   = 36
)

// lookupError is a refusal of a request for rows by their keys. It says nothing of the link or the delta token that led
// to it.
type lookupError struct{ error }

func (e *lookupError) Unwrap() error { return e.error }

func ofLookup(err error) bool {
	var lookup *lookupError
	return errors.As(err, &lookup)
}

// byKeys reads the rows of some keys into the pager's encoder, and calls each after every answer. Rows that do not
// exist do not come. Nor do those that the user may not see: where rows are missing, it is proved that there are none.
func (p *pager) byKeys(ctx context.Context, columns, keys []string, each func(dataverse.Page) error) error {
	link := dataverse.NewLink(p.table.EntitySet, columns)
	joint := dataverse.Link("?")
	if len(columns) > 0 {
		joint = "&"
	}
	link += joint + "$filter="
	condition := p.table.PrimaryID + "%20eq%20"
	room := (longestQuery - len(link)) / (len(condition) + guidLength + len(or))
	for most := max(1, min(keysPerRequest, room)); len(keys) > 0; {
		some := keys[:min(most, len(keys))]
		err := p.bySome(ctx, link+dataverse.Link(condition+strings.Join(some, or+condition)), len(some), each)
		var heavy *smallerPagesError
		if errors.As(err, &heavy) { // what has come of them comes once more
			most = max(1, min(heavy.rows, len(some)/2))
			continue
		}
		if err != nil {
			return err
		}
		keys = keys[len(some):]
	}
	return nil
}

// bySome reads the answers to one search for so many rows. Where they come on numbered pages of which one is too heavy,
// its error is a *smallerPagesError: fewer rows are to be searched for.
func (p *pager) bySome(ctx context.Context, search dataverse.Link, rows int, each func(dataverse.Page) error) error {
	p.size.pinned = false                    // the pages of each search are its own
	found := make(map[string]struct{}, rows) // the service may repeat a row from page to page
	for next := search; next != ""; {
		page, err := p.page(ctx, next)
		var heavy *smallerPagesError
		switch {
		case errors.As(err, &heavy) && rows > 1:
			return err
		case errors.As(err, &heavy):
			return &lookupError{heavy.cause}
		case err != nil:
			return &lookupError{err}
		}
		for _, key := range p.keys() {
			found[key] = struct{}{}
		}
		if len(found) < rows && page.Next == "" {
			if err := p.seesEveryRow(ctx); err != nil {
				return err
			}
		}
		if err := each(page); err != nil {
			return err
		}
		next = page.Next
	}
	return nil
}

// seesEveryRow fails where the user may not see every row of the table.
func (r *reader) seesEveryRow(ctx context.Context) error {
	p, err := r.newKeyPager()
	if err != nil {
		return err
	}
	p.size, p.whole = newPageSize(1), true
	if _, err = p.page(ctx, r.keysPage()); err != nil {
		return &lookupError{err}
	}
	return nil
}

const or = "%20or%20"

// existing says which of some rows exist, and when the service said so.
func (r *reader) existing(ctx context.Context, keys []string) (there map[string]bool, at time.Time, err error) {
	p, err := r.newKeyPager()
	if err != nil {
		return nil, at, err
	}
	there = map[string]bool{}
	err = p.byKeys(ctx, []string{r.table.PrimaryID}, keys, func(page dataverse.Page) error {
		for _, key := range p.keys() {
			there[key] = true
		}
		at = page.At
		return nil
	})
	return there, at, err
}

// allByKey walks through changes that do not come with today's columns. It takes only the keys from the pages, and
// reads the rows by them.
func (w *walk) allByKey(ctx context.Context) error {
	defer w.encoder.Discard()
	changes, err := w.newKeyPager()
	if err != nil {
		return err
	}
	changes.changes = true
	changes.size.resume(w.state.PageSize)
	w.pages = changes
	rows := w.newPager(w.encoder, dataverse.MaxPageSize)
	for {
		page, err := changes.page(ctx, w.state.Link)
		if err != nil {
			return err
		}
		if wentBackward(w.state.Begin, page.Delta) {
			return ErrRestored
		}
		if err := w.run(ctx); err != nil {
			return err
		}
		err = rows.byKeys(ctx, w.plan.Select(), changes.keys(), func(dataverse.Page) error {
			w.encoder.Keys(w.sent.add)
			return w.deliver(ctx, nil)
		})
		if err != nil {
			return err
		}
		if err := w.encoder.Begin(ctx, page.At); err != nil {
			return err
		}
		if err := w.finish(ctx, page, changes.encoder.Deleted()); err != nil || page.Next == "" {
			return err
		}
	}
}
