package progress_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// start is when the syncs of these tests begin.
func start() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

func later(d time.Duration) time.Time { return start().Add(d) }

// inPhase is a stream that is in a phase since the sync began.
func inPhase(name string, phase checkpoint.Phase, pages, scanned, estimate int64) progress.StreamFigures {
	return progress.StreamFigures{
		Name: name, Mode: "incremental", Started: start(), EstimateKnown: estimate > 0,
		Figures: progress.Figures{Pages: pages, Estimate: estimate},
		Phases:  []progress.PhaseSpan{{Phase: phase, From: start(), Pages: pages, Scanned: scanned}},
	}
}

// read is a stream that was complete after a time.
func read(name string, f progress.Figures, took time.Duration) progress.StreamFigures {
	return progress.StreamFigures{Name: name, Mode: "incremental", Outcome: progress.Complete, Started: start(), Ended: later(took), Figures: f}
}

func TestThePlanIsOneLine(t *testing.T) {
	number := func(n int) func() int { return func() int { return n } }
	p := progress.Plan{
		Organization: "0c0ffee0-0000-0000-0000-000000000001", ApplicationUser: "12345678-9abc-0000-0000-000000000001",
		PageSize: 5000, Requests: number(1), Parallel: number(2),
		Streams: []progress.PlannedStream{
			{Name: "account", Incremental: true}, {Name: "contact", Incremental: true, HasState: true}, {Name: "task"}, {Name: "email"},
		},
	}
	o := progress.Options{Connector: "source-microsoft-dataverse", Version: "1.2.3"}
	assert.Equal(t, "source-microsoft-dataverse 1.2.3 reads 4 streams of contoso.crm.dynamics.com (organization "+
		"0c0ffee0-0000-0000-0000-000000000001, application user 12345678…): 1 incremental from a saved state, 1 incremental without a "+
		"state, so with an initial snapshot, 2 full refresh. Pages have up to 5,000 rows. Up to 1 request and 2 streams run at the same time.",
		p.Text(o, "contoso.crm.dynamics.com"))
}

func TestTheStateOfASyncIsOneLine(t *testing.T) {
	scan := inPhase("account", checkpoint.TokenScan, 812, 812*5000, 9_900_000)
	changes := inPhase("contact", checkpoint.Changes, 1, 12, 0)
	changes.ReadsChanges = true
	for name, example := range map[string]struct {
		snapshot progress.Snapshot
		rate     float64
		want     string
	}{
		"while it is prepared": {
			progress.Snapshot{At: later(time.Minute), Started: start()}, 0,
			"The sync has been preparing for 1m0s: it reads the definitions of the tables.",
		},
		"while it is prepared and the service makes it wait": {
			progress.Snapshot{At: later(time.Minute), Started: start(), Waiting: later(90 * time.Second)}, 0,
			"The sync has been preparing for 1m0s: it reads the definitions of the tables. " +
				"Dataverse limits the requests, so all of them wait for another 30s.",
		},
		"in a token scan": {
			progress.Snapshot{
				Stage: progress.Reading, At: later(25 * time.Minute), Started: start(), Streams: []progress.StreamFigures{scan},
				EstimateKnown: true, Totals: progress.Figures{Estimate: 9_900_000},
			}, 0,
			"Progress after 25m0s: 0 of about 9,900,000 rows (0 %), 0 rows per second, 0 of 1 stream ended, throttled for 0s. " +
				"The slowest stream is account: token scan, page 812 of about 1,980.",
		},
		"with changes, waits and a known rest": {
			progress.Snapshot{
				Stage: progress.Reading, At: later(2 * time.Hour), Started: start(),
				Streams: []progress.StreamFigures{changes, read("task", progress.Figures{}, time.Minute)},
				Totals:  progress.Figures{Rows: 1, Deletions: 1200, Waited: progress.Seconds(35 * time.Second)}, Waiting: later(2*time.Hour + 4*time.Second),
				Remaining: progress.Remaining{Known: true, Least: 4*time.Minute + 59*time.Second, Most: 7*time.Minute + time.Second},
			}, 0.6,
			"Progress after 2h0m0s: 1 row and 1,200 deletions, 1 row per second, 1 of 2 streams ended, throttled for 35s. " +
				"The slowest stream is contact: changes, 1 page. Dataverse limits the requests, so all of them wait for another 4s. " +
				"Remaining time: 4 to 8 minutes.",
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, example.want, example.snapshot.Text(example.rate)) })
	}
}

func TestTheEndOfAStreamIsOneLine(t *testing.T) {
	for want, change := range map[string]func(*progress.StreamFigures){
		"Stream account is complete after 12m30s: 1,250,000 rows, 1 deletion, 812.4 MB in 250 pages, 3 retries, waited for 35s.": func(*progress.StreamFigures) {},
		"Stream account ended with an error after 12m30s: 1 row, 1 deletion, 812.4 MB in 250 pages, 1 retry, waited for 35s.":    func(f *progress.StreamFigures) { f.Outcome, f.Figures.Rows, f.Figures.Retries = progress.Failed, 1, 1 },
		"Stream account was stopped before its end after 9.5s: 1,250,000 rows, 1 deletion, 812.4 MB in 1 page, 3 retries, waited for 0s.": func(f *progress.StreamFigures) {
			f.Outcome, f.Ended, f.Figures.Pages, f.Figures.Waited = progress.Incomplete, later(9540*time.Millisecond), 1, 0
		},
	} {
		f := read("account", progress.Figures{
			Rows: 1_250_000, Deletions: 1, Bytes: 812_363_000, Pages: 250, Retries: 3, Waited: progress.Seconds(35 * time.Second),
		}, 12*time.Minute+30*time.Second)
		change(&f)
		assert.Equal(t, want, f.Text())
	}
}

