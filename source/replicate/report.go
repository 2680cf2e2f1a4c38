package replicate

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// toRemoveThem names the refresh of Airbyte after which no earlier row remains in the destination.
const toRemoveThem = "To remove them, run \"Refresh and remove records\" on the stream."

// reporter logs what a user should know about a stream, each thing once.
type reporter struct {
	log       *slog.Logger
	tokenLife time.Duration // for how long the service accepts delta tokens; 0: not known

	unsentReported bool // that deletions are not sent
	ageReported    bool // that the delta token is old
	doubtReported  bool // that deletions are possibly unknown
}

// columns warns about selected columns that do not exist, and of a key that is not selected.
func (p *reporter) columns(ctx context.Context, t *target) {
	var contents, missing []string
	for _, name := range t.plan.Missing {
		switch {
		case catalog.FileColumn(t.table, name) != "":
			contents = append(contents, name)
		case catalog.LabeledColumn(t.table, name) != nil: // labels are off, which the source reports once for all tables
		default:
			missing = append(missing, name)
		}
	}
	if len(contents) > 0 {
		p.log.WarnContext(ctx, "The contents of files are left out because include_binary_columns is off. Set it, or refresh the source schema to "+
			"drop their columns.", "columns", strings.Join(contents, ","))
	}
	if len(missing) > 0 {
		p.log.WarnContext(ctx, "Columns of the configured catalog do not exist in Dataverse and are left out. "+
			"To drop them, refresh the source schema.", "columns", strings.Join(missing, ","))
	}
	for _, column := range t.table.Key() {
		if _, selected := t.stream.Columns[column]; !selected && len(t.stream.PrimaryKey) > 0 {
			p.log.WarnContext(ctx, "The configured catalog lacks the key, so the destination cannot match the versions of a row. "+
				"Select the column, or refresh the source schema.", "column", column)
		}
	}
}

// values warns about selected columns that are in no row, and about values that were sent as null.
func (p *reporter) values(ctx context.Context, stats *record.ColumnStats, plan *record.Plan) {
	if missing := stats.NeverSeen(plan); len(missing) > 0 {
		p.log.WarnContext(ctx, "Selected columns are in no row of the table and are sent as null.", "columns", strings.Join(missing, ","))
	}
	for _, c := range stats.Nulled() {
		p.log.WarnContext(ctx, whyNulled(c.Reason), "column", c.Name, "values", c.Count)
	}
}

// whyNulled returns the warning about values of a column that were sent as null for a reason.
func whyNulled(reason protocol.ChangeReason) string {
	switch reason {
	case protocol.SourceFieldSizeLimitation:
		return "Values of a column are longer than 8 MiB, the longest that the connector delivers, and were sent as null."
	case protocol.SourceRecordSizeLimitation:
		return "Values of a column were sent as null because they were the largest of records longer than 20 MB, the longest that Airbyte accepts. " +
			"Deselect large columns that you do not need."
	case protocol.SourceRetrievalError:
		return "Values of a column could not be retrieved, and were sent as null. They arrive with the next change of their row, or " +
			"with \"Refresh and retain records\" on the stream."
	case protocol.SourceSerializationError:
		return "Values of a column do not have the type that the configured catalog declares, and were sent as null. Refresh the source schema."
	default:
		return "Values of a column were sent as null. The reason: " + string(reason) + "."
	}
}

// What the openings of tables with and without change tracking have in common.
const (
	rowsAreRemoved    = "The destination removes the rows that the saved state covers, so the table is re-read in full."
	otherOrganization = "The url leads to another organization than at the last sync, for example to a copy of the environment, so the table is " +
		"re-read in full."
)

// opening logs how the sync continues from what was saved.
func (p *reporter) opening(ctx context.Context, opening checkpoint.Opening, saved, s *checkpoint.State) {
	switch opening {
	case checkpoint.FirstSync, checkpoint.ChangesFollowed, checkpoint.ChangesResumed:
	case checkpoint.NoStateRowsMayStand:
		p.doubtReported = true
		p.log.WarnContext(ctx, "The sync has no saved state, although earlier syncs may have sent rows. The table is re-read in full. If the destination kept "+
			"its rows, those deleted in Dataverse in the meantime remain there. "+toRemoveThem)
	case checkpoint.RowsAreRemoved:
		p.log.InfoContext(ctx, rowsAreRemoved)
	case checkpoint.LinkUnusable:
		p.log.WarnContext(ctx, "The link in the saved state cannot be sent as a url, so the table is re-read in full."+fateOfDeletions(s))
	case checkpoint.OtherOrganization:
		p.log.WarnContext(ctx, otherOrganization+fateOfDeletions(s), "before", saved.Organization, "now", s.Organization)
	case checkpoint.AfterFullRefresh:
		p.log.WarnContext(ctx, "The stream was set to full refresh before. The table is re-read in full, and its changes are followed from now on."+fateOfDeletions(s))
	case checkpoint.AfterUntracked:
		p.log.WarnContext(ctx, "Change tracking of the table was off at the last sync and is on now. The table is re-read in full, and its changes are followed "+
			"from now on."+fateOfDeletions(s))
	case checkpoint.TokenScanResumed, checkpoint.TokenScanRestarted:
		p.doubtReported = true
		p.log.WarnContext(ctx, "The last sync was interrupted while it took a delta token. If the destination has rows that the sync sent after that, those "+
			"deleted in Dataverse in the meantime remain there. "+toRemoveThem, "since", timeText(s.DeletionsPossiblyUnknownSince))
	case checkpoint.SnapshotRestarted:
		p.log.WarnContext(ctx, "The table or its selected columns have changed since the snapshot was interrupted, so it starts over.")
	case checkpoint.SnapshotResumed, checkpoint.ReconcileResumed:
		p.log.InfoContext(ctx, "The snapshot continues where it was interrupted.")
	}
}

