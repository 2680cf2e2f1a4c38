package replicate

import (
	"context"
	"fmt"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// keyWalk reads pages of keys alone. Its encoder's lines go nowhere.
type keyWalk struct {
	*reader
	encoder *record.Encoder
	links   links
}

func (r *reader) newKeyWalk() (*keyWalk, error) {
	plan, err := record.Compile(r.table, protocol.ConfiguredStream{
		Name: r.stream.Name, Columns: map[string]protocol.Property{r.table.PrimaryID: {}},
	})
	if err != nil {
		return nil, err
	}
	return &keyWalk{
		reader: r, links: links{},
		encoder: record.NewEncoder(plan, record.Options{EmittedAt: r.Output.EmittedAt}),
	}, nil
}

// page reads a page. Rows of keys are small, so it is as long as the service allows.
func (w *keyWalk) page(ctx context.Context, link dataverse.Link, track bool) (dataverse.Page, error) {
	page, err := w.Environment.Page(ctx, dataverse.PageRequest{
		Table: w.table.LogicalName, Link: link, Size: dataverse.MaxPageSize, TrackChanges: track,
	}, w.encoder)
	if err != nil {
		return page, err
	}
	switch {
	case !w.links.lead(link, page.Next):
		err = ErrLinkRepeats
	case track && page.Next == "" && page.Delta == "":
		err = ErrNoDeltaLink
	}
	if err != nil {
		return page, fmt.Errorf("read a page of %s: %w", w.table.LogicalName, err)
	}
	return page, nil
}

// links are the pages that a walk has read.
type links map[dataverse.Link]struct{}

// lead notes a page and says whether the next one is another than all before it.
func (l links) lead(from, to dataverse.Link) bool {
	l[from] = struct{}{}
	_, again := l[to]
	return !again
}
