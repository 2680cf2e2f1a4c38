package replicate

import (
	"context"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// untracked logs how the new and changed rows of a table without change tracking are found, and how the sync continues from
// what was saved.
func (p *reporter) untracked(ctx context.Context, opening checkpoint.UntrackedOpening, saved, s *checkpoint.State, bound uint64) {
	switch opening {
	case checkpoint.UntrackedBegins, checkpoint.UntrackedContinues:
	case checkpoint.UntrackedResumed:
		p.log.InfoContext(ctx, "The read of the table continues where the last sync was interrupted.")
	case checkpoint.UntrackedRemoval:
		p.log.InfoContext(ctx, rowsAreRemoved)
	case checkpoint.UntrackedMoved:
		p.log.WarnContext(ctx, otherOrganization, "before", saved.Organization, "now", s.Organization)
	case checkpoint.UntrackedSwitched:
		p.log.WarnContext(ctx, "The stream was read in another way before, so the table is re-read in full.")
	}
	column := s.TimeColumn
	if s.Phase == checkpoint.ByVersion {
		column = dataverse.VersionColumn
	}
	again := ""
	if s.Phase == checkpoint.ByTime || bound == 0 {
		again = " Each sync sends some rows again, because a transaction may have committed late: at least those of the last 10 minutes before the previous sync."
	}
	p.log.InfoContext(ctx, "Change tracking is off for the table. Its new and changed rows are found by "+column+"."+again+" Rows deleted in Dataverse are "+
		"not found. To find them, turn on change tracking if the table supports it, and refresh the source schema.")
}

// restored warns that the environment was restored from a backup.
func (p *reporter) restored(ctx context.Context) {
	p.log.WarnContext(ctx, "The environment has a lower row version than at the last sync, as after a restored backup, so the table is re-read in full. "+
		"Rows that are not in the backup remain in the destination. "+toRemoveThem)
}

// queryRefused warns that the service refuses to filter or order the rows of a table, or that this would not find all of them.
func (p *reporter) queryRefused(ctx context.Context, column string, cause error) {
	p.log.WarnContext(ctx, "The rows of the table cannot be selected by "+column+", so the table is read in full. To avoid the attempt, "+
		"set the stream to a full refresh sync mode.", "reason", cause.Error())
}
