package source

import (
	"context"
	"errors"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
)

// discover prints the tables of the environment as a catalog.
func (v *verbs) discover(ctx context.Context) error {
	var tables []dataverse.Table
	err := v.within(ctx, v.Limits.standard().Discover, func(ctx context.Context) error {
		var err error
		tables, err = v.selectedTables(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return v.out.Catalog(catalog.New(tables))
}

// selectedTables reads the definitions of the tables that the configuration selects.
func (v *verbs) selectedTables(ctx context.Context) ([]dataverse.Table, error) {
	c, err := v.configure(ctx)
	if err != nil {
		return nil, err
	}
	client, letGo, err := v.connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer letGo()
	names, err := v.tableNames(ctx, client, c.Tables)
	if err != nil {
		return nil, err
	}
	var tables []dataverse.Table
	err = client.Tables(ctx, names, func(t dataverse.Table) error {
		tables = append(tables, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.log.InfoContext(ctx, "discovered the environment's tables", "tables", len(names), "streams", len(tables))
	return tables, nil
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