func TestTheRemainingTimeIsARangeRoundedOutward(t *testing.T) {
	for want, r := range map[string]progress.Remaining{
		"":                    {},
		"less than 1 minute":  {Known: true, Most: 59 * time.Second},
		"less than 2 minutes": {Known: true, Least: 50 * time.Second, Most: 61 * time.Second},
		"1 to 3 minutes":      {Known: true, Least: 119 * time.Second, Most: 121 * time.Second},
		"90 to 120 minutes":   {Known: true, Least: 90 * time.Minute, Most: 2 * time.Hour},
		"1.5 to 3 hours":      {Known: true, Least: 119 * time.Minute, Most: 2*time.Hour + 31*time.Minute},
		"less than 2.5 hours": {Known: true, Least: 29 * time.Minute, Most: 2*time.Hour + time.Minute},
		"100 to 130 hours":    {Known: true, Least: 100 * time.Hour, Most: 130 * time.Hour},
	} {
		assert.Equal(t, want, r.Text())
	}
}

func TestTheSummaryIsATable(t *testing.T) {
	failed := read("contact", progress.Figures{Rows: 37, Bytes: 51_000, Pages: 2, Retries: 7}, 2*time.Second)
	failed.Outcome = progress.Failed
	r := progress.Report{
		Started: start(), Ended: later(12*time.Minute + 31*time.Second), Outcome: progress.Failed,
		Streams: []progress.StreamFigures{
			read("account", progress.Figures{
				Rows: 1_250_000, Deletions: 12, Bytes: 812_363_000, Pages: 501, Retries: 3, Waited: progress.Seconds(35 * time.Second),
			}, 12*time.Minute+30*time.Second),
			failed,
			{Name: "task", Mode: "full refresh", Outcome: progress.Incomplete},
		},
		Totals: progress.Figures{
			Rows: 1_250_037, Deletions: 12, Bytes: 812_414_000, Pages: 503, Retries: 10, Waited: progress.Seconds(36 * time.Second),
		},
	}
	assert.Equal(t, strings.TrimPrefix(`
The sync ended with an error after 12m31s: 1 of 3 streams complete, 1 failed, 1 not read to the end, 1,250,037 rows, 12 deletions, 812.4 MB in 503 pages, 10 retries, throttled for 36s.
stream   mode          outcome           rows  deletions     MB  pages  retries  waited    took
account  incremental   complete     1,250,000         12  812.4    501        3     35s  12m30s
contact  incremental   failed              37          0    0.1      2        7      0s      2s
task     full refresh  not started          0          0    0.0      0        0      0s      0s
total                  failed       1,250,037         12  812.4    503       10     36s  12m31s`, "\n"), strings.Join(r.Text(), "\n"))
}

func TestTheSummaryOfManyStreamsListsTheMostTelling(t *testing.T) {
	r := progress.Report{Started: start(), Ended: later(time.Hour), Outcome: progress.Failed}
	for i := range 1000 {
		s := read(fmt.Sprintf("table%03d", i), progress.Figures{Rows: 2, Pages: 1}, time.Duration(i)*time.Second)
		if i == 5 {
			s.Outcome = progress.Failed
		}
		r.Streams = append(r.Streams, s)
		r.Totals.Rows += 2
	}
	lines := r.Text()
	assert.Len(t, lines, 1+1+40+1+1)
	assert.True(t, strings.HasPrefix(lines[2], "table005 "), "the one that failed: %s", lines[2])
	assert.True(t, strings.HasPrefix(lines[3], "table999 "), "the longest: %s", lines[3])
	assert.Regexp(t, `^960 other streams +1,920 `, lines[42])
	assert.Regexp(t, `^total +failed +2,000 `, lines[43])
	line, err := r.Line()
	require.NoError(t, err)
	assert.Less(t, len(line), 500_000, "the platform accepts 20 million characters")
}

func TestTheLineForProgramsIsTheReportWithoutWhatIsLong(t *testing.T) {
	r := progress.Report{
		FormatVersion: progress.ReportVersion, Outcome: progress.Complete, Samples: []progress.Sample{{}},
		Streams: []progress.StreamFigures{inPhase("account", checkpoint.Snapshot, 2, 10000, 20000)},
	}
	line, err := r.Line()
	require.NoError(t, err)
	assert.NotContains(t, line, "\n")
	var got map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &got))
	require.Contains(t, got, "sync_summary")
	assert.EqualValues(t, 1, got["sync_summary"]["format_version"])
	assert.NotContains(t, got["sync_summary"], "samples")
	assert.NotContains(t, got["sync_summary"]["streams"].([]any)[0], "phases")
	assert.Len(t, r.Streams[0].Phases, 1, "the report keeps them")
}

func TestDurationsAreSecondsInJSON(t *testing.T) {
	text, err := json.Marshal(progress.Seconds(1500*time.Millisecond + time.Microsecond))
	require.NoError(t, err)
	assert.Equal(t, "1.5", string(text))
	var read progress.Seconds
	require.NoError(t, json.Unmarshal(text, &read))
	assert.Equal(t, progress.Seconds(1500*time.Millisecond), read)
	assert.Error(t, json.Unmarshal([]byte(`"1s"`), &read))
}
