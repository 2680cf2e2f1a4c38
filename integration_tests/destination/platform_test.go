package destination_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
)

// values returns the column n of each row, by key.
func values(d *destination.Destination) map[string]string {
	list := map[string]string{}
	for key, row := range d.Rows("thing") {
		list[key] = string(row["n"])
	}
	return list
}

func TestARefreshRemovesOrRetainsRows(t *testing.T) {
	stale, fresh := row("a", 3, `,"n":2`), row("a", 9, `,"n":2`)
	for name, c := range map[string]struct {
		how    destination.Refresh
		second string // the record of the refresh
		ends   string // its last status
		code   int
		want   map[string]string
	}{
		"removed, with a lower cursor":   {destination.RemoveRecords, stale, "COMPLETE", 0, map[string]string{"a": "2"}},
		"removed, with a greater cursor": {destination.RemoveRecords, fresh, "COMPLETE", 0, map[string]string{"a": "2"}},
		"not removed yet, incomplete":    {destination.RemoveRecords, fresh, "INCOMPLETE", 1, map[string]string{"a": "1", "b": "1"}},
		"not removed yet, another stream failed": {
			destination.RemoveRecords, fresh, "COMPLETE", 1, map[string]string{"a": "1", "b": "1"},
		},
		"retained, with a lower cursor":   {destination.RetainRecords, stale, "COMPLETE", 0, map[string]string{"a": "1", "b": "1"}},
		"retained, with a greater cursor": {destination.RetainRecords, fresh, "COMPLETE", 0, map[string]string{"a": "2", "b": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, catalog := destination.New(), things(destination.AppendDedup)
			p := destination.NewPlatform(d)
			p.BeginJob(catalog)
			apply(t, d, catalog, 0, goodRead(row("a", 5, `,"n":1`), row("b", 5, `,"n":1`))...)
			p.End(true)

			p.Refresh("thing", c.how)
			p.BeginJob(catalog)
			assert.JSONEq(t, "[]", string(d.StateFile()), "the refresh drops the state")
			lines := append(goodRead(c.second)[:4], status(c.ends))
			if c.code > 0 {
				lines = append(lines, failure)
			}
			apply(t, d, catalog, c.code, lines...)
			p.End(c.code == 0)
			assert.Equal(t, c.want, values(d))
		})
	}
}

func TestARefreshGoesOnInAnotherAttemptOfItsJob(t *testing.T) {
	d, catalog := destination.New(), things(destination.AppendDedup)
	p := destination.NewPlatform(d)
	p.BeginJob(catalog)
	apply(t, d, catalog, 0, goodRead(row("a", 5, `,"n":1`))...)
	p.End(true)

	p.Refresh("thing", destination.RemoveRecords)
	p.BeginJob(catalog)
	apply(t, d, catalog, -1, goodRead(row("b", 6, `,"n":1`))[:4]...)
	p.End(false)
	assert.Contains(t, values(d), "a")
	generation := catalog.Stream("thing").GenerationID

	p.BeginAttempt(catalog)
	assert.Equal(t, generation, catalog.Stream("thing").GenerationID)
	assert.Equal(t, []string{"WORKER_JOB_ID=2", "WORKER_JOB_ATTEMPT=1"}, p.Variables())
	assert.NotEqual(t, "[]", string(d.StateFile()), "the state of the first attempt is handed on")
	apply(t, d, catalog, 0, goodRead(row("c", 7, `,"n":1`))...)
	p.End(true)
	assert.Equal(t, map[string]string{"b": "1", "c": "1"}, values(d))

	p.BeginJob(catalog)
	assert.Equal(t, generation, catalog.Stream("thing").GenerationID)
	assert.Zero(t, catalog.Stream("thing").MinimumGenerationID, "the refresh is over")
}

func TestAFailedRefreshStartsOverInTheNextJob(t *testing.T) {
	d, catalog := destination.New(), things(destination.AppendDedup)
	p := destination.NewPlatform(d)
	p.Refresh("thing", destination.RetainRecords)
	p.BeginJob(catalog)
	p.End(false)
	p.BeginJob(catalog)
	assert.Equal(t, int64(2), catalog.Stream("thing").GenerationID)
	assert.Zero(t, catalog.Stream("thing").MinimumGenerationID)
}

func TestClearedAndBackfilledStreamsAreReadInFull(t *testing.T) {
	d, catalog := destination.New(), things(destination.AppendDedup)
	p := destination.NewPlatform(d)
	p.BeginJob(catalog)
	apply(t, d, catalog, 0, goodRead(row("a", 5, `,"n":1`))...)
	p.End(true)

	require.NoError(t, p.Backfill("thing"))
	p.BeginJob(catalog)
	assert.Contains(t, string(d.StateFile()), `"stream_state":null`)
	assert.Len(t, values(d), 1)
	assert.Zero(t, catalog.Stream("thing").GenerationID)

	p.Clear("thing")
	p.BeginJob(catalog)
	assert.JSONEq(t, "[]", string(d.StateFile()))
	assert.Empty(t, values(d))
	assert.Equal(t, int64(1), catalog.Stream("thing").GenerationID)
	assert.Zero(t, catalog.Stream("thing").MinimumGenerationID)
}

func TestStatesThatThePlatformLosesLeaveTheirRecords(t *testing.T) {
	catalog := things(destination.AppendDedup)
	lines := slices.Concat(goodRead(row("a", 1, `,"n":1`))[:4], []string{row("b", 1, `,"n":1`), state(2, 1), status("COMPLETE")})
	for kept, want := range map[int]string{-1: `{"v":2}`, 2: `{"v":2}`, 1: `{"v":1}`, 0: ""} {
		d := destination.New()
		s, err := d.Begin(catalog)
		require.NoError(t, err)
		s.KeepStates(kept)
		for _, line := range lines {
			s.Line([]byte(line))
		}
		assert.Empty(t, s.End(0, nil).Violations)
		assert.Equal(t, want, string(d.State("thing")))
		assert.Len(t, values(d), 2)
	}
}
