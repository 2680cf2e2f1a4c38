package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
)

// What can leave a discovery without any stream.
var (
	errNoSelection   = errors.New("no table of the environment is selected")
	errNoDefinitions = errors.New("no selected table has a usable definition")
)

// discover writes the selected tables of the environment as a catalog.
func (i *invocation) discover(ctx context.Context) error {
	var streams protocol.Catalog
	err := i.connectWithin(ctx, i.process.Limits.standard().Discover, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		if err := i.addSelected(ctx, client, c, &streams); err != nil {
			return err
		}
		if c.MetadataStreams {
			for _, s := range catalog.MetadataStreams() {
				streams.Add(s)
			}
		}
		if err := i.addPackages(ctx, c, client, streams.Add); err != nil {
			return err
		}
		i.warnSize(ctx, &streams)
		return nil
	})
	if err != nil {
		return err
	}
	return i.out.Catalog(streams)
}

// addSelected adds the selected tables to a catalog, one at a time: the definitions of a large environment do not fit in
// the memory of a small container.
func (i *invocation) addSelected(ctx context.Context, client *dataverse.Client, c *config.Config, streams *protocol.Catalog) error {
	names, err := i.selectedTables(ctx, client, c.Tables)
	if err != nil {
		return err
	}
	added := make(map[string]bool, len(names))
	failed, err := client.Tables(ctx, names, func(t dataverse.Table) error {
		if !added[t.LogicalName] { // a response may define a table twice
			added[t.LogicalName] = true
			streams.Add(i.stream(ctx, c, t))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(added) == 0 && len(failed) > 0 {
		return noStreams(failed)
	}
	i.log.InfoContext(ctx, fmt.Sprintf("Discovered %s.", prose.Quantity(len(added), "table")))
	i.logWithheld(ctx)
	if len(failed) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("%s not in the catalog: %s. If you need one of them, check in Power Apps that it exists and that "+
			"the application user can read it. List tables that you do not need in exclude_tables.", tablesAre(len(failed)), reasons(failed)))
	}
	return nil
}

// stream returns a table as a stream, as the configuration offers it.
func (i *invocation) stream(ctx context.Context, c *config.Config, t dataverse.Table) protocol.Stream {
	if c.ChoiceLabels {
		i.warnTaken(ctx, t.LogicalName, catalog.LabelsTaken(t))
	}
	offered := catalog.Options{ChoiceLabels: c.ChoiceLabels, LookupTypes: c.LookupTypes, CursorForUntracked: c.CursorForUntracked}
	return offered.Stream(i.withContents(c, t))
}

// noStreams returns the error of a discovery whose tables all failed: that of a request, if one failed.
func noStreams(failed []*dataverse.TableError) error {
	for _, f := range failed {
		if !f.Missing() {
			return f
		}
	}
	return fmt.Errorf("%w: %s", errNoDefinitions, reasons(failed))
}

// reasons lists every one of some tables in a sentence, those with the same reason together.
func reasons(failed []*dataverse.TableError) string {
	var order []string
	tables := map[string][]string{}
	for _, f := range failed {
		reason := clause(f.Unwrap())
		if tables[reason] == nil {
			order = append(order, reason)
		}
		tables[reason] = append(tables[reason], f.Table)
	}
	texts := make([]string, len(order))
	for i, reason := range order {
		texts[i] = fmt.Sprintf("%s (%s)", strings.Join(tables[reason], ", "), reason)
	}
	return strings.Join(texts, "; ")
}

// The size of a catalog from which on the platform may reject it: Airbyte Cloud takes 1,000 streams of one connection
// (Airbyte, "Understand Airbyte Cloud limits"), and the services that pass a catalog on limit it in bytes.
const (
	largeCatalogStreams = 1000
	largeCatalogBytes   = 10_000_000
)

// warnSize warns of a catalog that the platform may reject.
func (i *invocation) warnSize(ctx context.Context, streams *protocol.Catalog) {
	if streams.Len() <= largeCatalogStreams && streams.Size() <= largeCatalogBytes {
		return
	}
	i.log.WarnContext(ctx, fmt.Sprintf("The catalog has %s and %s MB. Airbyte may reject a catalog of more than %s or about %d MB. "+
		"Offer fewer tables: list those that you need in include_tables.",
		prose.Quantity(streams.Len(), "stream"), prose.Grouped(streams.Size()/1_000_000), prose.Quantity(largeCatalogStreams, "stream"),
		largeCatalogBytes/1_000_000))
}

// selectedTables lists the tables that the configuration selects, each once. It warns of patterns that match no table:
// they are mistyped, or the application user does not see the table.
func (i *invocation) selectedTables(ctx context.Context, client *dataverse.Client, selection config.Selection) ([]string, error) {
	names, err := client.TableNames(ctx)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, inspect.ErrNoTables
	}
	for _, unmatched := range selection.Unmatched(names) {
		i.log.WarnContext(ctx, fmt.Sprintf("The pattern %q in %s matches no table of the environment. Check its spelling; patterns match "+
			"logical names, such as account or contoso_*.", unmatched.Glob, unmatched.Setting))
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !selection.Includes(name) })
	if len(names) == 0 {
		return nil, errNoSelection
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// firstOf lists texts in a sentence, at most as many as a person reads.
func firstOf(texts []string) string {
	const most = 20
	return prose.List(texts, most)
}

// tablesAre is a number of tables as the subject of a sentence, with its verb.
func tablesAre(n int) string {
	return prose.Quantity(n, "table") + " " + prose.Form(n, "is", "are")
}
