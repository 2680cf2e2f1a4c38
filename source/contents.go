package source

import (
	"context"
	"fmt"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/replicate"
)

// withContents returns a table with the columns of its contents, or without them, as the configuration says. It notes those
// that are not offered.
func (i *invocation) withContents(c *config.Config, t dataverse.Table) dataverse.Table {
	if c.IncludeBinaryColumns {
		return catalog.WithContents(t)
	}
	t, contents := catalog.WithoutContents(t)
	for _, column := range contents {
		i.withheld = append(i.withheld, t.LogicalName+"."+column)
	}
	return t
}

// logWithheld logs once which columns are not offered because they are contents.
func (i *invocation) logWithheld(ctx context.Context) {
	if len(i.withheld) == 0 {
		return
	}
	i.log.InfoContext(ctx, fmt.Sprintf("%s with the contents of notes, attachments or images %s not offered, such as %s. To offer them, "+
		"set include_binary_columns.", prose.Quantity(len(i.withheld), "column"), prose.Form(len(i.withheld), "is", "are"), i.withheld[0]))
}

// contents returns where the contents of files come from, nil if the configuration does not include them.
func contents(c *config.Config, client *dataverse.Client) replicate.Contents {
	if !c.IncludeBinaryColumns {
		return nil
	}
	return client
}
