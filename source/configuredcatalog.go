package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/listing"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
)

// unreadableError reports that the application user may read none of the tables that --tables selects. Each comes with its
// reason.
type unreadableError struct{ tables []string }

func (e *unreadableError) Error() string {
	return "no selected table can be read: " + firstOf(e.tables)
}

// configuredCatalog prints a configured catalog of the tables that --tables selects, ready for read. A table that cannot
// be read is left out with a warning: its stream would fail every sync.
func (i *invocation) configuredCatalog(ctx context.Context) error {
	var file protocol.CatalogFile
	metadata, patterns, err := catalog.SelectMetadata(i.command.Tables)
	if err != nil {
		return err
	}
	for _, s := range metadata {
		file.Add(s, i.command.SyncMode)
	}
	err = i.connectWithin(ctx, i.process.Limits.standard().Discover, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		packages, patterns := catalog.PackagePatterns(patterns, len(c.Packages) > 0)
		if err := i.addSelectedPackages(ctx, c, client, packages, &file); err != nil {
			return err
		}
		if len(patterns) == 0 {
			return i.keepPart(ctx, client, nil, &file)
		}
		known, err := i.overview(ctx, client)
		if err != nil {
			return err
		}
		selected, err := catalog.Select(known.tables, patterns, c.Tables.Includes)
		if err != nil {
			return err
		}
		if err := i.addStreams(ctx, client, c, selected, known.privileges, &file); err != nil {
			return err
		}
		return i.keepPart(ctx, client, selected, &file)
	})
	if err != nil {
		return err
	}
	if err := i.print(file.JSON()); err != nil {
		return fmt.Errorf("print the configured catalog: %w", err)
	}
	if !i.process.StdoutTerminal {
		i.comment("The catalog has %s. Run read with --catalog and the name of its file.", prose.Quantity(file.Len(), "stream"))
	}
	return nil
}

// addStreams adds the selected tables to a configured catalog, one at a time as discover does, and warns of those that
// cannot be read, or not in full.
func (i *invocation) addStreams(
	ctx context.Context, client *dataverse.Client, c *config.Config, selected []dataverse.TableSummary, privileges dataverse.Privileges,
	file *protocol.CatalogFile,
) error {
	var names, unreadable, limited, untracked, byCursor []string
	depths, obstacles := make(map[string]dataverse.Depth, len(selected)), make(map[string]string, len(selected))
	for _, t := range selected {
		name := t.Table.LogicalName
		if depths[name] = privileges.ReadDepth(t); depths[name] == dataverse.NoDepth {
			unreadable = append(unreadable, fmt.Sprintf("%s (the privilege %s is missing)", name, t.ReadPrivilege))
			continue
		}
		names = append(names, name)
		obstacles[name] = listing.Describe(t, nil, depths[name], true).IncrementalReason
	}
	i.progress(fmt.Sprintf("Reading the definitions of %s ...", prose.Quantity(len(names), "table")))
	defer i.progress("")
	failed, err := client.Tables(ctx, names, func(t dataverse.Table) error {
		mode := i.command.SyncMode
		if depth := depths[t.LogicalName]; depth != "" && depth != dataverse.Global {
			// Dataverse rejects a request for changes below Organization level. A read by cursor would miss rows that the user may
			// see later, because sharing a row does not change it.
			mode = airbyte.SyncModeFullRefresh
			limited = append(limited, t.LogicalName)
		}
		switch added := file.Add(i.stream(ctx, c, t), mode); {
		case added == airbyte.SyncModeIncremental && !catalog.Incremental(t):
			byCursor = append(byCursor, fmt.Sprintf("%s (%s)", t.LogicalName, catalog.UntrackedCursor(t)))
		case added != mode && mode == airbyte.SyncModeIncremental:
			untracked = append(untracked, fmt.Sprintf("%s (%s)", t.LogicalName, cmp.Or(obstacles[t.LogicalName], "tracking is off")))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range failed {
		unreadable = append(unreadable, fmt.Sprintf("%s (%v)", f.Table, f.Unwrap()))
	}
	switch {
	case file.Len() > 0:
		i.logWithheld(ctx)
		i.warnStreams(ctx, unreadable, limited, untracked)
		i.warnDeletions(ctx, byCursor)
		return nil
	case len(failed) > 0:
		return noStreams(failed)
	default:
		return &unreadableError{unreadable}
	}
}

// warnStreams warns of tables that are not in the catalog, of those whose rows are not all read, and of those that are
// read in full although --sync-mode asks for incremental.
func (i *invocation) warnStreams(ctx context.Context, unreadable, limited, untracked []string) {
	if len(unreadable) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("The catalog leaves out %s that cannot be read: %s. To read a table, assign the application user a "+
			"security role that has Read at Organization level on it.", prose.Quantity(len(unreadable), "table"), firstOf(unreadable)))
	}
	slices.Sort(limited)
	if len(limited) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("Without Read at Organization level, changes cannot be followed and only some rows can be read. "+
			"%s therefore configured as full_refresh: %s. To follow changes, assign the application user a security role that has Read at "+
			"Organization level on the table.", tablesAre(len(limited)), firstOf(limited)))
	}
	slices.Sort(untracked)
	if len(untracked) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("Not all selected tables can be read incrementally. %s therefore configured as full_refresh: %s. "+
			"Where tracking is off, it can be turned on in Power Apps: table properties > Advanced options > Track changes.",
			tablesAre(len(untracked)), firstOf(untracked)))
	}
}

// warnDeletions warns of the tables whose new and changed rows are found without change tracking, each with the column by
// which they are.
func (i *invocation) warnDeletions(ctx context.Context, byCursor []string) {
	slices.Sort(byCursor)
	if len(byCursor) > 0 {
		i.log.WarnContext(ctx, fmt.Sprintf("%s configured as incremental without change tracking, so rows deleted in Dataverse are not found: %s. "+
			"To find them, turn on change tracking in Power Apps if the table supports it: table properties > Advanced options > Track changes. "+
			"To read such tables in full instead, set cursor_for_untracked to off.", tablesAre(len(byCursor)), firstOf(byCursor)))
	}
}
