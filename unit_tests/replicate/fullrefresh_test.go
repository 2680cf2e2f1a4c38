package replicate_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

const (
	march = "2026-03-01T00:00:00.000000Z"
	april = "2026-04-01T00:00:00.000000Z"
)

// twoPages is a table of two pages.
func twoPages() map[dataverse.Link]response {
	return map[dataverse.Link]response{
		first:  {rows: []string{row("a1", "2026-03-01T00:00:00Z"), row("a2", "2026-04-01T00:00:00Z")}, next: second},
		second: {rows: []string{row("a3", "2026-03-01T00:00:00Z")}},
	}
}

// fullState is the state of a full refresh.
func fullState(rest string) string { return `{"version":2,"phase":"full_refresh",` + rest + `}` }

func ofOrganization() string { return `"organization":"` + organization + `"` }

func TestAFullRefreshReadsEveryPageAndSavesEach(t *testing.T) {
	s := script(twoPages())
	got := run(t, s, inJob("77"), fullRefresh(""))
	require.NoError(t, got.err)
	assert.Zero(t, got.failed)
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		`account STATE 0.0 ` + fullState(`"max_cursor":"`+noon+`",`+ofOrganization()+`,"job":"77","began":"2026-04-01T12:00:00Z"`),
		record("a1", noon), record("a2", noon),
		`account STATE 2.0 ` + fullState(`"link":"`+escaped(second)+`","max_cursor":"`+noon+`",`+ofOrganization()+`,"job":"77","began":"2026-04-01T12:00:00Z"`),
		`account STATE 0.0 ` + fullState(`"link":"`+escaped(second)+`","max_cursor":"`+afterNoon+`",`+ofOrganization()+`,"job":"77","began":"2026-04-01T12:00:00Z"`),
		record("a3", afterNoon),
		`account STATE 1.0 ` + fullState(`"max_cursor":"`+afterNoon+`",`+ofOrganization()+`,"job":"77","began":"2026-04-01T12:00:00Z","__ab_full_refresh_sync_complete":true`),
		"account COMPLETE",
	}, got.messages, "a state with the page's cursor goes ahead of it")
	assert.Equal(t, []dataverse.PageRequest{
		{Table: "account", Link: first, Size: 5000}, {Table: "account", Link: second, Size: 5000},
	}, s.asked, "nothing is tracked")
}

func TestAnEmptyTableRunsAndCompletes(t *testing.T) {
	got := run(t, script(map[dataverse.Link]response{first: {}}), nil, fullRefresh(""))
	assert.Equal(t, []string{
		"account STARTED", "account RUNNING",
		`account STATE 0.0 ` + fullState(ofOrganization()+`,"began":"2026-04-01T12:00:00Z","__ab_full_refresh_sync_complete":true`),
		"account COMPLETE",
	}, got.messages)
}

func TestAnInterruptedFullRefreshContinuesInItsJobOnly(t *testing.T) {
	middle := func(job string) string {
		return fullState(`"link":"` + escaped(second) + `",` + ofOrganization() + job)
	}
	cases := map[string]struct {
		state, job string
		goesOn     bool
	}{
		"the same job":                     {middle(`,"job":"77"`), "77", true},
		"another job":                      {middle(`,"job":"76"`), "77", false},
		"outside the platform":             {middle(""), "", true},
		"begun outside, read by a job":     {middle(""), "77", false},
		"begun by a job, read outside":     {middle(`,"job":"77"`), "", false},
		"another organization":             {fullState(`"link":"` + escaped(second) + `","organization":"other"`), "", false},
		"another entity set":               {fullState(`"link":"old_accounts?$select=accountid,name",` + ofOrganization()), "", false},
		"other columns":                    {fullState(`"link":"accounts?$select=accountid\u0026$skiptoken=1",` + ofOrganization()), "", false},
		"no link":                          {fullState(ofOrganization()), "", false},
		"a state of an incremental stream": {snapshotState(second, ofOrganization()), "", false},
		"a state of the Python connector":  {`{"$deltatoken":"1895!11/21/2026 09:45:06"}`, "", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := script(twoPages())
			got := run(t, s, inJob(c.job), fullRefresh(c.state))
			want := []dataverse.Link{first, second}
			if c.goesOn {
				want = want[1:]
			}
			assert.Equal(t, want, s.links())
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Equal(t, name == "another entity set" || name == "other columns", strings.Contains(got.log, "holds them twice"))
		})
	}
}

func TestAFullRefreshSupersedesWhatWasSentBefore(t *testing.T) {
	const june = "2026-06-01T00:00:00.000000Z"
	const afterJune = "2026-06-01T00:00:00.000001Z"
	for name, c := range map[string]struct {
		state   string
		records []string
	}{
		"by its own interrupted scan": {
			fullState(`"link":"` + escaped(second) + `","max_cursor":"` + june + `",` + ofOrganization()), []string{record("a3", afterJune)},
		},
		"by a tracked stream": {
			changesState(100, june), []string{record("a1", afterJune), record("a2", afterJune), record("a3", "2026-06-01T00:00:00.000002Z")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, script(twoPages()), nil, fullRefresh(c.state))
			assert.Equal(t, c.records, got.records())
		})
	}
}

