package source

import (
	"context"
	"fmt"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
)

// fewStreamsError reports that --split asks for more parts than there are streams.
type fewStreamsError struct{ streams, parts int }

func (e *fewStreamsError) Error() string {
	return fmt.Sprintf("%d streams cannot be split into %d parts", e.streams, e.parts)
}

// keepPart reduces a configured catalog to the part of it that --split and --part ask for, if they do. Without numbers of rows
// it fails: a worker that divided the streams without them would read what others read as well.
func (i *invocation) keepPart(ctx context.Context, client *dataverse.Client, tables []dataverse.TableSummary, file *protocol.CatalogFile) error {
	parts := i.command.Parts
	if parts == 0 {
		return nil
	}
	streams := file.Streams()
	if len(streams) < parts {
		return &fewStreamsError{len(streams), parts}
	}
	var counted []string
	for _, t := range tables {
		if !t.Table.Virtual && slices.Contains(streams, t.Table.LogicalName) { // the rows of a virtual table are not in the environment
			counted = append(counted, t.Table.LogicalName)
		}
	}
	i.progress(fmt.Sprintf("Counting the rows of %s ...", prose.Quantity(len(counted), "table")))
	defer i.progress("")
	rows, err := client.RowCounts(ctx, counted)
	if err != nil {
		return fmt.Errorf("split the catalog: %w", err)
	}
	kept := catalog.Split(rows, streams, parts)[i.command.Part-1]
	file.Keep(kept)
	i.comment("Part %d of %d has %s of %s and about %s of %s rows.", i.command.Part, parts, prose.Grouped(len(kept)),
		prose.Quantity(len(streams), "stream"), prose.Grouped(catalog.RowsOf(rows, kept)), prose.Grouped(catalog.RowsOf(rows, streams)))
	return nil
}
