package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// contentFetch retrieves the contents of the rows of one page.
type contentFetch struct {
	r     *streamReader
	q     dataverse.PageRequest // of the page
	rows  []contentRow
	bytes atomic.Int64 // of base64 text, expected or retrieved
}

// run retrieves the contents. Its error is one of the whole page.
func (f *contentFetch) run(ctx context.Context) error {
	f.rejectLongFiles(ctx)
	for at, column := range f.r.target.plan.Contents() {
		if column.Kind != dataverse.BodyContent {
			continue
		}
		rows, length := f.bodiesToRetrieve(at)
		if err := f.count(length); err != nil {
			return err
		}
		if err := f.bodies(ctx, at, rows); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelContents)
	for i := range f.rows {
		for at := range f.rows[i].cells {
			row, cell := &f.rows[i], &f.rows[i].cells[at]
			if cell.column.Kind != dataverse.BodyContent && cell.id != "" && cell.reason == "" {
				group.Go(func() error { return f.file(ctx, row, cell) })
			}
		}
	}
	return group.Wait()
}

// count adds to the length of the page's contents, and fails if they are too many for a page of several rows.
func (f *contentFetch) count(length int64) error {
	if f.bytes.Add(length) > contentsPerPage && len(f.rows) > 1 && f.q.Size > 1 {
		return &dataverse.ResponseTooLargeError{Bytes: contentsPerPage}
	}
	return nil
}

// rejectLongFiles looks up the sizes of the page's files, so that those that are too long are not requested. Not every
// application user may read the sizes; then the first part of each file shows its size.
func (f *contentFetch) rejectLongFiles(ctx context.Context) {
	var ids []string
	cells := map[string][]*contentCell{}
	for i := range f.rows {
		for at := range f.rows[i].cells {
			cell := &f.rows[i].cells[at]
			if id := strings.ToLower(cell.id); cell.column.Kind == dataverse.FileContent && isFileID(id) {
				ids = append(ids, id)
				cells[id] = append(cells[id], cell)
			}
		}
	}
	if len(ids) == 0 {
		return
	}
	sizes, err := f.r.contents().FileSizes(ctx, ids)
	if err != nil {
		f.r.log.DebugContext(ctx, "the sizes of files cannot be retrieved", "error", err)
	}
	for id, size := range sizes {
		for _, cell := range cells[id] {
			if size > mostContentBytes {
				cell.reason = protocol.SourceFieldSizeLimitation
			}
		}
	}
}

// bodiesToRetrieve returns the rows whose bodies are not too long, and the length of these bodies. A body whose size is not
// known counts as empty.
func (f *contentFetch) bodiesToRetrieve(at int) (rows []*contentRow, length int64) {
	for i := range f.rows {
		row := &f.rows[i]
		if row.key == "" {
			continue
		}
		cell := &row.cells[at]
		size, _ := strconv.ParseInt(string(row.members[cell.column.Size]), 10, 64)
		if size > mostContentBytes {
			cell.reason = protocol.SourceFieldSizeLimitation
			continue
		}
		rows = append(rows, row)
		length += base64Length(max(size, 0))
	}
	return rows, length
}

// bodies retrieves the bodies of some rows: together, then in halves if that is too expensive.
func (f *contentFetch) bodies(ctx context.Context, at int, rows []*contentRow) error {
	if len(rows) == 0 {
		return nil
	}
	found, err := f.searchBodies(ctx, f.r.target.plan.Contents()[at], rows)
	reason := protocol.SourceRetrievalError // of a row that is gone
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return err
	case len(rows) > 1 && (dataverse.TooExpensive(err) || reasonFor(err) != ""):
		half := len(rows) / 2
		if err := f.bodies(ctx, at, rows[:half]); err != nil {
			return err
		}
		return f.bodies(ctx, at, rows[half:])
	default:
		if reason, err = f.classify(ctx, err); err != nil {
			return err
		}
	}
	for _, row := range rows {
		row.cells[at].set(found, strings.ToLower(row.key), reason)
	}
	return nil
}

