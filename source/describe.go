package source

import (
	"context"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// described is what the streams of metadata describe.
type described struct {
	tables       []string // logical names, sorted
	languages    []int    // of names and descriptions, the preferred one first
	allLanguages bool     // the environment's base language is not known
	err          error    // the tables cannot be listed
}

// hasMetadata reports whether a catalog has a stream of metadata.
func hasMetadata(configured protocol.ConfiguredCatalog) bool {
	return slices.ContainsFunc(configured.Streams, func(s protocol.ConfiguredStream) bool { return catalog.IsMetadata(s.Name) })
}

// describedTables returns what streams of metadata describe: the tables that the configuration selects, whether or not the catalog
// has their streams.
func (i *invocation) describedTables(ctx context.Context, client *dataverse.Client, c *config.Config) described {
	var d described
	d.tables, d.err = i.selectedTables(ctx, client, c.Tables)
	var requested []int
	d.languages, requested = i.languages(ctx, client, c)
	d.allLanguages = len(requested) == 0
	return d
}

// stream returns a configured stream of metadata, to be read.
func (d described) stream(s protocol.ConfiguredStream, state []byte) replicate.Stream {
	kind, rows, _ := catalog.Metadata(s.Name)
	return replicate.Stream{
		Configured: s, Table: &rows, TableError: d.err, State: state, Rows: int64(len(d.tables)) * kind.TypicalRows(),
		Metadata: &replicate.Metadata{Kind: kind, Tables: d.tables, Languages: d.languages, AllLanguages: d.allLanguages},
	}
}
