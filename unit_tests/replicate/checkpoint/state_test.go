package checkpoint_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const (
	organization = "0c0ffee0-0000-0000-0000-000000000001"
	april        = "2026-04-01T00:00:00.000000Z"
	columns      = "accounts?$select=accountid,modifiedon,name"

	keys  dataverse.Link = "accounts?$select=accountid"
	page  dataverse.Link = columns + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
	delta dataverse.Link = columns + "&$deltatoken=919058%2108%2f22%2f2017%2008%3a21%3a20"
)

func issued() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

func threeKeys(t *testing.T) *checkpoint.KeySet {
	t.Helper()
	set := checkpoint.NewKeySet()
	for _, key := range []string{"7ea10000-5c4f-ef11-a316-000d3a1b2c3d", "7ea10001-5c4f-ef11-a316-000d3a1b2c3d", "7ea10002-5c4f-ef11-a316-000d3a1b2c3d"} {
		_, ok := set.Add([]byte(key))
		require.True(t, ok)
	}
	return set
}

// fixtures are states of each phase. Once a version is released, files stay whatever version is current.
func fixtures(t *testing.T) map[string]checkpoint.State {
	t.Helper()
	with := func(change func(*checkpoint.State)) checkpoint.State {
		s := checkpoint.State{Version: 2, MaxCursor: april, Organization: organization}
		change(&s)
		return s
	}
	return map[string]checkpoint.State{
		"full_refresh": with(func(s *checkpoint.State) {
			s.Phase, s.Job, s.Restarts, s.Link, s.Began = checkpoint.FullRefresh, "77", 1, page, issued()
		}),
		"full_refresh_complete": with(func(s *checkpoint.State) {
			s.Phase, s.Job, s.Complete, s.Began = checkpoint.FullRefresh, "77", true, issued()
		}),
		"by_version": with(func(s *checkpoint.State) {
			s.Phase, s.AfterVersion, s.Bound, s.Generation = checkpoint.ByVersion, 919057, 919060, generation(3)
			s.NewestRow = checkpoint.Row{Key: "7ea10000-5c4f-ef11-a316-000d3a1b2c3d", Version: 919057}
		}),
		"by_version_unbounded": with(func(s *checkpoint.State) {
			s.Phase, s.AfterVersion, s.SentVersion, s.Began = checkpoint.ByVersion, 100, 300, issued()
			s.Marks = []checkpoint.Mark{{At: issued().Add(-20 * time.Minute), Version: 150}, {At: issued().Add(-5 * time.Minute), Version: 200}}
		}),
		"by_time": with(func(s *checkpoint.State) {
			s.Phase, s.TimeColumn, s.Since, s.Bound = checkpoint.ByTime, "modifiedon", issued(), 919060
		}),
		"by_time_middle": with(func(s *checkpoint.State) {
			s.Phase, s.TimeColumn, s.Since, s.Link, s.Began = checkpoint.ByTime, "modifiedon", issued(), page, issued().Add(time.Hour)
		}),
		"token_scan": with(func(s *checkpoint.State) {
			s.Phase, s.Link, s.Issued = checkpoint.TokenScan, keys+"&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E", issued()
		}),
		"snapshot": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued = checkpoint.Snapshot, delta, issued()
		}),
		"snapshot_numbered": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.Link, s.PageSize = checkpoint.Snapshot, delta, issued(), page, 1000
		}),
		"snapshot_resync": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.DeletionsUnknownSince = checkpoint.Snapshot, delta, issued(), issued().AddDate(0, -1, 0)
			s.DeletionsPossiblyUnknownSince = checkpoint.UnknownTime()
		}),
		"reconcile_deletions": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.KnownKeys = checkpoint.ReconcileDeletions, delta, issued(), threeKeys(t)
			s.DeletionsUnknownSince = issued().AddDate(0, -1, 0)
		}),
		"changes": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.Generation = checkpoint.Changes, delta, issued(), generation(3)
			s.NewestRow = checkpoint.Row{Key: "7ea10000-5c4f-ef11-a316-000d3a1b2c3d", Version: 919057}
		}),
		"changes_middle": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.Link, s.Restarts = checkpoint.Changes, delta, issued(), page, 2
			s.NewestSeen = checkpoint.Row{Key: "7ea10001-5c4f-ef11-a316-000d3a1b2c3d", Version: 919059}
		}),
		"changes_by_keys": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.ByKeys = checkpoint.Changes, keys+"&$deltatoken=919058%21", issued(), true
			s.Columns = []string{"accountid", "modifiedon", "name"}
		}),
		"changes_known_keys": with(func(s *checkpoint.State) {
			s.Phase, s.DeltaLink, s.Issued, s.KnownKeys = checkpoint.Changes, delta, issued(), threeKeys(t)
		}),
	}
}

func generation(n int64) *int64 { return &n }

func TestAStateIsReadAndWrittenAsItsFileHasIt(t *testing.T) {
	all := fixtures(t)
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(all))
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			require.NoError(t, err)
			read, err := checkpoint.Parse(raw)
			require.NoError(t, err)
			written, err := read.Encode()
			require.NoError(t, err)
			assert.Equal(t, withoutKeys(t, string(raw)), withoutKeys(t, string(written)))
			if want.KnownKeys != nil {
				assert.Equal(t, want.KnownKeys.List(), read.KnownKeys.List(), "the same keys, however they are packed")
				want.KnownKeys, read.KnownKeys = nil, nil
			}
			assert.Equal(t, want, *read)
		})
	}
}

// withoutKeys is a state without its keys: how they are packed may differ from one version of Go to the next.
func withoutKeys(t *testing.T, state string) string {
	t.Helper()
	require.True(t, json.Valid([]byte(state)))
	return regexp.MustCompile(`"known_keys":"[^"]*",`).ReplaceAllString(state, "")
}

