package integration_tests_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/users"
)

// pacedService is a service that is called directly, on synctest's clock: a page of keys takes 0.3 s and a page of rows 1 s, as
// pages of 5,000 do, but they have ten rows.
type pacedService struct {
	direct
	mu             sync.Mutex
	inFlight, most int // requests for rows or keys
}

const hintOfPaced = 8

func (s *pacedService) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.Header.Get("Prefer"), "odata.maxpagesize=") {
		return s.direct.RoundTrip(r)
	}
	short := r.Clone(r.Context())
	for part := range strings.SplitSeq(r.Header.Get("Prefer"), ",") {
		if strings.HasPrefix(part, "odata.maxpagesize=") && len(part) > len("odata.maxpagesize=10") {
			short.Header.Set("Prefer", strings.Replace(r.Header.Get("Prefer"), part, "odata.maxpagesize=10", 1))
		}
	}
	s.count(1)
	defer s.count(-1)
	return s.direct.RoundTrip(short)
}

func (s *pacedService) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight += n
	s.most = max(s.most, s.inFlight)
}

// pacedRead is a read of a large table, and perhaps of a small one beside it.
type pacedRead struct {
	pages int  // of the large table
	slots bool // the large table may be read by ranges of its key
	one   bool // one request at a time
	mode  airbyte.SyncMode
	small int // pages of the small one; 0: there is none
}

// pacedResult is when each stream was complete, how many records it had, and the most requests in flight at once.
type pacedResult struct {
	took    map[string]time.Duration
	records map[string]int
	most    int
}

// run reads on synctest's clock.
func (p pacedRead) run(t *testing.T) pacedResult {
	t.Helper()
	result := pacedResult{took: map[string]time.Duration{}, records: map[string]int{}}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3 * 365 * 24 * time.Hour) // synctest's clock begins in 2000
		keys := simulator.RandomKeys         // too many for a state, as those of a large table are
		if p.slots {
			keys = simulator.ThreeNodes // which make equal parts of the key space useless
		}
		environment, err := simulator.New(simulator.Options{
			Seed: 1, Rows: map[string]int{"account": p.pages * rowsOfPage, "contact": p.small * rowsOfPage}, Keys: keys,
		})
		require.NoError(t, err)
		service := &pacedService{direct: direct{environment.HandlerWith(simulator.ServerOptions{
			DOPHint: hintOfPaced, Latency: time.Second, KeyLatency: 300 * time.Millisecond, TokenLife: 24 * time.Hour,
		})}}
		options := dataverse.Options{}
		if p.one {
			options.MaxConcurrent = 1
		}
		client := dataverse.New(virtualRoot, signInDirectly(t, service.direct, simulator.DefaultApplication()), service, options)
		pool := signedIn(t.Context(), t, users.User{Name: "the user", Client: client})
		out, in := io.Pipe()
		read := make(chan struct{})
		job := readBy(t, pool, in, hintOfPaced)
		if p.slots {
			job.Slots = client.Slots
		}
		streams := pacedStreams(t, client, p)
		began := time.Now()
		go func() {
			result.watch(out, began)
			close(read)
		}()
		_, err = job.Run(t.Context(), streams)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		<-read
		result.most = service.most
	})
	assert.Equal(t, p.pages*rowsOfPage, result.records["account"])
	assert.Equal(t, p.small*rowsOfPage, result.records["contact"])
	return result
}

// watch notes when streams are complete, and counts records.
func (r *pacedResult) watch(out io.Reader, began time.Time) {
	buffer, rest := make([]byte, 1<<16), []byte(nil)
	for {
		n, err := out.Read(buffer)
		rest = append(rest, buffer[:n]...)
		for at := bytes.IndexByte(rest, '\n'); at >= 0; at = bytes.IndexByte(rest, '\n') {
			line := string(rest[:at])
			rest = rest[at+1:]
			for _, stream := range []string{"account", "contact"} {
				switch {
				case strings.HasPrefix(line, `{"type":"RECORD","record":{"stream":"`+stream+`"`):
					r.records[stream]++
				case strings.Contains(line, `"`+stream+`"`) && strings.Contains(line, `"COMPLETE"`):
					r.took[stream] = time.Since(began)
				}
			}
		}
		if err != nil {
			return
		}
	}
}

// pacedStreams returns the streams of a read, with the key and one column each.
func pacedStreams(t *testing.T, client *dataverse.Client, p pacedRead) []replicate.Stream {
	t.Helper()
	rows := map[string]int{"account": p.pages * rowsOfPage, "contact": p.small * rowsOfPage}
	var streams []replicate.Stream
	_, err := client.Tables(t.Context(), []string{"account", "contact"}, func(table dataverse.Table) error {
		if rows[table.LogicalName] == 0 {
			return nil
		}
		offered := catalog.Stream(table)
		configured := protocol.ConfiguredStream{
			Name: table.LogicalName, SyncMode: p.mode, SupportedSyncModes: offered.SupportedSyncModes, CursorField: offered.DefaultCursorField,
			Columns: map[string]protocol.Property{
				table.PrimaryID: {Type: []string{"null", "string"}}, "createdon": {Type: []string{"null", "string"}},
				"_ab_cdc_updated_at": {Type: []string{"null", "string"}}, "_ab_cdc_deleted_at": {Type: []string{"null", "string"}},
			},
		}
		streams = append(streams, replicate.Stream{Table: &table, Configured: configured, Rows: int64(rows[table.LogicalName])})
		return nil
	})
	require.NoError(t, err)
	return streams
}

func TestALargeTableIsReadInAThirdOfTheTime(t *testing.T) {
	t.Parallel()
	const pages = 2000
	for name, mode := range map[string]airbyte.SyncMode{"a snapshot": airbyte.SyncModeIncremental, "a full refresh": airbyte.SyncModeFullRefresh} {
		t.Run(name, func(t *testing.T) {
			chain := pacedRead{pages: pages, mode: mode}.run(t)
			lanes := pacedRead{pages: pages, mode: mode, slots: true}.run(t)
			took, before := lanes.took["account"], chain.took["account"]
			t.Logf("%v by ranges of the key, %v one page after the other: %.3f", took, before, took.Seconds()/before.Seconds())
			assert.LessOrEqual(t, took.Seconds(), 0.35*before.Seconds())
			assert.LessOrEqual(t, lanes.most, hintOfPaced)
			assert.Equal(t, 1, chain.most)
		})
	}
}

func TestOtherStreamsAreNotStarvedByTheLanesOfALargeTable(t *testing.T) {
	t.Parallel()
	read := pacedRead{pages: 300, mode: airbyte.SyncModeFullRefresh, small: 15}
	alone := read.run(t).took["contact"]
	read.slots = true
	beside := read.run(t)
	t.Logf("%v beside one page after the other, %v beside lanes", alone, beside.took["contact"])
	assert.LessOrEqual(t, beside.took["contact"], 2*alone)
	assert.LessOrEqual(t, beside.most, hintOfPaced)
}

func TestWithOneRequestAtATimeALargeTableTakesNoLonger(t *testing.T) {
	t.Parallel()
	read := pacedRead{pages: 200, mode: airbyte.SyncModeIncremental, one: true}
	before := read.run(t).took["account"]
	read.slots = true
	assert.LessOrEqual(t, read.run(t).took["account"].Seconds(), 1.03*before.Seconds())
}
