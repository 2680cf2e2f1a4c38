package source

import (
	"context"
	"errors"
	"fmt"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// errNoPatternMatch is a --tables that selects no table.
var errNoPatternMatch = errors.New("--tables matches no table that the configuration selects")

// configuredCatalog prints a configured catalog of the tables that --tables selects, ready for read.
func (i *invocation) configuredCatalog(ctx context.Context) error {
	var configured protocol.CatalogFile
	err := i.connectWithin(ctx, i.process.Limits.standard().Discover, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		names, err := i.selectedTables(ctx, client, c.Tables)
		if err != nil {
			return err
		}
		wanted := config.NewSelection(i.command.Tables)
		var selected []string
		for _, table := range names {
			if wanted.Includes(table) {
				selected = append(selected, table)
			}
		}
		if len(selected) == 0 {
			return errNoPatternMatch
		}
		_, err = client.Tables(ctx, selected, func(t dataverse.Table) error {
			configured.Add(catalog.Stream(t), i.command.SyncMode)
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	if _, err := i.process.Stdout.Write(configured.JSON()); err != nil {
		return fmt.Errorf("print the configured catalog: %w", err)
	}
	return nil
}