func TestAStateIsWrittenWithThePresentVersion(t *testing.T) {
	raw, err := checkpoint.State{Phase: checkpoint.FullRefresh}.Encode()
	require.NoError(t, err)
	assert.Equal(t, `{"version":2,"phase":"full_refresh"}`, string(raw))
}

func TestWhatIsNoState(t *testing.T) {
	for _, raw := range []string{
		``, `null`, `{}`, `"None"`, `{"$deltatoken":"None"}`, `{"$deltatoken":null}`, `{"$deltatoken":""}`,
		" \n{ }\t", `[]`, ` [ ] `, "\n\"None\" ", `" None "`, ` null `, ` {"$deltatoken": "None"} `,
		`{"__ab_no_cursor_state_message":true}`, `{"__ab_full_refresh_sync_complete":true}`,
	} {
		t.Run(raw+" is none", func(t *testing.T) {
			state, err := checkpoint.Parse(json.RawMessage(raw))
			require.NoError(t, err)
			assert.Nil(t, state)
		})
	}
}

func TestOnlyAStateThatIsNullIsNull(t *testing.T) {
	assert.True(t, checkpoint.IsNull(json.RawMessage(" null\n")))
	for _, raw := range []string{``, `{}`, `[]`, `"null"`, `"None"`} {
		assert.False(t, checkpoint.IsNull(json.RawMessage(raw)), raw)
	}
}

func TestAStateOfANewerConnectorIsRefused(t *testing.T) {
	_, err := checkpoint.Parse(json.RawMessage(`{"version":4,"phase":"changes","position":[1]}`))
	var future *checkpoint.FutureStateError
	require.ErrorAs(t, err, &future)
	assert.Equal(t, 4, future.Version)
	assert.EqualError(t, err, "the saved state has version 4, and this version of the connector reads version 3")
	for _, raw := range []string{`{"version":4,"phase":{}}`, `{"version":4,"known_keys":{}}`, `{"version":4,"max_cursor":5}`, `{"$deltatoken":1,"version":4}`} {
		_, err := checkpoint.Parse(json.RawMessage(raw))
		assert.ErrorAs(t, err, &future, raw)
	}
}

// NotStates are texts that are no state of this connector or of the Python connector.
func notStates() map[string]string {
	return map[string]string{
		"a text":                       `"yesterday"`,
		"a number":                     `5`,
		"a list":                       `[1]`,
		"no JSON":                      `{"version":`,
		"a token of a wrong type":      `{"$deltatoken":5}`,
		"a version of a wrong type":    `{"version":"2","phase":"full_refresh"}`,
		"an unknown phase":             `{"version":2,"phase":"cursor2"}`,
		"no phase":                     `{"version":2}`,
		"changes without a delta link": `{"version":2,"phase":"changes","link":"accounts"}`,
		"a cursor that is none":        `{"version":2,"phase":"full_refresh","max_cursor":"2026-04-01"}`,
		"a cursor too long":            `{"version":2,"phase":"full_refresh","max_cursor":"2026-04-01T00:00:00.0000000Z"}`,
		"a start":                      `{"version":2,"phase":"start","link":"accounts"}`,
		"a snapshot without a token":   `{"version":2,"phase":"snapshot","link":"accounts"}`,
		"times without a column":       `{"version":2,"phase":"by_time","since":"2026-04-01T12:00:00Z"}`,
		"no keys to look for":          `{"version":2,"phase":"reconcile_deletions","delta_link":"accounts?$deltatoken=1"}`,
		"keys that are none":           `{"version":2,"phase":"changes","delta_link":"accounts?$deltatoken=1","known_keys":"?"}`,
		"keys that do not unpack":      `{"version":2,"phase":"changes","delta_link":"accounts?$deltatoken=1","known_keys":"AAAA"}`,
		"half a key":                   `{"version":2,"phase":"changes","delta_link":"accounts?$deltatoken=1","known_keys":"SkxKTgYA"}`,
		"nobody's":                     `{"modifiedon":"2024"}`,
		"a version of nothing":         `{"version":0,"phase":"full_refresh"}`,
		"a former version":             `{"version":1,"phase":"full_refresh"}`,
		"a version below nothing":      `{"version":-3,"phase":"full_refresh"}`,
		"an issue that is none":        `{"version":2,"phase":"full_refresh","issued":"now"}`,
	}
}

func TestAStateThatIsNotOursIsRefused(t *testing.T) {
	for name, raw := range notStates() {
		t.Run(name, func(t *testing.T) {
			_, err := checkpoint.Parse(json.RawMessage(raw))
			require.ErrorIs(t, err, checkpoint.ErrBadState)
		})
	}
}

func TestTheTokenOfThePythonConnectorIsTakenOver(t *testing.T) {
	for name, c := range map[string]struct {
		raw, token string
		issued     time.Time
	}{
		"decoded, as it saves it": {`{"$deltatoken":"100!04/01/2026 12:00:00"}`, "100%2104%2F01%2F2026%2012%3A00%3A00", issued()},
		"encoded":                 {`{"$deltatoken":"100%2104%2f01%2f2026%2012%3a00%3a00"}`, "100%2104%2f01%2f2026%2012%3a00%3a00", issued()},
		"of another form":         {`{"$deltatoken":"opaque"}`, "opaque", time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := checkpoint.Parse(json.RawMessage(c.raw))
			require.NoError(t, err)
			assert.Equal(t, checkpoint.Changes, s.Phase)
			assert.Equal(t, c.token, s.PythonToken)
			assert.True(t, c.issued.Equal(s.Issued))
		})
	}
}
