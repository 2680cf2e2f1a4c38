package source

import (
	"context"
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// patience is for how long an answer is waited for that the read can do without.
const patience = time.Minute

// warnDepth tells which streams are read whole with less than organisation-level Read: Dataverse then leaves rows out of
// its answers without a word. Changes it refuses to tell, which is an error of the stream. Where the privileges cannot be
// read nothing is told.
func (v *verbs) warnDepth(ctx context.Context, client *dataverse.Client, a ahead) {
	if !slices.ContainsFunc(a.streams, func(s replicate.Stream) bool { return !followed(s.Configured) }) {
		return
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	privileges, err := client.Privileges(limited, a.who.UserID)
	if err != nil {
		v.log.DebugContext(ctx, "the privileges of the application user cannot be read", "error", err)
		return
	}
	for _, s := range a.streams {
		if followed(s.Configured) {
			continue
		}
		if depth := readDepth(privileges, s); depth != "" && depth != dataverse.Global {
			v.log.WarnContext(ctx, "the application user may read the table below organisation level: only the rows that it may see "+
				"arrive, and nothing tells that there are others", "stream", s.Configured.Name, "depth", depth)
		}
	}
}

// readDepth is how far the rows of a stream may be read. One privilege is for the rows of all activities, which share their
// key column (Microsoft, "Activity entities").
func readDepth(p dataverse.Privileges, s replicate.Stream) dataverse.Depth {
	depth := p.Read(s.Configured.Name)
	if depth == "" && s.Table != nil && s.Table.PrimaryID == "activityid" {
		return p.Read("activity")
	}
	return depth
}
