package checkpoint_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

func TestAStateOfAnUntrackedTableIsOpenedAsItsPhasePromises(t *testing.T) {
	const version, modified = "versionnumber", "modifiedon"
	for name, c := range map[string]struct {
		state   string // "": there is none
		column  string
		sync    func(*checkpoint.Sync)
		opening checkpoint.UntrackedOpening
		phase   checkpoint.Phase
		after   uint64
		link    dataverse.Link
	}{
		"no state":                             {"", version, nil, checkpoint.UntrackedBegins, checkpoint.ByVersion, 0, ""},
		"no state, by time":                    {"", modified, nil, checkpoint.UntrackedBegins, checkpoint.ByTime, 0, ""},
		"by version":                           {"by_version", version, nil, checkpoint.UntrackedContinues, checkpoint.ByVersion, 919057, ""},
		"in the middle of a scan by version":   {"by_version_unbounded", version, nil, checkpoint.UntrackedResumed, checkpoint.ByVersion, 300, ""},
		"by time":                              {"by_time", modified, nil, checkpoint.UntrackedContinues, checkpoint.ByTime, 0, ""},
		"in the middle of a scan by time":      {"by_time_middle", modified, nil, checkpoint.UntrackedResumed, checkpoint.ByTime, 0, page},
		"the same of other columns":            {"by_time_middle", modified, func(y *checkpoint.Sync) { y.Columns = nil }, checkpoint.UntrackedContinues, checkpoint.ByTime, 0, ""},
		"the same of other labels":             {"by_time_middle", modified, func(y *checkpoint.Sync) { y.Derived = []string{"name_label"} }, checkpoint.UntrackedContinues, checkpoint.ByTime, 0, ""},
		"another column":                       {"by_time", "createdon", nil, checkpoint.UntrackedSwitched, checkpoint.ByTime, 0, ""},
		"by time, and there are versions now":  {"by_time", version, nil, checkpoint.UntrackedSwitched, checkpoint.ByVersion, 0, ""},
		"changes":                              {"changes", version, nil, checkpoint.UntrackedSwitched, checkpoint.ByVersion, 0, ""},
		"a full refresh":                       {"full_refresh_complete", version, nil, checkpoint.UntrackedSwitched, checkpoint.ByVersion, 0, ""},
		"another organization":                 {"by_version", version, func(y *checkpoint.Sync) { y.Organization = "other" }, checkpoint.UntrackedMoved, checkpoint.ByVersion, 0, ""},
		"a refresh that removes rows":          {"by_version", version, generations(4, 4), checkpoint.UntrackedRemoval, checkpoint.ByVersion, 0, ""},
		"a refresh that retains rows":          {"by_version", version, generations(4, 0), checkpoint.UntrackedContinues, checkpoint.ByVersion, 919057, ""},
		"a refresh that removes, begun before": {"by_version", version, generations(3, 3), checkpoint.UntrackedContinues, checkpoint.ByVersion, 919057, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var saved *checkpoint.State
			if c.state != "" {
				saved = new(fixtures(t)[c.state])
			}
			s, opening := sync(c.sync).OpenUntracked(saved, c.column)
			assert.Equal(t, c.opening, opening)
			assert.Equal(t, c.phase, s.Phase)
			assert.Equal(t, c.after, s.Position())
			assert.Equal(t, c.link, s.Link)
			assert.Equal(t, sync(c.sync).Organization, s.Organization)
			assert.Equal(t, sync(c.sync).Generation, s.Generation)
			if saved == nil {
				assert.True(t, s.ReadsAll())
				return
			}
			assert.Equal(t, fixtures(t)[c.state], *saved, "what was saved is not changed")
			assert.Equal(t, april, string(s.MaxCursor), "every record supersedes those sent before")
			assert.Equal(t, opening != checkpoint.UntrackedContinues && opening != checkpoint.UntrackedResumed, s.ReadsAll())
		})
	}
}

func TestATableThatIsTrackedNowIsReadInFull(t *testing.T) {
	for _, state := range []string{"by_version", "by_version_unbounded", "by_time", "by_time_middle"} {
		s, opening := sync(nil).Open(new(fixtures(t)[state]))
		assert.Equal(t, checkpoint.AfterUntracked, opening)
		assert.Equal(t, checkpoint.Start, s.Phase)
		assert.Equal(t, checkpoint.UnknownTime(), s.DeletionsUnknownSince, "no deletion was ever sent")
		assert.Equal(t, april, string(s.MaxCursor))
		assert.True(t, s.ReadsAll(), "nothing is left of the former reads")
	}
}

// versions is what the states of a table that is read by version differ in.
type versions struct {
	after, sent, bound uint64
	marks              []uint64 // their versions
	began              bool
}

func versionsOf(s *checkpoint.State) versions {
	v := versions{after: s.AfterVersion, sent: s.SentVersion, bound: s.Bound, began: !s.Began.IsZero()}
	for _, m := range s.Marks {
		v.marks = append(v.marks, m.Version)
	}
	return v
}

