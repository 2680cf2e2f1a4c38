package source

import (
	"context"
	"fmt"
	"slices"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// warnReadDepth warns of streams that are read without change tracking by an application user whose Read privilege is below
// Organization level: Dataverse omits the other rows from its responses without an error. A request for changes it rejects
// instead, which is an error of the stream. If the privileges cannot be retrieved, nothing is logged but a debug line.
func (i *invocation) warnReadDepth(ctx context.Context, client *dataverse.Client, p plan) {
	if !slices.ContainsFunc(p.streams, func(s replicate.Stream) bool { return !followsChanges(s) }) {
		return
	}
	depth, err := i.depths(ctx, client, p)
	if err != nil {
		i.log.DebugContext(ctx, "the privileges of the application user cannot be retrieved", "error", err)
		return
	}
	for _, s := range p.streams {
		if followsChanges(s) {
			continue
		}
		if depth := depth(s); depth != "" && depth != dataverse.Global {
			i.log.WarnContext(ctx, fmt.Sprintf("The application user has the Read privilege on table %s below Organization level (%s), so only "+
				"the rows that it may see are synced. To sync all rows, give it a security role with Read at Organization level.",
				s.Configured.Name, depth))
		}
	}
}

// depths returns the function that returns the depth at which the rows of a stream are read. Where there are several
// application users, it is that of the ones that read the stream.
func (i *invocation) depths(ctx context.Context, client *dataverse.Client, p plan) (func(replicate.Stream) dataverse.Depth, error) {
	if i.users != nil {
		return func(s replicate.Stream) dataverse.Depth { return i.users.Depth(userTable(s)) }, nil
	}
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	privileges, err := client.Privileges(limited, p.identity.UserID)
	return func(s replicate.Stream) dataverse.Depth { return readDepth(privileges, s) }, err
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
