package checkpoint_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const newDelta dataverse.Link = columns + "&$deltatoken=919100%2108%2f23%2f2017"

// shape is what a transition changes.
type shape struct {
	phase    checkpoint.Phase
	link     dataverse.Link
	delta    dataverse.Link
	issued   time.Time
	size     int
	restarts int
	certain  bool
	keys     bool
	upToDate bool
	complete bool
}

func shapeOf(s *checkpoint.State) shape {
	return shape{
		s.Phase, s.Link, s.DeltaLink, s.Issued, s.PageSize, s.Restarts, !s.DeletionsUnknownSince.IsZero(), s.KnownKeys != nil, s.Run.UpToDate, s.Complete,
	}
}

func TestAnEventLeadsFromOneStateToTheNext(t *testing.T) {
	later := issued().Add(time.Hour)
	for name, c := range map[string]struct {
		state string
		event func(*checkpoint.State)
		want  shape
	}{
		"a table has more than one page": {
			"", func(s *checkpoint.State) { s.ScanForToken() }, shape{phase: checkpoint.TokenScan, keys: true},
		},
		"a token scan brings a token": {
			"token_scan", func(s *checkpoint.State) { s.TakeToken(delta, issued()) }, shape{phase: checkpoint.Snapshot, delta: delta, issued: issued()},
		},
		"one page is all": {
			"", func(s *checkpoint.State) { s.TakeToken(delta, later); s.EndOnlyPage() },
			shape{phase: checkpoint.Changes, delta: delta, issued: later, keys: true, upToDate: true},
		},
		"a page follows": {
			"snapshot", func(s *checkpoint.State) { s.Advance(page, 700) }, shape{phase: checkpoint.Snapshot, link: page, delta: delta, issued: issued(), size: 700},
		},
		"a snapshot ends": {
			"snapshot_numbered", func(s *checkpoint.State) { s.EndSnapshot() }, shape{phase: checkpoint.Changes, delta: delta, issued: issued()},
		},
		"a snapshot ends whose deletions no keys can tell": {
			"snapshot_resync", func(s *checkpoint.State) { s.EndSnapshot() }, shape{phase: checkpoint.Changes, delta: delta, issued: issued(), certain: true},
		},
		"a snapshot ends whose deletions the keys can tell": {
			"reconcile_deletions", func(s *checkpoint.State) { s.Phase = checkpoint.Snapshot; s.EndSnapshot() },
			shape{phase: checkpoint.ReconcileDeletions, delta: delta, issued: issued(), certain: true, keys: true},
		},
		"deletions are reconciled": {
			"reconcile_deletions", func(s *checkpoint.State) { s.EndReconcile(true) }, shape{phase: checkpoint.Changes, delta: delta, issued: issued(), keys: true},
		},
		"deletions are found and cannot be sent": {
			"reconcile_deletions", func(s *checkpoint.State) { s.EndReconcile(false) },
			shape{phase: checkpoint.Changes, delta: delta, issued: issued(), certain: true, keys: true},
		},
		"deletions that were not sent can be sent now": {
			"changes_known_keys", func(s *checkpoint.State) { s.LoseDeletions(); s.Reconcile() },
			shape{phase: checkpoint.ReconcileDeletions, delta: delta, issued: issued(), certain: true, keys: true},
		},
		"changes end": {
			"changes_middle", func(s *checkpoint.State) { s.EndChanges(newDelta, later, false) },
			shape{phase: checkpoint.Changes, delta: newDelta, issued: later, upToDate: true},
		},
		"changes end and are followed once more": {
			"changes_middle", func(s *checkpoint.State) { s.EndChanges(newDelta, later, true) }, shape{phase: checkpoint.Changes, delta: newDelta, issued: later},
		},
		"a snapshot begins again": {
			"snapshot_numbered", func(s *checkpoint.State) { s.Restart() }, shape{phase: checkpoint.Snapshot, delta: delta, issued: issued(), restarts: 1},
		},
		"a token scan begins again": {
			"token_scan", func(s *checkpoint.State) { s.Restart() }, shape{phase: checkpoint.TokenScan, restarts: 1},
		},
		"changes begin again": {
			"changes_middle", func(s *checkpoint.State) { s.Restart() }, shape{phase: checkpoint.Changes, delta: delta, issued: issued(), restarts: 3},
		},
		"a full refresh ends": {
			"full_refresh", func(s *checkpoint.State) { s.EndFullRefresh() }, shape{phase: checkpoint.FullRefresh, complete: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := sync(nil).Open(nil)
			if c.state != "" {
				s = new(fixtures(t)[c.state])
			}
			c.event(s)
			assert.Equal(t, c.want, shapeOf(s))
		})
	}
}

