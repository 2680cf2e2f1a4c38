package source

import (
	"context"
	"errors"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// discover prints the tables of the environment as a catalog.
func (v *verbs) discover(ctx context.Context) error {
	var streams protocol.Catalog
	err := v.within(ctx, v.Limits.standard().Discover, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		return v.addSelected(ctx, client, c.Tables, &streams)
	})
	if err != nil {
		return err
	}
	return v.out.Catalog(streams)
}

// addSelected puts the selected tables into a catalog. Each is dropped as soon as it is there.
func (v *verbs) addSelected(ctx context.Context, client *dataverse.Client, selection config.Selection, streams *protocol.Catalog) error {
	names, err := v.tableNames(ctx, client, selection)
	if err != nil {
		return err
	}
	found := 0
	failed, err := client.Tables(ctx, names, func(t dataverse.Table) error {
		streams.Add(catalog.Stream(t))
		found++
		return nil
	})
	if err != nil {
		return err
	}
	if found == 0 && len(failed) > 0 {
		return failed[0]
	}
	for _, f := range failed {
		v.log.WarnContext(ctx, "A table is not in the catalog, because its definition cannot be read.", "table", f.Table, "reason", f.Unwrap())
	}
	v.log.InfoContext(ctx, "discovered the environment's tables", "tables", len(names), "streams", found)
	return nil
}

// errNoTables says that include_tables and exclude_tables leave nothing over.
var errNoTables = errors.New("no table of the environment is selected")

// tableNames lists the tables that the configuration selects. A pattern that fits no table is told: it is mistyped, or the
// application user does not see the table.
func (v *verbs) tableNames(ctx context.Context, client *dataverse.Client, selection config.Selection) ([]string, error) {
	names, err := client.TableNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, idle := range selection.Idle(names) {
		v.log.WarnContext(ctx, idle.Setting+" holds a pattern that fits no table of the environment", "pattern", idle.Glob)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !selection.Includes(name) })
	if len(names) == 0 {
		return nil, errNoTables
	}
	return names, nil
}
