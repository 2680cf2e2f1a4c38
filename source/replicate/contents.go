package replicate

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// The contents of notes, attachments, images and file columns are retrieved apart from the rows. A page of rows is requested
// without them. Then the sizes are looked up, the contents that are not too long are retrieved, and each row is encoded with
// its own. The page is sent only after that, so that a state covers the contents of the rows before it.

const (
	// contentPageSize is the number of rows on a page of a stream with contents: a page is kept in memory until it is complete.
	contentPageSize = 50
	// contentsPerPage is how much base64 text the contents of a page of several rows may have. Two pages are in memory at once.
	contentsPerPage = 16 << 20
	// parallelContents is how many contents of a page are requested at once.
	parallelContents = 4
)

// Contents is where the contents of files come from.
type Contents interface {
	// Content reads a file or an image; nil: there is none.
	Content(context.Context, dataverse.ContentRequest) ([]byte, error)
	// FileSizes returns the sizes in bytes of files by their ids, as far as they are known.
	FileSizes(ctx context.Context, ids []string) (map[string]int64, error)
	// WhoAmI shows that the service responds.
	WhoAmI(ctx context.Context) (dataverse.Identity, error)
}

// contentPages are the pages of a stream with contents.
type contentPages struct {
	r       *streamReader
	encoder *record.Encoder
}

// pageSize returns the number of rows to request at once, at most most.
func (r *streamReader) pageSize(most int) int {
	if len(r.target.plan.Contents()) > 0 {
		return min(most, contentPageSize)
	}
	return most
}

// Page reads a page. Its rows go to the encoder, whatever the sink. A page whose contents are too many fails like
// one whose response is too large, so that the caller requests fewer rows.
func (c *contentPages) Page(ctx context.Context, q dataverse.PageRequest, _ dataverse.Sink) (dataverse.Page, error) {
	var texts rowTexts
	page, err := c.r.environment.Page(ctx, q, &texts)
	if err != nil {
		return page, err
	}
	if err := c.complete(ctx, q, page, texts.all); err != nil {
		c.encoder.Discard()
		return page, fmt.Errorf("read a page of %s: %w", q.Table, err)
	}
	return page, nil
}

// complete encodes the rows of a page with their contents.
func (c *contentPages) complete(ctx context.Context, q dataverse.PageRequest, page dataverse.Page, texts [][]byte) error {
	rows, err := c.rowsOf(texts)
	if err != nil {
		return err
	}
	f := contentFetch{r: c.r, q: q, rows: rows}
	if err := f.run(ctx); err != nil {
		return err
	}
	if err := c.encoder.Begin(ctx, page.At); err != nil {
		return err
	}
	for i := range rows {
		if err := rows[i].encode(c.encoder); err != nil {
			return err
		}
	}
	return nil
}

// rowTexts takes the rows and deletions of a page as they are.
type rowTexts struct{ all [][]byte }

var _ dataverse.Sink = (*rowTexts)(nil)

// Begin implements dataverse.Sink.
func (t *rowTexts) Begin(context.Context, time.Time) error {
	t.Discard()
	return nil
}

// Discard implements dataverse.Sink.
func (t *rowTexts) Discard() { t.all = nil }

// FastRow implements dataverse.Sink. It leaves all rows to Row.
func (t *rowTexts) FastRow([]byte) int { return 0 }

// Row implements dataverse.Sink.
func (t *rowTexts) Row(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err == nil {
		t.all = append(t.all, bytes.Clone(value))
	}
	return err
}

// contentRow is a row, or a deletion, whose contents are retrieved.
type contentRow struct {
	text    []byte
	members map[string]json.RawMessage
	key     string // "": it is no row of the table
	cells   []contentCell
}

// contentCell is a content of a row, in the order of the plan's contents.
type contentCell struct {
	column record.Content
	id     string                // of a file
	value  []byte                // JSON to deliver; nil: what the row has, if anything
	reason protocol.ChangeReason // why the value is null; "": it is not, or there is none
}