// fateOfDeletions returns what to report about deletions if a resync follows.
func fateOfDeletions(s *checkpoint.State) string {
	switch {
	case s.DeletionsUnknownSince.IsZero():
		return ""
	case s.KnownKeys != nil:
		return " Rows deleted since then are found by their keys."
	default:
		return " Rows deleted before that remain in the destination until you run \"Refresh and remove records\" on the stream."
	}
}

// doubts reports that the destination may hold deleted rows, in every sync until a refresh removes them.
func (p *reporter) doubts(ctx context.Context, s *checkpoint.State) {
	if since := s.DeletionsUnknownSince; !since.IsZero() {
		p.log.WarnContext(ctx, "Rows deleted in Dataverse while deletions could not be followed or sent may remain in the destination. "+toRemoveThem, "deletions_unknown_since", timeText(since))
	}
	since := s.DeletionsPossiblyUnknownSince
	if since.IsZero() {
		return
	}
	level := p.log.InfoContext
	if !p.doubtReported && s.Run.Doubted {
		level = p.log.WarnContext
	}
	level(ctx, "If the destination kept rows of an earlier sync that no saved state covers, those deleted in Dataverse in the meantime remain there. "+
		toRemoveThem, "deletions_possibly_unknown_since", timeText(since))
}

// unsentDeletions warns once that deletions are not sent.
func (p *reporter) unsentDeletions(ctx context.Context) {
	if p.unsentReported {
		return
	}
	p.unsentReported = true
	p.log.WarnContext(ctx, "Rows were deleted, but the configured catalog lacks _ab_cdc_deleted_at or the key, so the deletions are not sent. "+
		"Refresh the source schema and select both.")
}

// age warns once, in time, that syncs are too rare or take too long for the lifetime of delta tokens. now is by the
// service's clock.
func (p *reporter) age(ctx context.Context, s *checkpoint.State, now time.Time) {
	if s.Issued.IsZero() || p.tokenLife <= 0 || p.ageReported {
		return
	}
	if age := now.Sub(s.Issued); age > p.tokenLife/2 {
		p.ageReported = true
		p.log.WarnContext(ctx, "The last sync was long ago or took a long time. Dataverse discards deletions and delta tokens after some days. Sync more often, or "+
			"ask an administrator to raise organization.expirechangetrackingindays.", "age", age.Round(time.Minute), "kept_for", p.tokenLife)
	}
}

// selection reports which columns the selection has gained and lost since the last sync. Columns that the table itself
// has lost are already reported.
func (p *reporter) selection(ctx context.Context, t *target, s *checkpoint.State) {
	before, now := s.Columns, t.plan.Select()
	if before == nil {
		before = s.DeltaLink.Select()
	}
	if before == nil || checkpoint.SameColumns(before, []string{t.table.PrimaryID}) { // they are not known
		before, now = nil, nil
	}
	derived := t.plan.Derived()
	exists := func(c string) bool {
		return t.table.Has(c) || (slices.Contains(derived, c) || slices.Contains(s.Derived, c)) && !slices.Contains(t.plan.Missing, c)
	}
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(c string) bool { return slices.Contains(other, c) || !exists(c) })
	}
	before, now = slices.Concat(before, s.Derived), slices.Concat(now, derived)
	added, removed := without(now, before), without(before, now)
	added = slices.DeleteFunc(added, func(c string) bool { // it is requested along with a selected one
		_, selected := t.stream.Columns[c]
		return !selected
	})
	if len(added)+len(removed) > 0 {
		p.log.WarnContext(ctx, "The selected columns have changed. Rows that do not change have no value for a new column in the "+
			"destination until you run \"Refresh and retain records\" on the stream.", "added", strings.Join(added, ","), "removed", strings.Join(removed, ","))
	}
}

func timeText(t time.Time) string {
	if t.Equal(checkpoint.UnknownTime()) {
		return "an unknown time"
	}
	return t.Format(time.RFC3339)
}