func TestAnEventLeadsFromOneUntrackedStateToTheNext(t *testing.T) {
	begin := func(s *checkpoint.State) { s.BeginUntracked(issued()) }
	for name, c := range map[string]struct {
		state string
		event func(*checkpoint.State)
		want  versions
	}{
		"the first page of a scan comes": {
			"by_version", begin, versions{after: 919057, bound: 919060, began: true},
		},
		"a page below a bound": {
			"by_version", func(s *checkpoint.State) { begin(s); s.PassVersion(919059, 919070) }, versions{after: 919059, bound: 919070, began: true},
		},
		"a page without a bound": {
			"by_version", func(s *checkpoint.State) { begin(s); s.PassVersion(919059, 0) }, versions{after: 919057, sent: 919059, bound: 919060, began: true},
		},
		"a scan ends below its bound": {
			"by_version", func(s *checkpoint.State) { begin(s); s.PassVersion(919063, 919070); s.EndByVersion(919070, issued()) }, versions{after: 919063, bound: 919070},
		},
		"a scan without rows ends": {
			"by_version", func(s *checkpoint.State) { begin(s); s.EndByVersion(919070, issued()) }, versions{after: 919057, bound: 919070},
		},
		"a scan without a bound ends, and its rows are new": {
			"by_version", func(s *checkpoint.State) { begin(s); s.PassVersion(919059, 0); s.EndByVersion(0, issued()) },
			versions{after: 919057, bound: 919060, marks: []uint64{919059}},
		},
		"a scan without a bound ends, and a mark is old enough": {
			"by_version_unbounded", func(s *checkpoint.State) { s.EndByVersion(0, issued().Add(time.Minute)) },
			versions{after: 150, marks: []uint64{200, 300}},
		},
		"a scan without a bound ends without rows, long after": {
			"by_version_unbounded", func(s *checkpoint.State) {
				s.SentVersion, s.Began = 0, issued().Add(time.Hour)
				s.EndByVersion(0, issued().Add(time.Hour))
			},
			versions{after: 200},
		},
		"a scan with a bound ends, after some without": {
			"by_version_unbounded", func(s *checkpoint.State) {
				s.SentVersion = 0
				s.PassVersion(310, 320)
				s.EndByVersion(320, issued())
			},
			versions{after: 310, bound: 320},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := new(fixtures(t)[c.state])
			c.event(s)
			assert.Equal(t, c.want, versionsOf(s))
			assert.Equal(t, c.want.marks, versionsOf(s).marks)
		})
	}
}

func TestAMarkCountsOnceItsTransactionsHaveEnded(t *testing.T) {
	s, _ := sync(nil).OpenUntracked(nil, "versionnumber")
	scan := func(after time.Duration, version uint64) {
		s.BeginUntracked(issued().Add(after))
		if version > 0 {
			s.PassVersion(version, 0)
		}
		s.EndByVersion(0, issued().Add(after+time.Second))
	}
	scan(0, 100)
	assert.Zero(t, s.AfterVersion, "a lower version may still be committed")
	scan(9*time.Minute, 200)
	assert.Zero(t, s.AfterVersion, "and this scan would not have seen it")
	scan(11*time.Minute, 300)
	assert.EqualValues(t, 100, s.AfterVersion, "this one has read all rows below it")
	scan(time.Hour, 0)
	assert.EqualValues(t, 300, s.AfterVersion)
	scan(2*time.Hour, 0)
	assert.EqualValues(t, 300, s.AfterVersion)
	assert.Empty(t, s.Marks)
}

func TestTheMarksOfFrequentSyncsStayFew(t *testing.T) {
	s, _ := sync(nil).OpenUntracked(nil, "versionnumber")
	for n := range 200 {
		at := issued().Add(time.Duration(n) * 10 * time.Second)
		s.BeginUntracked(at)
		s.PassVersion(uint64(n+1), 0)
		s.EndByVersion(0, at)
		require.LessOrEqual(t, len(s.Marks), 16)
	}
	assert.Greater(t, s.AfterVersion, uint64(60), "marks grow old although others are dropped")
	assert.LessOrEqual(t, s.AfterVersion, uint64(140), "and none is used before its time")
}

func TestAScanByTimeContinuesFromItsBeginning(t *testing.T) {
	began := issued().Add(1500 * time.Millisecond)
	s := new(fixtures(t)["by_time"])
	s.BeginUntracked(began)
	s.BeginUntracked(began.Add(time.Hour))
	s.EndByTime(7)
	assert.Equal(t, issued().Add(time.Second), s.Since, "in whole seconds, as the service has them")
	assert.Zero(t, s.Began)
	assert.EqualValues(t, 919060, s.Bound, "the greatest bound counts")

	middle := new(fixtures(t)["by_time_middle"])
	middle.BeginUntracked(issued().Add(5 * time.Hour))
	middle.EndByTime(0)
	assert.Equal(t, issued().Add(time.Hour), middle.Since, "a scan that was resumed began when its first page came")
	assert.Empty(t, middle.Link)
}

func TestTheNewestRowOfAnUntrackedScanIsKept(t *testing.T) {
	s := new(fixtures(t)["by_version"])
	before := s.NewestRow
	s.EndByVersion(0, issued())
	assert.Equal(t, before, s.NewestRow, "no row was newer")
	newer := checkpoint.Row{Key: "7ea10001-5c4f-ef11-a316-000d3a1b2c3d", Version: 919061}
	s.See(newer)
	s.EndByVersion(0, issued())
	assert.Equal(t, newer, s.NewestRow)
	assert.Zero(t, s.NewestSeen)
}

func TestARestoredEnvironmentIsReReadFromTheFirstVersion(t *testing.T) {
	for _, state := range []string{"by_version", "by_version_unbounded", "by_time_middle"} {
		before := fixtures(t)[state]
		s := before.RereadUntracked()
		assert.Equal(t, &checkpoint.State{
			Version: 2, Phase: before.Phase, TimeColumn: before.TimeColumn, MaxCursor: april, Organization: organization, Generation: before.Generation,
		}, s)
	}
}