// rowsOf reads what is needed of the rows.
func (c *contentPages) rowsOf(texts [][]byte) ([]contentRow, error) {
	columns := c.r.target.plan.Contents()
	rows := make([]contentRow, len(texts))
	for i, text := range texts {
		row := &rows[i]
		row.text = text
		if err := json.Unmarshal(text, &row.members); err != nil {
			return nil, &dataverse.BrokenResponseError{Reason: "one of its rows is not an object"}
		}
		if row.key = row.textOf(c.r.target.table.PrimaryID); row.key == "" {
			continue
		}
		for _, column := range columns {
			row.cells = append(row.cells, contentCell{column: column, id: row.textOf(column.Column)})
		}
	}
	return rows, nil
}

// textOf returns the text of a member, "" if it is missing or no text.
func (row *contentRow) textOf(name string) string {
	var text string
	if json.Unmarshal(row.members[name], &text) != nil {
		return ""
	}
	return text
}

// address returns the key of a request for the row alone. Without the partition of its row, the service does not find an elastic
// row outside the default partition (Microsoft, "Use elastic tables using code").
func (row *contentRow) address(t dataverse.Table) string {
	partition := ""
	if t.Elastic {
		partition = row.textOf(dataverse.PartitionColumn)
	}
	if partition == "" {
		return row.key
	}
	return t.PrimaryID + "=" + row.key + "," + dataverse.PartitionColumn + "='" + url.PathEscape(strings.ReplaceAll(partition, "'", "''")) + "'"
}

// encode passes the row with its contents to an encoder. The first of two members of a name counts.
func (row *contentRow) encode(encoder *record.Encoder) error {
	text := []byte{'{'}
	var changes []protocol.FieldChange
	for _, cell := range row.cells {
		switch {
		case cell.reason != "":
			changes = append(changes, protocol.FieldChange{Field: cell.column.Property, Change: protocol.Nulled, Reason: cell.reason})
			text = appendCell(text, cell.column.Property, []byte("null"))
		case cell.value != nil:
			text = appendCell(text, cell.column.Property, cell.value)
		}
	}
	rest := bytes.TrimLeft(row.text[1:], " \t\r\n")
	if len(rest) > 0 && rest[0] == '}' {
		text = bytes.TrimSuffix(text, []byte{','})
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(append(text, rest...)), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return encoder.RowWith(d, changes)
}

// appendCell appends a member and a comma. Names of columns need no escapes.
func appendCell(dst []byte, name string, value []byte) []byte {
	dst = append(append(append(dst, '"'), name...), `":`...)
	return append(append(dst, value...), ',')
}

// quoteContent returns a content as base64 text.
func quoteContent(content []byte) []byte {
	quoted := make([]byte, 0, base64Length(int64(len(content)))+int64(len(`""`)))
	return append(base64.StdEncoding.AppendEncode(append(quoted, '"'), content), '"')
}

// base64Length returns the length of the base64 text of so many bytes.
func base64Length(size int64) int64 { return (size + 2) / 3 * 4 }

// mostContentBytes is the size of the largest content whose base64 text is not too long.
const mostContentBytes = record.MaxValue / 4 * 3

// reasonFor returns why a content is null whose request has failed, "" if the error is not about the content. An error with a
// code of Dataverse is about the content, and so is a response that is too large.
func reasonFor(err error) protocol.ChangeReason {
	var large *dataverse.ResponseTooLargeError
	var refused *dataverse.APIError
	var wait *dataverse.WaitError
	switch {
	case errors.As(err, &large):
		return protocol.SourceFieldSizeLimitation
	case errors.As(err, &wait):
		return ""
	case errors.As(err, &refused) && refused.Code != "" && !refused.Throttled():
		return protocol.SourceRetrievalError
	default:
		return ""
	}
}

// isFileID reports whether a value of a file column, in lower case, can be named in a filter.
func isFileID(id string) bool {
	return id != "" && strings.Trim(id, "0123456789abcdef-") == ""
}
