package dataverse_test

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// crowd is a service that counts how many requests are in it at once.
type crowd struct {
	hint    string
	refuses atomic.Bool // the next request meets a limit
	wait    string      // Retry-After of that refusal

	now, most, all atomic.Int32
}

func (c *crowd) response(w http.ResponseWriter, r *http.Request) {
	c.all.Add(1)
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	if c.hint != "" {
		w.Header().Set("x-ms-dop-hint", c.hint)
	}
	if c.refuses.CompareAndSwap(true, false) {
		refuse(http.StatusTooManyRequests, throttled, "Retry-After", c.wait)(w, r)
		return
	}
	time.Sleep(2 * time.Millisecond)
	good(emptyPage)(w, r)
}

// readMany reads so many pages, as many at once as the client lets pass.
func readMany(t *testing.T, c *dataverse.Client, n int) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			_, _, err := read(t.Context(), c, "accounts")
			assert.NoError(t, err)
		})
	}
	group.Wait()
}

func TestConcurrentRequestsNeverExceed(t *testing.T) {
	for name, example := range map[string]struct {
		hint       string
		concurrent int
		most       int32
	}{
		"four where nothing is known":                      {"", 0, 4},
		"the service hints":                                {"7", 0, 7},
		"one, where the service hints so":                  {"1", 0, 1},
		"the service ever takes of one user":               {"500", 0, 52},
		"the user allows, whatever the service hints":      {"48", 3, 3},
		"the user allows, where nothing is known":          {"", 6, 6},
		"the service hints, though the user allows more":   {"2", 6, 2},
		"four where the hint is no number":                 {"many", 0, 4},
		"four where the hint is zero":                      {"0", 0, 4},
		"one, where the user allows one and nothing hints": {"", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			service := &crowd{hint: example.hint}
			c := startService(t, true, service.response).client(func(o *dataverse.Options) { o.MaxConcurrent = example.concurrent })
			readMany(t, c, 1) // which brings the hint
			readMany(t, c, 200)
			assert.LessOrEqual(t, service.most.Load(), example.most)
			if example.most < 10 {
				assert.Equal(t, example.most, service.most.Load(), "as many as may run do run")
			}
			assert.Equal(t, int(example.most), c.Slots())
		})
	}
}

func TestLowerRecommendationReducesConcurrency(t *testing.T) {
	service := &crowd{hint: "8"}
	c := startService(t, true, service.response).client()
	readMany(t, c, 200)
	service.hint = "2"
	readMany(t, c, 1)
	service.most.Store(0)
	readMany(t, c, 100)
	assert.Equal(t, int32(2), service.most.Load())
}

func TestThrottlingHalvesConcurrencyThatThenGrowsAgain(t *testing.T) {
	service := &crowd{hint: "8", wait: "0.05"}
	c := startService(t, true, service.response).client()
	readMany(t, c, 300)
	require.Equal(t, int32(8), service.most.Load())
	service.refuses.Store(true)
	readMany(t, c, 1)
	service.most.Store(0)
	readMany(t, c, 8)
	assert.LessOrEqual(t, service.most.Load(), int32(6), "half of eight, and little more")
	readMany(t, c, 300)
	assert.Equal(t, int32(8), service.most.Load())
}

func TestRetryAfterPausesAllRequests(t *testing.T) {
	const pause = 300 * time.Millisecond
	service := &crowd{hint: "4", wait: strconv.FormatFloat(pause.Seconds(), 'f', -1, 64)}
	service.refuses.Store(true)
	var log bytes.Buffer
	c := startService(t, true, service.response).client(logTo(&log))
	refused, sent := make(chan struct{}), time.Now()
	go func() {
		readMany(t, c, 1)
		close(refused)
	}()
	for service.all.Load() == 0 || service.now.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // the refusal has arrived
	var paused []time.Time
	began := time.Now()
	_, err := c.Page(t.Context(), dataverse.PageRequest{
		Table: "contact", Link: "contacts", Size: 10, OnThrottled: func(until time.Time) { paused = append(paused, until) },
	}, &rows{})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(sent), pause, "a request of another table waits as well")
	<-refused
	require.Len(t, paused, 1)
	assert.WithinDuration(t, began.Add(pause), paused[0], pause)
	assert.Contains(t, log.String(), "limits the connector (number of requests)")
}

func TestCanceledWaiterBlocksNoOther(t *testing.T) {
	release := make(chan struct{})
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		good(emptyPage)(w, r)
	})
	c := s.client(func(o *dataverse.Options) { o.MaxConcurrent, o.AttemptTimeout = 1, time.Minute })
	first, last := make(chan error, 1), make(chan error, 1)
	go func() { _, _, err := read(t.Context(), c, "accounts"); first <- err }()
	for len(s.requests()) == 0 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := read(ctx, c, "contacts")
	require.ErrorIs(t, err, context.Canceled)
	go func() { _, _, err := read(t.Context(), c, "leads"); last <- err }()
	close(release)
	require.NoError(t, <-first)
	require.NoError(t, <-last)
	assert.Len(t, s.requests(), 2)
}

func TestStalledReadLogsWhatItWaitsFor(t *testing.T) {
	release := make(chan struct{})
	service := newService(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		good(emptyPage)(w, r)
	})
	log := &lines{written: make(chan string, 100)}
	c := service.client(log.option, func(o *dataverse.Options) { o.AttemptTimeout = time.Minute })
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { c.LogStalls(ctx, 10*time.Millisecond) })
	group.Go(func() { _, _, _ = read(t.Context(), c, "accounts?$deltatoken=hidden") })
	line := <-log.written
	assert.Contains(t, line, "is waiting for Dataverse")
	assert.Contains(t, line, "The request to read a page of account waits for a response")
	assert.NotContains(t, line, "hidden")
	close(release)
	stop()
	group.Wait()
}
