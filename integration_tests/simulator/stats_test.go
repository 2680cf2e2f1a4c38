package simulator_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestStatistics(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	assert.Equal(t, 1, c.Server.Stats().SignIns)
	c.Server.Inject(faults.Throttling("1"))
	for range 3 {
		c.Get("accounts?$select=name")
	}
	got := c.Server.Stats()
	assert.Equal(t, 3, got.Requests)
	assert.Equal(t, 1, got.Throttled)
	assert.Equal(t, map[int]int{200: 2, 429: 1}, got.ByStatus)
	assert.Equal(t, 1, got.MostInFlight)
	assert.Zero(t, got.InFlight)
	assert.Positive(t, got.Bytes)

	t.Run("the most requests at one moment are counted, however short they are", func(t *testing.T) {
		injection := c.Server.Inject(faults.Fault{When: faults.Timing{Count: faults.Forever}, Then: faults.Delay(time.Hour)})
		defer injection.Remove()
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				response, err := c.HTTP.Do(c.Request(http.MethodGet, "WhoAmI").WithContext(ctx))
				if err == nil {
					assert.NoError(t, response.Body.Close())
				}
			})
		}
		require.Eventually(t, func() bool { return c.Server.Stats().InFlight == 3 }, time.Minute, time.Millisecond)
		cancel()
		wait.Wait()
		require.Eventually(t, func() bool { return c.Server.Stats().InFlight == 0 }, time.Minute, time.Millisecond)
		assert.Equal(t, 3, c.Server.Stats().MostInFlight)
	})
}

func TestLatencyCountsAsExecution(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{
		Latency: 2 * time.Millisecond, Limits: simulator.Limits{Execution: 3 * time.Millisecond},
	})
	var statuses []int
	for range 3 {
		statuses = append(statuses, c.Get("WhoAmI").Status)
	}
	assert.Equal(t, 200, statuses[0])
	assert.Equal(t, 429, statuses[2], "two requests took 4 ms at least")
}

func TestTheAdminInterface(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Admin: true})
	post := func(text string) int {
		request := c.Request(http.MethodPost, "/simulator/faults")
		request.Body = http.NoBody
		if text != "" {
			request.Body = nopCloser{strings.NewReader(text)}
		}
		return c.Send(request).Status
	}
	t.Run("faults are set and ended", func(t *testing.T) {
		assert.Equal(t, http.StatusNoContent, post("unavailable phase=who-am-i count=all\n"))
		assert.Equal(t, http.StatusServiceUnavailable, c.Get("WhoAmI").Status)
		assert.Equal(t, http.StatusNoContent, c.Send(c.Request(http.MethodDelete, "/simulator/faults")).Status)
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
	})
	t.Run("what is no fault is refused with its line", func(t *testing.T) {
		assert.Equal(t, http.StatusBadRequest, post("nope"))
	})
	t.Run("statistics do not count themselves", func(t *testing.T) {
		var got simulator.Stats
		require.NoError(t, json.Unmarshal(c.Get("/simulator/stats").Body, &got))
		assert.Equal(t, c.Server.Stats(), got)
		assert.Equal(t, 2, got.Requests)
	})
	t.Run("it is closed unless it is asked for", func(t *testing.T) {
		closed := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
		assert.Equal(t, http.StatusNotFound, closed.Get("/simulator/stats").Status)
	})
}

// nopCloser is a request's body of text.
type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