func TestAResyncKeepsWhatItCannotKnow(t *testing.T) {
	earlier := issued().AddDate(0, -1, 0)
	for name, c := range map[string]struct {
		state             string
		change            func(*checkpoint.State)
		attempt           int
		certain, possible time.Time
		keys              int // -1: none
	}{
		"after changes":                                 {"changes", nil, 0, issued(), time.Time{}, -1},
		"after changes of a small table":                {"changes_known_keys", nil, 0, issued(), time.Time{}, 3},
		"after changes, by a later attempt":             {"changes", nil, 1, issued(), time.Time{}, -1},
		"of a small table, by a later attempt":          {"changes_known_keys", nil, 1, issued(), issued(), 3},
		"in the middle of changes of a small table":     {"changes_known_keys", func(s *checkpoint.State) { s.Link = page }, 0, issued(), issued(), 3},
		"in a snapshot":                                 {"snapshot", nil, 0, issued(), time.Time{}, -1},
		"in a snapshot that is a resync":                {"snapshot_resync", nil, 0, earlier, checkpoint.UnknownTime(), -1},
		"while deletions are reconciled":                {"reconcile_deletions", nil, 0, earlier, issued(), 3},
		"of an unknown time":                            {"changes", func(s *checkpoint.State) { s.Issued = time.Time{} }, 0, checkpoint.UnknownTime(), time.Time{}, -1},
		"in a token scan":                               {"token_scan", nil, 0, time.Time{}, issued(), -1},
		"in a token scan of a resync":                   {"token_scan", func(s *checkpoint.State) { s.DeletionsUnknownSince = earlier }, 0, earlier, issued(), -1},
		"where the first doubt is older than this one":  {"changes", func(s *checkpoint.State) { s.DeletionsUnknownSince = earlier }, 0, earlier, time.Time{}, -1},
		"where deletions were possibly unknown already": {"changes", func(s *checkpoint.State) { s.DeletionsPossiblyUnknownSince = earlier }, 0, issued(), earlier, -1},
	} {
		t.Run(name, func(t *testing.T) {
			saved := fixtures(t)[c.state]
			if c.change != nil {
				c.change(&saved)
			}
			s, _ := sync(func(y *checkpoint.Sync) { y.Attempt = c.attempt }).Open(&saved)
			next := s.Resync()
			assert.Equal(t, checkpoint.Start, next.Phase)
			assert.Empty(t, next.Link+next.DeltaLink)
			assert.Equal(t, april, string(next.MaxCursor))
			assert.Equal(t, c.certain, next.DeletionsUnknownSince)
			assert.Equal(t, c.possible, next.DeletionsPossiblyUnknownSince)
			assert.Zero(t, next.NewestRow, "it is of another history")
			if c.keys < 0 {
				assert.Nil(t, next.KnownKeys)
			} else {
				assert.Len(t, next.KnownKeys.List(), c.keys)
			}
		})
	}
	t.Run("before this process has sent anything", func(t *testing.T) {
		s, _ := sync(nil).Open(nil)
		s.ScanForToken()
		next := s.Resync()
		assert.True(t, next.Run.Empty)
		assert.Zero(t, next.DeletionsUnknownSince)
		assert.Empty(t, next.KnownKeys.List())
	})
	t.Run("after this process has sent a row of its first snapshot", func(t *testing.T) {
		s, _ := sync(nil).Open(nil)
		s.TakeToken(delta, issued())
		s.Hold([]byte("7ea10000-5c4f-ef11-a316-000d3a1b2c3d"))
		next := s.Resync()
		assert.Equal(t, issued(), next.DeletionsUnknownSince)
		assert.Zero(t, next.DeletionsPossiblyUnknownSince, "the keys of all rows are known")
		assert.Len(t, next.KnownKeys.List(), 1)
	})
	t.Run("after the changes since an interrupted scan were followed", func(t *testing.T) {
		saved := fixtures(t)["changes_known_keys"]
		saved.Link = page
		s, _ := sync(nil).Open(&saved)
		s.EndChanges(newDelta, issued(), true)
		assert.False(t, s.Run.Interrupted)
		assert.Zero(t, s.Resync().DeletionsPossiblyUnknownSince, "rows of the interrupted sync have come again, or their deletions")
	})
}