func TestACompleteFullRefreshIsRepeatedExceptByItsJob(t *testing.T) {
	complete := func(job string) string {
		return fullState(ofOrganization() + job + `,"__ab_full_refresh_sync_complete":true`)
	}
	t.Run("a later attempt of its job reads nothing", func(t *testing.T) {
		s := script(nil)
		got := run(t, s, inJob("77"), fullRefresh(complete(`,"job":"77"`)))
		assert.Equal(t, []string{
			"account STARTED", "account RUNNING", "account STATE 0.0 " + complete(`,"job":"77"`), "account COMPLETE",
		}, got.messages)
		assert.Empty(t, s.asked)
	})
	for name, c := range map[string]struct{ state, job string }{
		"by another job":              {complete(`,"job":"77"`), "78"},
		"outside the platform":        {complete(""), ""},
		"outside, after one of a job": {complete(`,"job":"77"`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, script(twoPages()), inJob(c.job), fullRefresh(c.state))
			assert.Len(t, got.records(), 3)
		})
	}
}

func TestAScanWhosePageIsRefusedStartsOver(t *testing.T) {
	for name, refused := range map[string]error{
		"by its number":   refusal(http.StatusBadRequest, dataverse.CodePageNumber),
		"by its order":    refusal(http.StatusBadRequest, dataverse.CodePageOrder),
		"as unparseable":  refusal(http.StatusBadRequest, dataverse.CodeURINotParsed),
		"in a wrong case": refusal(http.StatusNotFound, dataverse.CodePageNumber),
	} {
		t.Run(name, func(t *testing.T) {
			s := script(twoPages())
			s.responses[third] = []response{{err: refused}}
			got := run(t, s, nil, fullRefresh(fullState(`"link":"`+escaped(third)+`",`+ofOrganization())))
			assert.Equal(t, []dataverse.Link{third, first, second}, s.links())
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Contains(t, got.log, "a destination that appends without removing duplicates holds them twice")
		})
	}
	t.Run("but not for ever", func(t *testing.T) {
		s := script(twoPages())
		s.responses[first] = slices.Repeat(s.responses[first], 10)
		s.responses[second] = slices.Repeat([]response{{err: cookieRefused()}}, 10)
		got := run(t, s, nil, fullRefresh(""))
		assert.Equal(t, slices.Repeat([]dataverse.Link{first, second}, 4), s.links())
		assert.Equal(t, "account INCOMPLETE", got.last())
	})
	t.Run("and not where it is the first", func(t *testing.T) {
		s := script(map[dataverse.Link]response{first: {err: cookieRefused()}})
		got := run(t, s, nil, fullRefresh(""))
		assert.Equal(t, []dataverse.Link{first}, s.links())
		assert.Equal(t, 1, got.failed)
	})
}

func TestAStreamThatNeverOfferedIncrementalIsReadInFull(t *testing.T) {
	untracked := account()
	untracked.Tracked = false
	s := script(twoPages())
	got := run(t, s, nil, streamOf(untracked, airbyte.SyncModeIncremental, ""))
	assert.Equal(t, "account COMPLETE", got.last())
	assert.False(t, s.asked[0].TrackChanges)
	assert.Contains(t, got.states()[0], `"phase":"full_refresh"`)
	assert.Contains(t, got.log, "read in full")
}

func TestAnElasticTableIsReadInFullUnderAnyCatalog(t *testing.T) {
	elastic := account()
	elastic.Elastic = true
	stream := streamOf(elastic, airbyte.SyncModeIncremental, "")
	stream.Configured.SupportedSyncModes = append(stream.Configured.SupportedSyncModes, airbyte.SyncModeIncremental)
	got := run(t, script(twoPages()), nil, stream)
	assert.Equal(t, "account COMPLETE", got.last())
	assert.Contains(t, got.states()[0], `"phase":"full_refresh"`)
	assert.Contains(t, got.log, "level=WARN")
	assert.Contains(t, got.log, "the partition of a deleted elastic row")
}

func TestAStreamThatNeverOfferedIncrementalStaysAFullRefresh(t *testing.T) {
	stream := func(state string) replicate.Stream {
		s := incremental(state)
		s.Configured.SupportedSyncModes = []airbyte.SyncMode{airbyte.SyncModeFullRefresh}
		return s
	}
	got := run(t, script(twoPages()), nil, stream(""))
	require.Contains(t, got.lastState(), `"phase":"full_refresh"`)
	again := run(t, script(twoPages()), nil, stream(got.lastState()))
	assert.Len(t, again.records(), 3)
	assert.Contains(t, again.lastState(), `"phase":"full_refresh"`)
}

func TestAStreamThatIsNoLongerTrackedIsAnError(t *testing.T) {
	stream := incremental("")
	stream.Table.Tracked = false
	s := script(twoPages())
	got := run(t, s, nil, stream)
	assert.Equal(t, []string{
		"account STARTED", "account ERROR change tracking is off for table account", "account INCOMPLETE",
	}, got.messages)
	assert.Empty(t, s.asked)
}
