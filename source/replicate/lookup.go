package replicate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

const (
	// keysPerRequest is the most rows that one request names. A query takes 500 conditions (Microsoft, "Filter rows
	// using FetchXml").
	keysPerRequest = 150
	// longestQuery leaves room for the host in the 32 KB that the url of a GET may have
	// (Microsoft, "Query data using the Web API").
	longestQuery = 31 << 10
	guidLength   = 36

	or = "%20or%20"
)

// lookup reads rows by their keys.
type lookup struct {
	r     *streamReader
	table dataverse.Table
	// untracked reports that the rows are read without change tracking: then nothing proves that the user sees every row.
	untracked bool
}

func newLookup(r *streamReader) *lookup { return &lookup{r: r, table: r.target.table} }

// rows reads the rows with the given keys into a page reader's sink and calls each after every response. Rows that do
// not exist are missing from the responses, but so are rows that the user may not see: if rows are missing, rows
// verifies that the user sees every row.
func (l *lookup) rows(ctx context.Context, pages *pageReader, columns, keys []string, each func(dataverse.Page) error) error {
	link := dataverse.NewLink(l.table.EntitySet, columns).With("$filter=")
	condition := l.table.PrimaryID + "%20eq%20"
	room := (longestQuery - len(link)) / (len(condition) + guidLength + len(or))
	for most := max(1, min(keysPerRequest, room)); len(keys) > 0; {
		some := keys[:min(most, len(keys))]
		err := l.searchAll(ctx, some, func(keys []string) ([]string, error) {
			return l.search(ctx, pages, link+dataverse.Link(condition+strings.Join(keys, or+condition)), keys, each)
		})
		var smaller *smallerPagesError
		if errors.As(err, &smaller) { // the rows that were received are sent again
			most = max(1, min(smaller.rows, len(some)/2))
			continue
		}
		if dataverse.URLTooLong(err) && len(some) > 1 { // and no batch is taken
			most = len(some) / 2
			continue
		}
		if err != nil {
			return err
		}
		keys = keys[len(some):]
	}
	return nil
}

// searchAll searches for some keys. A response that lacks rows may have been cut short without a link to the others, so
// the missing ones are requested again, until a second response has none of them. Then it is proved that they do not exist.
func (l *lookup) searchAll(ctx context.Context, keys []string, search func(keys []string) (missing []string, err error)) error {
	for again := false; ; again = true {
		missing, err := search(keys)
		switch {
		case err != nil || len(missing) == 0:
			return err
		case again && len(missing) == len(keys) && l.untracked:
			return nil
		case again && len(missing) == len(keys):
			return l.seesEveryRow(ctx)
		}
		keys = missing
	}
}

// search reads the responses to one request for some keys, and returns the keys without a row. If the responses have
// numbered pages and one of these is too expensive, the error is a *smallerPagesError: the caller should request fewer rows.
func (l *lookup) search(
	ctx context.Context, pages *pageReader, link dataverse.Link, keys []string, each func(dataverse.Page) error,
) ([]string, error) {
	pages.size.fixed, pages.withoutProgress = false, 0 // the pages of each search are its own
	missing := make(map[string]struct{}, len(keys))    // the service may repeat a row from page to page
	asked := make(map[string]struct{}, len(keys))
	for _, key := range keys {
		missing[key], asked[key] = struct{}{}, struct{}{}
	}
	for next := link; next != ""; {
		page, err := pages.read(ctx, next)
		var smaller *smallerPagesError
		switch {
		case errors.As(err, &smaller) && len(keys) > 1:
			return nil, err
		case errors.As(err, &smaller):
			return nil, &lookupError{smaller.cause}
		case err != nil:
			return nil, &lookupError{err}
		}
		for _, key := range pages.rowKeys() {
			if _, ok := asked[key]; !ok { // a row under another key would make the requested one look deleted
				return nil, &lookupError{&dataverse.BrokenResponseError{Reason: "it has a row whose key is not one of those requested"}}
			}
			delete(missing, key)
		}
		if err := each(page); err != nil {
			return nil, err
		}
		next = page.Next
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, is := missing[key]
		return !is
	}), nil
}

// seesEveryRow fails where the user may not see every row of the table.
func (l *lookup) seesEveryRow(ctx context.Context) error {
	pages := newKeyReader(l.r, record.NewKeySink(l.table), 1)
	pages.track = true
	if _, err := pages.read(ctx, l.r.target.firstKeys()); err != nil {
		return &lookupError{err}
	}
	return nil
}

// existing returns which of the given rows exist, and the time of that response.
func (l *lookup) existing(ctx context.Context, keys []string) (exists map[string]bool, at time.Time, err error) {
	sink := record.NewKeySink(l.table)
	exists = map[string]bool{}
	err = l.rows(ctx, newKeyReader(l.r, sink, dataverse.MaxPageSize), []string{l.table.PrimaryID}, keys, func(page dataverse.Page) error {
		for _, key := range sink.Keys() {
			exists[key] = true
		}
		at = page.At
		return nil
	})
	return exists, at, err
}

// version returns the version of a row, 0 if it does not exist.
func (l *lookup) version(ctx context.Context, key string) (version uint64, err error) {
	sink := record.NewKeySink(l.table)
	columns := []string{l.table.PrimaryID, dataverse.VersionColumn}
	err = l.rows(ctx, newKeyReader(l.r, sink, dataverse.MaxPageSize), columns, []string{key}, func(dataverse.Page) error {
		_, version, _ = sink.Newest()
		return nil
	})
	return version, err
}
