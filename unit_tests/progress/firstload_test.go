package progress_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// sinceTheBubbleBegan brings synctest's clock, which begins in 2000, to a time whose milliseconds have thirteen digits.
const sinceTheBubbleBegan = 3 * 365 * 24 * time.Hour

const interval = 30 * time.Second

// load is a whole sync with its log.
type load struct {
	service  *slowService
	counters *progress.Sync
	output   bytes.Buffer
	log      logged
	began    time.Time
	ended    time.Time
}

// logged is a log whose lines have times.
type logged struct {
	mu    sync.Mutex
	lines []line
}

type line struct {
	at    time.Time
	level airbyte.LogLevel
	text  string
}

func (l *logged) write(level airbyte.LogLevel, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line{time.Now(), level, text})
	return nil
}

// with returns the lines that begin with a prefix.
func (l *logged) with(prefix string) []line {
	return slices.DeleteFunc(slices.Clone(l.lines), func(l line) bool { return !strings.HasPrefix(l.text, prefix) })
}

// run prepares for a while and reads all tables for the first time. It runs in a bubble of synctest.
func (l *load) run(t *testing.T, preparation time.Duration) {
	t.Helper()
	l.began = time.Now()
	log := slog.New(protocol.NewLogHandler(l.log.write, slog.LevelInfo))
	l.counters = progress.New(progress.Options{Connector: "source-microsoft-dataverse", Version: "1.2.3", Log: log, Now: time.Now})
	l.counters.Connect(progress.Connection{Environment: "contoso.crm.dynamics.com", Throttled: l.service.throttling})
	watched, stop := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() { l.counters.Watch(watched, interval) })
	defer watch.Wait()
	defer stop()
	time.Sleep(preparation)
	parallel := func() int { return 8 }
	plan := progress.Plan{
		Organization: "0c0ffee0-0000-0000-0000-000000000001", ApplicationUser: "12345678-0000-0000-0000-000000000001",
		PageSize: l.service.page, Requests: func() int { return 4 }, Parallel: parallel,
	}
	var streams []replicate.Stream
	for table, rows := range l.service.rows {
		plan.Streams = append(plan.Streams, progress.PlannedStream{Name: table, Incremental: true, Estimate: int64(rows), Counted: true})
		streams = append(streams, tracked(table, rows))
	}
	l.counters.Begin(t.Context(), plan)
	job := replicate.Job{
		Environment: l.service, Output: protocol.NewWriter(&l.output), Log: log, PageSize: l.service.page, Parallel: parallel, Now: time.Now,
		Organization: plan.Organization, Progress: l.counters,
		Explain: func(_ replicate.Stream, err error) protocol.Failure {
			return protocol.Failure{Type: protocol.SystemError, Message: err.Error()}
		},
	}
	failed, err := job.Run(t.Context(), streams)
	require.NoError(t, err)
	require.Zero(t, failed)
	stop()
	watch.Wait()
	l.ended = time.Now()
	l.counters.End(t.Context(), false)
}

// tracked is a table with change tracking and its stream.
func tracked(name string, rows int) replicate.Stream {
	table := &dataverse.Table{
		LogicalName: name, EntitySet: name + "s", PrimaryID: name + "id", Tracked: true,
		Columns: []dataverse.Column{
			{Property: name + "id", Type: dataverse.UniqueIdentifier}, {Property: "name", Type: dataverse.String},
		},
	}
	return replicate.Stream{Table: table, Rows: int64(rows), Configured: protocol.ConfiguredStream{
		Name: name, SyncMode: airbyte.SyncModeIncremental, SupportedSyncModes: catalog.Stream(*table).SupportedSyncModes,
		Columns: map[string]protocol.Property{
			name + "id": {Type: []string{"null", "string"}}, "name": {Type: []string{"null", "string"}}, catalog.UpdatedAt: {}, catalog.DeletedAt: {},
		},
	}}
}

// records counts the RECORD messages of each stream, as a destination does.
func (l *load) records(t *testing.T) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for text := range strings.Lines(l.output.String()) {
		var m struct {
			Type   string
			Record struct{ Stream string }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		if m.Type == "RECORD" {
			counts[m.Record.Stream]++
		}
	}
	return counts
}

