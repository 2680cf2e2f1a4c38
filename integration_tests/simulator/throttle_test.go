package simulator_test

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

func TestRequestLimit(t *testing.T) {
	clock := newClock()
	other := simulator.Application{TenantID: tenant, ClientID: "00000000-0000-4000-8000-00000000000b", Secret: "b"}
	c := serve(t, simulator.Options{Seed: 1, Clock: clock.now}, simulator.ServerOptions{
		Limits: simulator.Limits{Requests: 2}, Applications: []simulator.Application{simulator.DefaultApplication(), other},
	})
	t.Run("the headers count down", func(t *testing.T) {
		assert.Equal(t, "1", c.get("WhoAmI").header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
		clock.add(10 * time.Second)
		assert.Equal(t, "0", c.get("WhoAmI").header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
	})
	t.Run("one more is refused with the time to wait", func(t *testing.T) {
		got := c.get("WhoAmI")
		got.refused(t, http.StatusTooManyRequests, "0x80072322", "Number of requests exceeded the limit of 2 over time window of 300 seconds.")
		assert.Equal(t, "300", got.header.Get("Retry-After"), "until the second of three has left the window")
	})
	t.Run("other users are not affected", func(t *testing.T) {
		own := c.token
		c.token = c.signIn(other)
		assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
		c.token = own
	})
	t.Run("after the wait requests pass again", func(t *testing.T) {
		clock.add(300 * time.Second)
		assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
	})
}

func TestExecutionLimit(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Execution: time.Nanosecond}})
	t.Run("the first request spends the budget and the second is refused", func(t *testing.T) {
		assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
		got := c.get("WhoAmI")
		got.refused(t, http.StatusTooManyRequests, "0x80072321", "Combined execution time of incoming requests exceeded limit of 0 milliseconds over time window of 300 seconds. Decrease number of concurrent requests")
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err)
		assert.Positive(t, seconds)
	})
}

func TestTheWindowOfTheExecutionLimitSlides(t *testing.T) {
	clock := newClock()
	c := serve(t, simulator.Options{Seed: 1, Clock: clock.now}, simulator.ServerOptions{
		Latency: 2 * time.Millisecond, Limits: simulator.Limits{Execution: time.Millisecond, Window: 10 * time.Second},
	})
	assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
	clock.add(4 * time.Second)
	got := c.get("WhoAmI")
	got.refused(t, http.StatusTooManyRequests, faults.LimitOfExecution, "over time window of 10 seconds")
	assert.Equal(t, "6", got.header.Get("Retry-After"))
	assert.Equal(t, "0.00", got.header.Get("x-ms-ratelimit-time-remaining-xrm-requests"))
	clock.add(6 * time.Second)
	assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
}

func TestConcurrencyLimit(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Concurrent: 1}})
	transport, ok := c.http.Transport.(*http.Transport)
	require.True(t, ok)
	transport.ExpectContinueTimeout = time.Minute
	t.Run("a request beside another one is refused", func(t *testing.T) {
		body, inside := newGate()
		var wait sync.WaitGroup
		wait.Go(func() {
			request := c.request(http.MethodPost, "accounts")
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Expect", "100-continue") // the body is wanted once the request has been let in
			request.Body = body
			response, err := c.http.Do(request)
			if assert.NoError(t, err) {
				assert.NoError(t, response.Body.Close())
			}
		})
		<-inside
		got := c.get("WhoAmI")
		got.refused(t, http.StatusTooManyRequests, "0x80072326", "Number of concurrent requests exceeded the limit of 1.")
		assert.Equal(t, "1", got.header.Get("Retry-After"))
		body.open()
		wait.Wait()
		assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
	})
}

// gate is a request body that has no end until it is opened.
type gate struct {
	read   sync.Once
	inside chan struct{}
	opened chan struct{}
}

func newGate() (*gate, <-chan struct{}) {
	g := &gate{inside: make(chan struct{}), opened: make(chan struct{})}
	return g, g.inside
}

func (g *gate) Read([]byte) (int, error) {
	g.read.Do(func() { close(g.inside) })
	<-g.opened
	return 0, io.EOF
}

func (g *gate) Close() error { return nil }

func (g *gate) open() { close(g.opened) }
