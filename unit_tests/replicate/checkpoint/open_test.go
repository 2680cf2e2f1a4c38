package checkpoint_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// sync is one of the table of the fixtures.
func sync(change func(*checkpoint.Sync)) checkpoint.Sync {
	y := checkpoint.Sync{Organization: organization, EntitySet: "accounts", Columns: []string{"accountid", "modifiedon", "name"}}
	if change != nil {
		change(&y)
	}
	return y
}

func generations(current, minimum int64) func(*checkpoint.Sync) {
	return func(y *checkpoint.Sync) { y.Generation, y.MinimumGeneration = &current, &minimum }
}

func TestASyncWithoutAStateDoubtsWhereRowsMayStand(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*checkpoint.Sync)
		doubt  bool
	}{
		"the first of a stream":                       {nil, false},
		"the first of a stream, with generations":     {generations(0, 0), false},
		"a backfill of new columns":                   {func(y *checkpoint.Sync) { y.NullState = true }, true},
		"a backfill, with generations":                {func(y *checkpoint.Sync) { generations(0, 0)(y); y.NullState = true }, true},
		"refresh and retain records, or after clear":  {generations(2, 0), true},
		"a minimum that is lower":                     {generations(2, 1), true},
		"a generation without a minimum":              {func(y *checkpoint.Sync) { y.Generation = generation(2) }, true},
		"refresh and remove records":                  {generations(2, 2), false},
		"refresh and remove records, of a null state": {func(y *checkpoint.Sync) { generations(2, 2)(y); y.NullState = true }, false},
		"a later attempt":                             {func(y *checkpoint.Sync) { y.Attempt = 1 }, true},
		"a later attempt of a refresh that removes":   {func(y *checkpoint.Sync) { generations(2, 2)(y); y.Attempt = 1 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, opening := sync(c.change).Open(nil)
			assert.Equal(t, checkpoint.Start, s.Phase)
			assert.NotNil(t, s.KnownKeys)
			assert.Zero(t, s.DeletionsUnknownSince)
			assert.Equal(t, c.doubt, opening == checkpoint.NoStateRowsMayStand)
			assert.Equal(t, !c.doubt, opening == checkpoint.FirstSync)
			assert.Equal(t, !c.doubt, s.Run.Empty)
			assert.Equal(t, c.doubt, s.Run.Doubted)
			if c.doubt {
				assert.Equal(t, checkpoint.UnknownTime(), s.DeletionsPossiblyUnknownSince)
			} else {
				assert.Zero(t, s.DeletionsPossiblyUnknownSince)
			}
		})
	}
}

func TestAStateIsOpenedAsItsPhasePromises(t *testing.T) {
	since := issued()
	for name, c := range map[string]struct {
		state    string
		change   func(*checkpoint.State)
		sync     func(*checkpoint.Sync)
		opening  checkpoint.Opening
		phase    checkpoint.Phase
		link     dataverse.Link
		certain  time.Time
		possible time.Time
	}{
		"changes": {state: "changes", opening: checkpoint.ChangesFollowed, phase: checkpoint.Changes},
		"changes, by a later attempt": {
			state: "changes", sync: func(y *checkpoint.Sync) { y.Attempt = 2 }, opening: checkpoint.ChangesFollowed, phase: checkpoint.Changes,
		},
		"changes in the middle": {state: "changes_middle", opening: checkpoint.ChangesResumed, phase: checkpoint.Changes, link: page},
		"a snapshot":            {state: "snapshot_numbered", opening: checkpoint.SnapshotResumed, phase: checkpoint.Snapshot, link: page},
		"a snapshot of other columns": {
			state: "snapshot_numbered", sync: func(y *checkpoint.Sync) { y.Columns = []string{"accountid"} },
			opening: checkpoint.SnapshotRestarted, phase: checkpoint.Snapshot,
		},
		"a snapshot of another entity set": {
			state: "snapshot_numbered", sync: func(y *checkpoint.Sync) { y.EntitySet = "firms" }, opening: checkpoint.SnapshotRestarted, phase: checkpoint.Snapshot,
		},
		"deletions to reconcile": {
			state: "reconcile_deletions", opening: checkpoint.ReconcileResumed, phase: checkpoint.ReconcileDeletions, certain: since.AddDate(0, -1, 0),
		},
		"a token scan": {
			state: "token_scan", opening: checkpoint.TokenScanResumed, phase: checkpoint.TokenScan,
			link: keys + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E", possible: since,
		},
		"a token scan of another entity set": {
			state: "token_scan", sync: func(y *checkpoint.Sync) { y.EntitySet = "firms" }, opening: checkpoint.TokenScanRestarted, phase: checkpoint.TokenScan, possible: since,
		},
		"a full refresh that is complete": {
			state: "full_refresh_complete", opening: checkpoint.AfterFullRefresh, phase: checkpoint.Start, certain: since,
		},
		"a full refresh in its middle": {
			state: "full_refresh", opening: checkpoint.AfterFullRefresh, phase: checkpoint.Start, certain: checkpoint.UnknownTime(),
		},
		"another organization": {
			state: "changes", sync: func(y *checkpoint.Sync) { y.Organization = "other" }, opening: checkpoint.OtherOrganization, phase: checkpoint.Start, certain: since,
		},
		"another organization, where keys are known": {
			state: "changes_known_keys", sync: func(y *checkpoint.Sync) { y.Organization = "other" },
			opening: checkpoint.OtherOrganization, phase: checkpoint.Start, certain: since,
		},
		"another organization, where keys are known, by a later attempt": {
			state: "changes_known_keys", sync: func(y *checkpoint.Sync) { y.Organization, y.Attempt = "other", 1 },
			opening: checkpoint.OtherOrganization, phase: checkpoint.Start, certain: since, possible: since,
		},
		"a link that is no url": {
			state: "changes", change: func(s *checkpoint.State) { s.DeltaLink = "accounts?$deltatoken=1\r\n2" }, opening: checkpoint.LinkUnusable, phase: checkpoint.Start, certain: since,
		},
		"a refresh that keeps rows": {state: "changes", sync: generations(4, 0), opening: checkpoint.ChangesFollowed, phase: checkpoint.Changes},
		"a certain doubt before a refresh that keeps rows": {
			state: "changes", change: func(s *checkpoint.State) { s.DeletionsUnknownSince = since }, sync: generations(4, 0),
			opening: checkpoint.ChangesFollowed, phase: checkpoint.Changes, certain: since,
		},
		"a refresh that removes rows": {
			state: "changes", change: func(s *checkpoint.State) { s.DeletionsUnknownSince, s.DeletionsPossiblyUnknownSince = since, since },
			sync: generations(4, 4), opening: checkpoint.RowsAreRemoved, phase: checkpoint.Start,
		},
		"a refresh that removes rows, by a later attempt": {
			state: "changes", sync: func(y *checkpoint.Sync) { generations(4, 4)(y); y.Attempt = 1 },
			opening: checkpoint.RowsAreRemoved, phase: checkpoint.Start, possible: checkpoint.UnknownTime(),
		},
		"a refresh that removes rows, failed for good in its snapshot": {
			state: "snapshot", change: func(s *checkpoint.State) { s.Generation, s.UnderRemoval = generation(4), true }, sync: generations(4, 0),
			opening: checkpoint.SnapshotResumed, phase: checkpoint.Snapshot, link: fixtures(t)["snapshot"].Link, possible: checkpoint.UnknownTime(),
		},
		"a refresh that removed rows": {
			state: "changes", change: func(s *checkpoint.State) { s.Generation, s.UnderRemoval = generation(4), true }, sync: generations(4, 0),
			opening: checkpoint.ChangesFollowed, phase: checkpoint.Changes,
		},
		"a refresh that removes rows, of this generation": {
			state: "changes", change: func(s *checkpoint.State) { s.Generation = generation(4) }, sync: generations(4, 4),
			opening: checkpoint.ChangesFollowed, phase: checkpoint.Changes,
		},
	} {
		t.Run(name, func(t *testing.T) {
			saved := fixtures(t)[c.state]
			if c.change != nil {
				c.change(&saved)
			}
			before := saved
			s, opening := sync(c.sync).Open(&saved)
			assert.Equal(t, before, saved, "what was saved is not changed")
			assert.Equal(t, c.opening, opening)
			assert.Equal(t, c.phase, s.Phase)
			assert.Equal(t, c.link, s.Link)
			assert.Equal(t, c.certain.UTC(), s.DeletionsUnknownSince.UTC())
			assert.Equal(t, c.possible.UTC(), s.DeletionsPossiblyUnknownSince.UTC())
			assert.Equal(t, april, string(s.MaxCursor), "every record supersedes those sent before")
			assert.Equal(t, sync(c.sync).Organization, s.Organization)
			assert.Equal(t, sync(c.sync).Generation, s.Generation)
		})
	}
}

