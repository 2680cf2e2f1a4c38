package source

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
)

// tables lists the selected tables of the environment for people, or as JSON for programs.
func (i *invocation) tables(ctx context.Context) error {
	var names []string
	err := i.connectWithin(ctx, i.process.Limits.standard().Discover, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		var err error
		names, err = i.selectedTables(ctx, client, c.Tables)
		return err
	})
	if err != nil {
		return err
	}
	filter := config.NewSelection(i.command.Filter)
	names = slices.DeleteFunc(names, func(table string) bool { return !filter.Includes(table) })
	if i.command.JSON {
		return i.printTablesJSON(names)
	}
	for _, table := range names {
		if _, err := fmt.Fprintln(i.process.Stdout, table); err != nil {
			return fmt.Errorf("print the tables: %w", err)
		}
	}
	return nil
}

func (i *invocation) printTablesJSON(names []string) error {
	type listed struct {
		Name string `json:"name"`
	}
	tables := make([]listed, len(names))
	for at, table := range names {
		tables[at].Name = table
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(tables); err != nil {
		return fmt.Errorf("encode the tables: %w", err)
	}
	if _, err := fmt.Fprint(i.process.Stdout, text.String()); err != nil {
		return fmt.Errorf("print the tables: %w", err)
	}
	return nil
}
