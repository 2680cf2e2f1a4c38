package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/listing"
	"source-microsoft-dataverse/source/prose"
)

// tables lists the tables of the environment, whether or not the configuration offers them: from this list people choose
// those that they need.
func (i *invocation) tables(ctx context.Context) error {
	var listed []listing.Table
	var note string
	err := i.connectWithin(ctx, i.process.Limits.standard().Discover, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		known, err := i.overview(ctx, client)
		if err != nil {
			return err
		}
		if len(i.command.Filter) > 0 {
			if known.tables, err = catalog.Matching(known.tables, i.command.Filter); err != nil {
				return err
			}
		}
		listed = i.describe(ctx, client, c.Tables, known)
		note = untrackedNote(c, listed) + metadataNote(c)
		return nil
	})
	if err != nil {
		return err
	}
	var text []byte
	if i.command.JSON {
		text, err = listing.JSON(listed)
	} else {
		text = []byte(listing.Text(listed, i.process.width()) + note)
	}
	if err != nil {
		return fmt.Errorf("encode the tables: %w", err)
	}
	if err := i.print(text); err != nil {
		return fmt.Errorf("print the tables: %w", err)
	}
	return nil
}

// untrackedNote returns the line on the listed tables whose new and changed rows can be found although their changes cannot
// be followed, "" if there is none.
func untrackedNote(c *config.Config, listed []listing.Table) string {
	if !c.CursorForUntracked || !slices.ContainsFunc(listed, listing.Table.Untracked) {
		return ""
	}
	return "Most tables without change tracking can be read incrementally too, but rows deleted in Dataverse are not found.\n"
}

// metadataNote returns the line on the streams that describe the tables, "" if the configuration does not offer them.
func metadataNote(c *config.Config) string {
	if !c.MetadataStreams {
		return ""
	}
	var names []string
	for _, s := range catalog.MetadataStreams() {
		names = append(names, s.Name)
	}
	last := len(names) - 1
	return fmt.Sprintf("The streams %s, and %s describe the selected tables.\n", strings.Join(names[:last], ", "), names[last])
}

// overview is what a few requests return about all tables of an environment.
type overview struct {
	tables     []dataverse.TableSummary
	privileges dataverse.Privileges // of the application user; nil if they could not be retrieved
}

// overview reads the list of tables and the privileges of the application user. Not every application user may read its
// own privileges.
func (i *invocation) overview(ctx context.Context, client *dataverse.Client) (overview, error) {
	i.progress("Listing the tables of the environment ...")
	defer i.progress("")
	var known overview
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		var err error
		known.tables, err = client.TableSummaries(ctx)
		if err == nil && len(known.tables) == 0 {
			return inspect.ErrNoTables
		}
		return err
	})
	group.Go(func() error {
		who, err := client.WhoAmI(ctx)
		if err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, optionalTimeout)
		defer cancel()
		known.privileges, err = client.Privileges(limited, who.UserID)
		if err != nil && ctx.Err() == nil {
			i.log.WarnContext(ctx, fmt.Sprintf("The privileges of the application user cannot be retrieved, so it is unknown which tables it "+
				"can read: %v", err))
		}
		return nil
	})
	err := group.Wait()
	return known, err
}

// describe counts the rows of tables and returns what the list shows of each.
func (i *invocation) describe(ctx context.Context, client *dataverse.Client, selection config.Selection, known overview) []listing.Table {
	var counted []string
	for _, t := range known.tables {
		if t.Table.EntitySet != "" && !t.Table.Virtual { // the rows of a virtual table are not in the environment
			counted = append(counted, t.Table.LogicalName)
		}
	}
	i.progress(fmt.Sprintf("Counting the rows of %s ...", prose.Quantity(len(counted), "table")))
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	counts, err := client.RowCounts(limited, counted)
	if err != nil && ctx.Err() == nil {
		i.log.WarnContext(ctx, fmt.Sprintf("The numbers of rows cannot be retrieved: %v", err))
	}
	i.progress("")
	listed := make([]listing.Table, len(known.tables))
	for n, t := range known.tables {
		var rows *int64
		if number, is := counts[t.Table.LogicalName]; is {
			rows = &number
		}
		listed[n] = listing.Describe(t, rows, known.privileges.ReadDepth(t), selection.Includes(t.Table.LogicalName))
	}
	return listed
}