func TestAFullRefreshIsResumedWithinItsJobOnly(t *testing.T) {
	inJob := func(id string) func(*checkpoint.Sync) { return func(y *checkpoint.Sync) { y.Job = id } }
	for name, c := range map[string]struct {
		state   string
		change  func(*checkpoint.State)
		sync    func(*checkpoint.Sync)
		opening checkpoint.FullOpening
	}{
		"the same job":                         {"full_refresh", nil, inJob("77"), checkpoint.FullRefreshResumed},
		"another job":                          {"full_refresh", nil, inJob("78"), checkpoint.FullRefreshBegins},
		"outside the platform":                 {"full_refresh", func(s *checkpoint.State) { s.Job = "" }, nil, checkpoint.FullRefreshResumed},
		"of a job, outside the platform":       {"full_refresh", nil, nil, checkpoint.FullRefreshBegins},
		"at its first page":                    {"full_refresh", func(s *checkpoint.State) { s.Link = "" }, inJob("77"), checkpoint.FullRefreshBegins},
		"other columns":                        {"full_refresh", nil, func(y *checkpoint.Sync) { y.Job, y.Columns = "77", nil }, checkpoint.FullRefreshRestarted},
		"another organization":                 {"full_refresh", nil, func(y *checkpoint.Sync) { y.Job, y.Organization = "77", "other" }, checkpoint.FullRefreshBegins},
		"complete, by the same job":            {"full_refresh_complete", nil, inJob("77"), checkpoint.FullRefreshDone},
		"complete, by another job":             {"full_refresh_complete", nil, inJob("78"), checkpoint.FullRefreshBegins},
		"complete, outside the platform":       {"full_refresh_complete", func(s *checkpoint.State) { s.Job = "" }, nil, checkpoint.FullRefreshBegins},
		"after the changes have been followed": {"changes", nil, inJob("77"), checkpoint.FullRefreshBegins},
	} {
		t.Run(name, func(t *testing.T) {
			saved := fixtures(t)[c.state]
			if c.change != nil {
				c.change(&saved)
			}
			s, opening := sync(c.sync).OpenFullRefresh(&saved)
			assert.Equal(t, c.opening, opening)
			assert.Equal(t, checkpoint.FullRefresh, s.Phase)
			assert.Equal(t, april, string(s.MaxCursor))
			assert.Equal(t, opening == checkpoint.FullRefreshResumed, s.Link == page)
		})
	}
	s, opening := sync(nil).OpenFullRefresh(nil)
	assert.Equal(t, checkpoint.FullRefreshBegins, opening)
	require.Equal(t, checkpoint.FullRefresh, s.Phase)
}
