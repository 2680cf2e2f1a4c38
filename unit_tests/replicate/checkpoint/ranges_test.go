package checkpoint_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/replicate/checkpoint"
	"source-microsoft-dataverse/source/replicate/keyrange"
)

// inRanges is the state of a snapshot that is read by two ranges.
func inRanges(t *testing.T) *checkpoint.State {
	t.Helper()
	middle, ok := keyrange.ParseKey("7ea10001-5c4f-ef11-a316-000d3a1b2c3d")
	require.True(t, ok)
	s := &checkpoint.State{Phase: checkpoint.Start, Organization: organization}
	s.ScanForToken()
	s.TakeToken(delta, issued())
	s.Scanned = &keyrange.Totals{Rows: 7, Sum: 1 << 63}
	s.ReadByRanges(keyrange.Divide([]keyrange.Key{middle}), []string{"name", "accountid"}, nil)
	return s
}

func TestAStateWithRangesIsReadAsItWasWritten(t *testing.T) {
	written, err := inRanges(t).Encode()
	require.NoError(t, err)
	assert.Contains(t, string(written), `"version":3`)
	again, err := checkpoint.Parse(written)
	require.NoError(t, err)
	assert.True(t, again.InMiddle())
	assert.Equal(t, inRanges(t).Ranges.Left, again.Ranges.Left)
	assert.Equal(t, keyrange.Totals{Rows: 7, Sum: 1 << 63}, *again.Scanned)
	rewritten, err := again.Encode()
	require.NoError(t, err)
	assert.Equal(t, string(written), string(rewritten))
}

func TestAScanByRangesEnds(t *testing.T) {
	for name, example := range map[string]struct {
		end     func(*checkpoint.State)
		version string
		phase   checkpoint.Phase
	}{
		"and is complete":           {func(s *checkpoint.State) { s.EndRanges(0) }, `"version":2`, checkpoint.Changes},
		"and has to be explained":   {func(s *checkpoint.State) { s.EndRanges(3) }, `"version":3`, checkpoint.Changes},
		"and was explained":         {func(s *checkpoint.State) { s.EndRanges(3); s.Explain() }, `"version":2`, checkpoint.Changes},
		"and is read again":         {func(s *checkpoint.State) { s.EndRanges(3); s.ReadAgain() }, `"version":2`, checkpoint.Snapshot},
		"because it starts over":    {func(s *checkpoint.State) { s.Restart() }, `"version":2`, checkpoint.Snapshot},
		"because the token is lost": {func(s *checkpoint.State) { *s = *s.Resync() }, `"version":2`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := inRanges(t)
			example.end(s)
			assert.Nil(t, s.Ranges)
			assert.Nil(t, s.Scanned)
			if example.phase != "" {
				assert.Equal(t, example.phase, s.Phase)
				assert.Equal(t, delta, s.DeltaLink)
			}
			written, err := s.Encode()
			require.NoError(t, err)
			assert.Contains(t, string(written), example.version)
		})
	}
}

func TestRangesContinueUnderTheSameColumns(t *testing.T) {
	sync := checkpoint.Sync{Organization: organization, EntitySet: "accounts", Columns: []string{"accountid", "name"}}
	s, opening := sync.Open(inRanges(t))
	assert.Equal(t, checkpoint.SnapshotResumed, opening)
	assert.NotNil(t, s.Ranges)
	sync.Columns = append(sync.Columns, "telephone1")
	s, opening = sync.Open(inRanges(t))
	assert.Equal(t, checkpoint.SnapshotRestarted, opening)
	assert.Nil(t, s.Ranges)
	assert.Equal(t, delta, s.DeltaLink)
}

func TestAFullRefreshContinuesItsRangesWithinItsJob(t *testing.T) {
	sync := checkpoint.Sync{Organization: organization, Job: "7", EntitySet: "accounts", Columns: []string{"accountid"}}
	s, _ := sync.OpenFullRefresh(nil)
	s.ReadByRanges(keyrange.Divide(nil), []string{"accountid"}, nil)
	s.Scanned = &keyrange.Totals{Rows: 1}
	again, opening := sync.OpenFullRefresh(s)
	assert.Equal(t, checkpoint.FullRefreshResumed, opening)
	assert.Equal(t, s.Ranges, again.Ranges)
	assert.Equal(t, s.Scanned, again.Scanned)
	sync.Job = "8"
	again, opening = sync.OpenFullRefresh(s)
	assert.Equal(t, checkpoint.FullRefreshBegins, opening)
	assert.Nil(t, again.Ranges)
}

func TestRangesWithoutAScanAreRefused(t *testing.T) {
	for _, raw := range []string{
		`{"version":3,"phase":"changes","delta_link":"accounts?$deltatoken=1%21","ranges":{"left":"AA","columns":"1","sent":{"rows":0,"sum":"0"}}}`,
		`{"version":3,"phase":"full_refresh","link":"accounts?$skiptoken=1","ranges":{"left":"AA","columns":"1","sent":{"rows":0,"sum":"0"}}}`,
		`{"version":3,"phase":"full_refresh","ranges":{"columns":"1"}}`,
		`{"version":3,"phase":"full_refresh","ranges":{"left":"!"}}`,
	} {
		_, err := checkpoint.Parse(json.RawMessage(raw))
		assert.ErrorIs(t, err, checkpoint.ErrBadState, raw)
	}
}
