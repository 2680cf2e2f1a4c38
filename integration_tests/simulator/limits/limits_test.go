package limits_test

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
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestRequestLimit(t *testing.T) {
	clock := simulatortest.NewClock()
	other := simulator.Application{TenantID: simulator.DefaultApplication().TenantID, ClientID: "00000000-0000-4000-8000-00000000000b", Secret: "b"}
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Clock: clock.Now}, simulator.ServerOptions{
		Limits: simulator.Limits{Requests: 2}, Applications: []simulator.Application{simulator.DefaultApplication(), other},
	})
	t.Run("the headers count down", func(t *testing.T) {
		assert.Equal(t, "1", c.Get("WhoAmI").Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
		clock.Add(10 * time.Second)
		assert.Equal(t, "0", c.Get("WhoAmI").Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
	})
	t.Run("one more is refused with the time to wait", func(t *testing.T) {
		got := c.Get("WhoAmI")
		got.Refused(t, http.StatusTooManyRequests, "0x80072322", "Number of requests exceeded the limit of 2 over time window of 300 seconds.")
		assert.Equal(t, "300", got.Header.Get("Retry-After"), "until the second of three has left the window")
	})
	t.Run("other users are not affected", func(t *testing.T) {
		own := c.Token
		c.Token = c.SignIn(other)
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
		c.Token = own
	})
	t.Run("after the wait requests pass again", func(t *testing.T) {
		clock.Add(300 * time.Second)
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
	})
}

func TestExecutionLimit(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Execution: time.Nanosecond}})
	t.Run("the first request spends the budget and the second is refused", func(t *testing.T) {
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
		got := c.Get("WhoAmI")
		got.Refused(t, http.StatusTooManyRequests, "0x80072321", "Combined execution time of incoming requests exceeded limit of 0 milliseconds over time window of 300 seconds. Decrease number of concurrent requests")
		seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
		require.NoError(t, err)
		assert.Positive(t, seconds)
	})
}

func TestTheWindowOfTheExecutionLimitSlides(t *testing.T) {
	clock := simulatortest.NewClock()
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Clock: clock.Now}, simulator.ServerOptions{
		Latency: 2 * time.Millisecond, Limits: simulator.Limits{Execution: time.Millisecond, Window: 10 * time.Second},
	})
	assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
	clock.Add(4 * time.Second)
	got := c.Get("WhoAmI")
	got.Refused(t, http.StatusTooManyRequests, faults.LimitOfExecution, "over time window of 10 seconds")
	assert.Equal(t, "6", got.Header.Get("Retry-After"))
	assert.Equal(t, "0.00", got.Header.Get("x-ms-ratelimit-time-remaining-xrm-requests"))
	clock.Add(6 * time.Second)
	assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
}

func TestConcurrencyLimit(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Concurrent: 1}})
	transport, ok := c.HTTP.Transport.(*http.Transport)
	require.True(t, ok)
	transport.ExpectContinueTimeout = time.Minute
	t.Run("a request beside another one is refused", func(t *testing.T) {
		body, inside := newGate()
		var wait sync.WaitGroup
		wait.Go(func() {
			request := c.Request(http.MethodPost, "accounts")
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Expect", "100-continue") // the body is wanted once the request has been let in
			request.Body = body
			response, err := c.HTTP.Do(request)
			if assert.NoError(t, err) {
				assert.NoError(t, response.Body.Close())
			}
		})
		<-inside
		got := c.Get("WhoAmI")
		got.Refused(t, http.StatusTooManyRequests, "0x80072326", "Number of concurrent requests exceeded the limit of 1.")
		assert.Equal(t, "1", got.Header.Get("Retry-After"))
		body.open()
		wait.Wait()
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
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
