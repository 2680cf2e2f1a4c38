package replicate

import (
	"context"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// Metadata is what a stream of metadata describes.
type Metadata struct {
	Kind         dataverse.MetadataKind
	Tables       []string // logical names, sorted
	Languages    []int    // of names and descriptions: see dataverse.MetadataRequest
	AllLanguages bool
}

// estimate returns about how many rows there are in all if the first page has a number of rows.
func (m *Metadata) estimate(rows int64) int64 {
	tables := int64(len(m.Tables))
	return rows * tables / max(1, min(tables, dataverse.MaxMetadataTables))
}

// Definitions is where metadata comes from.
type Definitions interface {
	// Metadata reads the definitions of some tables into the sink, and returns the time of the response.
	Metadata(context.Context, dataverse.MetadataRequest, dataverse.Sink) (time.Time, error)
}

// metadataPages makes pages of metadata, as those of a table are: each describes the next tables, and the link to a page names
// the last table before it.
type metadataPages struct {
	r    *streamReader
	of   *Metadata
	most int // tables of one request
}

// newMetadataReader returns a reader of pages of metadata into an encoder.
func newMetadataReader(r *streamReader, encoder *record.Encoder) *pageReader {
	p := newRowReader(r, encoder, 1) // metadataPages itself requests smaller pages
	p.source, p.listed = &metadataPages{r: r, of: r.metadata, most: dataverse.MaxMetadataTables}, true
	return p
}

// afterOption is the option of a link that names the last table before its page.
const afterOption = "&after="

// Page reads the page of a link. If its response is too expensive, the page describes fewer tables, and so do those after it.
func (m *metadataPages) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	first, after, _ := strings.Cut(string(q.Link), afterOption)
	from, found := slices.BinarySearch(m.of.Tables, after)
	if found {
		from++
	}
	for {
		tables := m.of.Tables[from:min(from+m.most, len(m.of.Tables))]
		at, err := m.request(ctx, q, tables, sink)
		switch {
		case err == nil && from+len(tables) < len(m.of.Tables):
			return dataverse.Page{At: at, Next: dataverse.Link(first + afterOption + tables[len(tables)-1])}, nil
		case err == nil:
			return dataverse.Page{At: at}, nil
		case !dataverse.TooExpensive(err) || len(tables) < 2 || ctx.Err() != nil:
			return dataverse.Page{}, err
		}
		m.most = len(tables) / 2
		m.r.log.WarnContext(ctx, "The metadata of some tables was too much for one response. The connector requests fewer tables at once.",
			"tables", len(tables), "now", m.most, "reason", err.Error())
	}
}

// request requests the metadata of some tables. There may be none if tables were removed since the scan was interrupted.
func (m *metadataPages) request(ctx context.Context, q dataverse.PageRequest, tables []string, sink dataverse.Sink) (time.Time, error) {
	if len(tables) == 0 {
		now := m.r.job.Now()
		return now, sink.Begin(ctx, now)
	}
	return m.r.definitions().Metadata(ctx, dataverse.MetadataRequest{
		Kind: m.of.Kind, Tables: tables, Languages: m.of.Languages, AllLanguages: m.of.AllLanguages, OnThrottled: q.OnThrottled, OnRetry: q.OnRetry,
		Described: func(table string) bool {
			_, found := slices.BinarySearch(m.of.Tables, table)
			return found
		},
	}, sink)
}