// set notes what was found of a content, or why nothing was.
func (c *contentCell) set(found map[string]json.RawMessage, key string, reason protocol.ChangeReason) {
	value, exists := found[key]
	switch {
	case !exists:
		c.reason = reason
	case len(value) > record.MaxValue+len(`""`):
		c.reason = protocol.SourceFieldSizeLimitation
	default:
		c.value = value
	}
}

// searchBodies returns the bodies of some rows by their keys in lower case. A response may have been cut short, so rows that are
// missing from it are requested again. Those that are missing once more are gone.
func (f *contentFetch) searchBodies(ctx context.Context, column record.Content, rows []*contentRow) (map[string]json.RawMessage, error) {
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row.key
	}
	found, err := f.requestBodies(ctx, column, keys)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, is := found[strings.ToLower(key)]
		return is
	})
	if len(missing) == 0 {
		return found, nil
	}
	more, err := f.requestBodies(ctx, column, missing)
	maps.Copy(found, more)
	return found, err
}

// requestBodies returns the bodies of some rows by their keys in lower case.
func (f *contentFetch) requestBodies(ctx context.Context, column record.Content, keys []string) (map[string]json.RawMessage, error) {
	t := f.r.target.table
	condition := t.PrimaryID + "%20eq%20"
	link := dataverse.NewLink(t.EntitySet, []string{t.PrimaryID, column.Column}).With("$filter=" + condition + strings.Join(keys, or+condition))
	found := make(map[string]json.RawMessage, len(keys))
	for next := link; next != ""; {
		var texts rowTexts
		page, err := f.r.environment.Page(ctx, dataverse.PageRequest{
			Table: t.LogicalName, Link: next, Size: len(keys), ExpensiveAttempts: f.q.ExpensiveAttempts, LongestText: record.MaxValue,
			OnThrottled: f.q.OnThrottled, OnRetry: f.q.OnRetry,
		}, &texts)
		if err != nil {
			return nil, err
		}
		for _, text := range texts.all {
			row := contentRow{text: text}
			if json.Unmarshal(text, &row.members) == nil {
				found[strings.ToLower(row.textOf(t.PrimaryID))] = row.members[column.Column]
			}
		}
		if next = page.Next; len(texts.all) == 0 {
			break
		}
	}
	return found, nil
}

// file retrieves a file, or an image at full size. An image that is stored only as a thumbnail stays as the row has it.
func (f *contentFetch) file(ctx context.Context, row *contentRow, cell *contentCell) error {
	content, err := f.r.contents().Content(ctx, dataverse.ContentRequest{
		Table: f.r.target.table.LogicalName, EntitySet: f.r.target.table.EntitySet, Key: row.address(f.r.target.table), Column: cell.column.Column,
		FullSize: cell.column.Kind == dataverse.ImageContent, Most: mostContentBytes,
		OnThrottled: f.q.OnThrottled, OnRetry: f.q.OnRetry,
	})
	isImage := cell.column.Kind == dataverse.ImageContent
	switch {
	case isImage && err == nil && len(content) == 0: // the service may respond to a missing full size with an empty image
		return nil
	case err == nil && content != nil:
		cell.value = quoteContent(content)
		return f.count(int64(len(cell.value)))
	case isImage && dataverse.HasCode(err, dataverse.CodeNotFound):
		return nil
	case err == nil:
		cell.reason = protocol.SourceRetrievalError
		return nil
	}
	cell.reason, err = f.classify(ctx, err)
	return err
}

// classify returns why a content is null whose request has failed. It returns the error if that is one of the whole service: one
// that does not concern the content alone, or may pass, while no other request succeeds either.
func (f *contentFetch) classify(ctx context.Context, cause error) (protocol.ChangeReason, error) {
	var refused *dataverse.APIError
	mayPass := errors.As(cause, &refused) && refused.Temporary()
	if reason := reasonFor(cause); reason != "" && !mayPass {
		return reason, nil
	}
	var signIn *dataverse.SignInError
	var wait *dataverse.WaitError
	if ctx.Err() != nil || errors.As(cause, &signIn) || errors.As(cause, &wait) {
		return "", cause
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := f.r.contents().WhoAmI(limited); err != nil {
		return "", cause
	}
	return protocol.SourceRetrievalError, nil
}
