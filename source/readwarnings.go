package source

import (
	"context"
	"slices"
	"time"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/users"
)

// secured are the secured columns that streams select, by logical name of the table.
type secured map[string][]dataverse.SecuredColumn

// warnOfStreams logs which rows and columns the streams lack, and what will soon keep syncs from working. It does not report
// what cannot be retrieved, because a check does.
func (i *invocation) warnOfStreams(ctx context.Context, c *config.Config, client *dataverse.Client, p plan, columns secured) {
	facts := inspect.Facts{Now: time.Now(), Users: inspectedUsers(c)}
	if slices.ContainsFunc(p.streams, followsChanges) {
		facts.TokenDays = p.tokenDays
	}
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	depth := i.depths(limited, client, p)
	hidden := i.hiddenColumns(limited, client, p, columns)
	for _, s := range p.streams {
		if s.Table == nil || s.Metadata != nil {
			continue
		}
		t := inspect.Table{
			Summary: dataverse.TableSummary{Table: dataverse.Table{LogicalName: s.Configured.Name}}, ReadAs: inspect.WithoutTracking,
			Hidden: hidden(s), Depth: depth(s),
		}
		if followsChanges(s) {
			t.ReadAs = inspect.ByChanges
		}
		facts.Tables = append(facts.Tables, t)
	}
	if ctx.Err() == nil {
		i.logFindings(ctx, facts.ForRead())
	}
}

// inspectedUsers returns the application users of a configuration as an inspection sees them.
func inspectedUsers(c *config.Config) []inspect.User {
	var all []inspect.User
	credentials := allUsers(c)
	for n, user := range credentials {
		all = append(all, inspect.UserOf(userName(n, credentials), user))
	}
	return all
}

// depths returns a function for the depth at which the rows of a stream are read, "" if it is unknown. If there are several
// application users, it is the depth of those that read the stream. No depth is needed if all streams read changes, which
// Dataverse refuses below Organization level.
func (i *invocation) depths(ctx context.Context, client *dataverse.Client, p plan) func(replicate.Stream) dataverse.Depth {
	if i.users != nil {
		return func(s replicate.Stream) dataverse.Depth { return i.users.Depth(userTable(s)) }
	}
	var privileges dataverse.Privileges
	if slices.ContainsFunc(p.streams, func(s replicate.Stream) bool { return !followsChanges(s) }) {
		found, err := client.Privileges(ctx, p.identity.UserID)
		if err != nil {
			i.log.DebugContext(ctx, "the privileges of the application user cannot be retrieved", "error", err)
		} else {
			privileges = found
		}
	}
	return func(s replicate.Stream) dataverse.Depth { return readDepth(privileges, s) }
}

// hiddenColumns returns a function for the selected secured columns of a stream that none of the application users with the widest
// right to its table can read.
func (i *invocation) hiddenColumns(ctx context.Context, client *dataverse.Client, p plan, columns secured) func(replicate.Stream) []string {
	if i.users != nil {
		return func(s replicate.Stream) []string {
			table := userTable(s)
			table.Secured = columns[s.Configured.Name]
			return i.users.Unreadable(table)
		}
	}
	var rights users.ColumnRights
	columns, err := i.securedColumns(ctx, client, p)
	if err == nil && len(columns) > 0 {
		rights, err = users.RetrieveColumnRights(ctx, client, p.identity.UserID)
	}
	if err != nil {
		i.log.DebugContext(ctx, "the secured columns cannot be retrieved", "error", err)
	}
	return func(s replicate.Stream) []string { return rights.Unreadable(columns[s.Configured.Name]) }
}

// securedColumns returns the secured columns that the streams of tables select.
func (i *invocation) securedColumns(ctx context.Context, client *dataverse.Client, p plan) (secured, error) {
	var names []string
	for _, s := range p.streams {
		if s.Table != nil && s.Metadata == nil {
			names = append(names, s.Configured.Name)
		}
	}
	if len(names) == 0 {
		return secured{}, nil
	}
	all, err := client.SecuredColumns(ctx, names)
	if err != nil {
		return nil, err
	}
	selected := secured{}
	for _, s := range p.streams {
		if columns := selectedOf(all[s.Configured.Name], s.Configured); len(columns) > 0 {
			selected[s.Configured.Name] = columns
		}
	}
	return selected, nil
}

// followsChanges reports whether a stream is read by change tracking.
func followsChanges(s replicate.Stream) bool {
	return replicate.ModeOf(s.Configured, s.Table) == replicate.FollowsChanges
}

// readDepth returns the depth at which the application user may read the rows of a stream, "" if it is unknown. One
// privilege covers the rows of all activity tables, which share their key column (Microsoft, "Activity tables").
func readDepth(p dataverse.Privileges, s replicate.Stream) dataverse.Depth {
	depth := p.Read(s.Configured.Name)
	if depth == "" && s.Table != nil && s.Table.PrimaryID == "activityid" {
		return p.Read("activity")
	}
	return depth
}