func TestTheNewestRowOfAScanIsLookedForInTheNext(t *testing.T) {
	one, two := checkpoint.Row{Key: "a1", Version: 7}, checkpoint.Row{Key: "a2", Version: 9}
	end := func(s *checkpoint.State) { s.EndChanges(newDelta, issued(), false) }
	for name, c := range map[string]struct {
		before, want checkpoint.Row
		event        func(*checkpoint.State)
	}{
		"the greatest version counts":               {checkpoint.Row{}, two, func(s *checkpoint.State) { s.See(two); s.See(one); end(s) }},
		"an unchanged row serves on":                {one, one, func(s *checkpoint.State) { s.ConfirmHistory(true); end(s) }},
		"a newer row takes the place":               {one, two, func(s *checkpoint.State) { s.See(two); s.ConfirmHistory(true); end(s) }},
		"a changed row is taken from the changes":   {one, two, func(s *checkpoint.State) { s.ConfirmHistory(false); s.See(two); end(s) }},
		"a row that was deleted proves nothing":     {checkpoint.Row{}, checkpoint.Row{}, func(s *checkpoint.State) { s.See(one); s.Release("a1"); end(s) }},
		"another row that was deleted changes none": {checkpoint.Row{}, one, func(s *checkpoint.State) { s.See(one); s.Release("a2"); end(s) }},
		"a row in doubt is looked for again":        {one, one, func(s *checkpoint.State) { s.See(two); s.Run.HistoryDoubted = true; end(s) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(fixtures(t)["changes_known_keys"])
			s.NewestRow = c.before
			c.event(s)
			assert.Equal(t, c.want, s.NewestRow)
		})
	}
}

func TestAKeyThatIsNotKnownHasToGoAhead(t *testing.T) {
	s := new(fixtures(t)["changes_known_keys"])
	assert.True(t, s.Hold([]byte("7EA10000-5c4f-ef11-a316-000d3a1b2c3d")))
	assert.False(t, s.Hold([]byte("7ea10003-5c4f-ef11-a316-000d3a1b2c3d")))
	s.Release("7ea10001-5c4f-ef11-a316-000d3a1b2c3d")
	assert.Len(t, s.KnownKeys.List(), 3)
	s.Trim()
	assert.NotNil(t, s.KnownKeys)
	assert.True(t, s.Hold([]byte("no guid")), "no set can hold it")
	assert.Nil(t, s.KnownKeys)
}

func TestKnownKeysStayWhileDeletionsAreReconciled(t *testing.T) {
	keys := checkpoint.NewKeySet()
	for i := range 20_001 {
		_, ok := keys.Add(fmt.Appendf(nil, "00000000-0000-0000-0000-%012d", i))
		require.True(t, ok)
	}
	s := &checkpoint.State{Phase: checkpoint.ReconcileDeletions, KnownKeys: keys}
	s.Trim()
	assert.NotNil(t, s.KnownKeys, "a state of this phase without them could not be read")
	s.EndReconcile(true)
	s.Trim()
	assert.Nil(t, s.KnownKeys)
}
