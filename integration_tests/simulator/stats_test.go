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
)

func TestStatistics(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	assert.Equal(t, 1, c.server.Stats().SignIns)
	c.server.Inject(faults.Throttling("1"))
	for range 3 {
		c.get("accounts?$select=name")
	}
	got := c.server.Stats()
	assert.Equal(t, 3, got.Requests)
	assert.Equal(t, 1, got.Throttled)
	assert.Equal(t, map[int]int{200: 2, 429: 1}, got.ByStatus)
	assert.Equal(t, 1, got.MostInFlight)
	assert.Zero(t, got.InFlight)
	assert.Positive(t, got.Bytes)

	t.Run("the most requests at one moment are counted, however short they are", func(t *testing.T) {
		injection := c.server.Inject(faults.Fault{When: faults.Timing{Count: faults.Forever}, Then: faults.Delay(time.Hour)})
		defer injection.Remove()
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				response, err := c.http.Do(c.request(http.MethodGet, "WhoAmI").WithContext(ctx))
				if err == nil {
					assert.NoError(t, response.Body.Close())
				}
			})
		}
		require.Eventually(t, func() bool { return c.server.Stats().InFlight == 3 }, time.Minute, time.Millisecond)
		cancel()
		wait.Wait()
		require.Eventually(t, func() bool { return c.server.Stats().InFlight == 0 }, time.Minute, time.Millisecond)
		assert.Equal(t, 3, c.server.Stats().MostInFlight)
	})
}

func TestLatencyCountsAsExecution(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{
		Latency: 2 * time.Millisecond, Limits: simulator.Limits{Execution: 3 * time.Millisecond},
	})
	var statuses []int
	for range 3 {
		statuses = append(statuses, c.get("WhoAmI").status)
	}
	assert.Equal(t, 200, statuses[0])
	assert.Equal(t, 429, statuses[2], "two requests took 4 ms at least")
}

func TestTheAdminsWayIn(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Admin: true})
	post := func(text string) int {
		request := c.request(http.MethodPost, "/simulator/faults")
		request.Body = http.NoBody
		if text != "" {
			request.Body = nopCloser{strings.NewReader(text)}
		}
		return c.send(request).status
	}
	t.Run("faults are set and ended", func(t *testing.T) {
		assert.Equal(t, http.StatusNoContent, post("unavailable phase=who-am-i count=all\n"))
		assert.Equal(t, http.StatusServiceUnavailable, c.get("WhoAmI").status)
		assert.Equal(t, http.StatusNoContent, c.send(c.request(http.MethodDelete, "/simulator/faults")).status)
		assert.Equal(t, http.StatusOK, c.get("WhoAmI").status)
	})
	t.Run("what is no fault is refused with its line", func(t *testing.T) {
		assert.Equal(t, http.StatusBadRequest, post("nope"))
	})
	t.Run("statistics do not count themselves", func(t *testing.T) {
		var got simulator.Stats
		require.NoError(t, json.Unmarshal(c.get("/simulator/stats").body, &got))
		assert.Equal(t, c.server.Stats(), got)
		assert.Equal(t, 2, got.Requests)
	})
	t.Run("it is closed unless it is asked for", func(t *testing.T) {
		closed := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
		assert.Equal(t, http.StatusNotFound, closed.get("/simulator/stats").status)
	})
}

// nopCloser is a request's body of text.
type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