// fiveTables is a first load with 1 % throttling and 1.5 seconds a request.
func fiveTables() *load {
	return &load{service: &slowService{
		rows: map[string]int{"account": 1280, "contact": 1800, "email": 620, "opportunity": 300, "task": 140},
		page: 4, response: 1500 * time.Millisecond, pause: 20 * time.Second,
		throttled: func(n int) bool { return n%100 == 37 },
	}}
}

func TestAFirstLoadOfFiveTablesWithThrottling(t *testing.T) {
	l := fiveTables()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		l.run(t, 75*time.Second)
	})
	t.Run("logs its state every half minute from its start", l.isLoggedFromItsStart)
	t.Run("has a true range of remaining time in its second half", l.remainingTimeHoldsTheTruth)
	t.Run("ends with what the destination counts", l.summaryEqualsTheDestination)
}

func (l *load) isLoggedFromItsStart(t *testing.T) {
	before := l.began
	preparing, running := l.log.with("The sync has been preparing"), l.log.with("Progress after")
	for _, line := range append(preparing, running...) {
		assert.LessOrEqual(t, line.at.Sub(before), interval, "no line before %q", line.text)
		before = line.at
	}
	assert.LessOrEqual(t, l.ended.Sub(before), interval)
	assert.Len(t, preparing, 2)
	assert.Regexp(t, `: 0 of about 4,140 rows \(0 %\), 0 rows per second, 0 of 5 streams ended, throttled for \d+s\. `+
		`The slowest stream is \w+: token scan, page \d+ of about \d+\.`, running[1].text)
	assert.Regexp(t, `The slowest stream is contact: token scan, page \d+ of about 450\.`, running[8].text)
}

func (l *load) remainingTimeHoldsTheTruth(t *testing.T) {
	half, checked := l.began.Add(l.ended.Sub(l.began)/2), 0
	for _, line := range l.log.with("Progress after") {
		if line.at.Before(half) {
			continue
		}
		least, most := remainingIn(t, line.text)
		left := l.ended.Sub(line.at)
		assert.LessOrEqual(t, least, left, line.text)
		assert.GreaterOrEqual(t, most, left, line.text)
		assert.LessOrEqual(t, most, 3*left+2*time.Minute, "the range is of use: %s", line.text)
		checked++
	}
	assert.Greater(t, checked, 15)
}

// remainingIn reads the range of a line of progress.
func remainingIn(t *testing.T, text string) (least, most time.Duration) {
	t.Helper()
	found := regexp.MustCompile(`Remaining time: (?:less than (\d+)|(\d+) to (\d+)) minutes?\.$`).FindStringSubmatch(text)
	require.NotNil(t, found, text)
	minutes := func(number string) time.Duration {
		n, _ := strconv.Atoi(number)
		return time.Duration(n) * time.Minute
	}
	return minutes(found[2]), max(minutes(found[1]), minutes(found[3]))
}

func (l *load) summaryEqualsTheDestination(t *testing.T) {
	counts, report := l.records(t), l.counters.Report()
	require.Len(t, report.Streams, 5)
	for _, s := range report.Streams {
		assert.Equal(t, int64(l.service.rows[s.Name]), counts[s.Name], s.Name)
		assert.Equal(t, counts[s.Name], s.Figures.Rows, s.Name)
		assert.Equal(t, progress.Complete, s.Outcome)
		assert.Len(t, s.Phases, 3, "token scan, snapshot and changes")
	}
	assert.Equal(t, int64(4140), report.Totals.Rows)
	assert.Equal(t, int64(l.service.requests), report.Totals.Pages)
	assert.Equal(t, progress.Seconds(l.service.total), report.Totals.Waited)
	assert.Equal(t, int64(l.service.requests/100+1), report.Totals.Retries)
	summary := l.log.lines[len(l.log.lines)-9:]
	assert.Contains(t, summary[0].text, "The sync is complete after")
	var fromLog struct {
		Summary progress.Report `json:"sync_summary"`
	}
	require.NoError(t, json.Unmarshal([]byte(summary[8].text), &fromLog))
	assert.Equal(t, report.Totals, fromLog.Summary.Totals)
}
