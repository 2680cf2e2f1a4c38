package replicate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// versioned is the stream of a table whose rows have a version.
func versioned(state string) replicate.Stream {
	table := account()
	table.Columns = append(table.Columns, dataverse.Column{Property: dataverse.VersionColumn, Type: dataverse.BigInt})
	return streamOf(table, airbyte.SyncModeIncremental, state)
}

// version is a row with its version.
func version(id, number string) string {
	return strings.Replace(row(id, inMarch), `{`, `{"versionnumber":`+number+`,`, 1)
}

const allVersions dataverse.Link = "accounts?$select=accountid,name,versionnumber"

func versionsSince(v int) dataverse.Link {
	return dataverse.NewDeltaLink("accounts", allVersions.Select(), token(v))
}

// afterOneSync is the state behind a table of two rows, of which a2 is the newest.
func afterOneSync(t *testing.T) string {
	t.Helper()
	s := script(map[dataverse.Link]response{allVersions: {rows: []string{version("a2", "95"), version("a1", "7")}, delta: versionsSince(100)}})
	got := run(t, s, nil, versioned(""))
	require.Equal(t, "account COMPLETE", got.last())
	require.Contains(t, got.lastState(), `"newest_row":{"key":"a2","version":"95"}`)
	return got.lastState()
}

// found is what a lookup of the newest row responses.
func found(rows ...string) response { return response{rows: rows} }

const lookup = "accounts?$select=accountid,versionnumber&$filter=accountid%20eq%20a2"

func TestTheNewestRowProvesThatTheHistoryGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		changes []response // since 100, 101, ...
		lookup  []response
		resync  bool
		newest  string
	}{
		"the changes hold it": {
			[]response{{rows: []string{version("a2", "101")}, delta: versionsSince(101)}}, nil, false, `{"key":"a2","version":"101"}`,
		},
		"the changes hold its deletion": {
			[]response{{rows: []string{gone("a2")}, delta: versionsSince(101)}}, nil, false, "",
		},
		"nothing has changed": {
			[]response{{delta: versionsSince(101)}}, []response{found(version("a2", "95"))}, false, `{"key":"a2","version":"95"}`,
		},
		"other rows have changed": {
			[]response{{rows: []string{version("a1", "101")}, delta: versionsSince(101)}}, []response{found(version("a2", "95"))}, false, `{"key":"a1","version":"101"}`,
		},
		"it changes behind the scan": {
			[]response{{delta: versionsSince(101)}, {rows: []string{version("a2", "102")}, delta: versionsSince(102)}},
			[]response{found(version("a2", "102"))}, false, `{"key":"a2","version":"102"}`,
		},
		"it is deleted behind the scan": {
			[]response{{delta: versionsSince(101)}, {rows: []string{gone("a2")}, delta: versionsSince(102)}}, []response{found()}, false, "",
		},
		"it changes while a transaction is open for long": {
			[]response{{delta: versionsSince(101)}, {delta: versionsSince(102)}}, []response{found(version("a2", "104"))}, false, `{"key":"a2","version":"95"}`,
		},
		"it has another version": {
			[]response{{delta: versionsSince(101)}, {rows: []string{version("a1", "102")}, delta: versionsSince(102)}}, []response{found(version("a2", "94"))}, true, "",
		},
		"it is not there": {
			[]response{{delta: versionsSince(101)}, {delta: versionsSince(102)}}, []response{found()}, true, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := script(nil)
			for i, changes := range c.changes {
				s.responses[versionsSince(100+i)] = []response{changes}
			}
			s.filtered = map[dataverse.Link][]response{lookup: c.lookup}
			s.responses[allVersions] = []response{{rows: []string{version("a1", "7")}, delta: versionsSince(200)}}
			got := run(t, s, nil, versioned(afterOneSync(t)))
			require.Equal(t, "account COMPLETE", got.last(), got.messages)
			assert.Empty(t, s.filtered[lookup], "it is asked for once")
			assert.Equal(t, c.resync, strings.Contains(got.log, "as after a restored backup"))
			assert.Equal(t, c.resync, strings.Contains(got.log, "level=WARN"))
			if c.resync {
				assert.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
				assert.Contains(t, got.lastState(), `"newest_row":{"key":"a1","version":"7"}`)
				return
			}
			assert.Len(t, s.asked, len(c.changes))
			assert.Contains(t, got.lastState(), c.newest)
			assert.Equal(t, c.newest == "", !strings.Contains(got.lastState(), "newest_row"))
		})
	}
}

func TestARowThatAResumedScanHasSentProvesTheHistory(t *testing.T) {
	s := script(map[dataverse.Link]response{
		versionsSince(100): {rows: []string{version("a2", "101")}, next: allVersions + "&$skiptoken=2"},
	})
	s.responses[allVersions+"&$skiptoken=2"] = []response{{err: refusal(http.StatusForbidden, "")}}
	killed := run(t, s, nil, versioned(afterOneSync(t)))
	require.Equal(t, 1, killed.failed)
	s.responses[allVersions+"&$skiptoken=2"] = []response{{context: "x", delta: versionsSince(102)}}
	s.responses[versionsSince(102)] = []response{{delta: versionsSince(103)}}
	s.filtered = map[dataverse.Link][]response{lookup: {found(version("a2", "101"))}}
	got := run(t, s, nil, versioned(killed.lastState()))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Contains(t, got.lastState(), `"newest_row":{"key":"a2","version":"101"}`)
}

func TestALookupOfTheNewestRowThatFailsFailsTheStream(t *testing.T) {
	s := script(map[dataverse.Link]response{versionsSince(100): {delta: versionsSince(101)}})
	s.filtered = map[dataverse.Link][]response{lookup: {{err: expired()}}}
	got := run(t, s, nil, versioned(afterOneSync(t)))
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Empty(t, got.states(), "the token stays as it was")
}

func TestADeletionThatCannotBeSentEndsWhatItsRowProves(t *testing.T) {
	stream := versioned(afterOneSync(t))
	delete(stream.Configured.Columns, catalog.DeletedAt)
	s := script(map[dataverse.Link]response{
		versionsSince(100): {rows: []string{version("a2", "101"), gone("a2")}, delta: versionsSince(101)},
		versionsSince(101): {delta: versionsSince(102)},
	})
	once := run(t, s, nil, stream)
	require.Equal(t, "account COMPLETE", once.last())
	assert.NotContains(t, once.lastState(), "newest_row")

	stream.State = []byte(once.lastState())
	again := run(t, s, nil, stream)
	assert.Equal(t, "account COMPLETE", again.last())
	assert.NotContains(t, again.log, "as after a restored backup")
}

func TestChangesWithoutAContextAreNoEvidenceAgainstTheToken(t *testing.T) {
	s := script(map[dataverse.Link]response{versionsSince(100): {bare: true, rows: []string{version("a1", "101")}, delta: versionsSince(101)}})
	s.responses[allVersions] = []response{{rows: []string{version("a1", "101")}, delta: versionsSince(102)}}
	got := run(t, s, nil, versioned(afterOneSync(t)))
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Empty(t, got.states(), "the token stays as it was")
}
