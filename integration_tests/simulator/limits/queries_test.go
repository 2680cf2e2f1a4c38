package limits_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/limits"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestQueriesOfOneShapeAreThrottled(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 3}, simulator.ServerOptions{
		QueryThrottling: simulator.QueryThrottling{Parallel: 1, Code: "0x80048745"}, KeyLatency: time.Hour,
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	responses := make(chan simulatortest.Response, 2)
	for _, key := range []string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-0000000000ff"} {
		go func() {
			request := c.Request(http.MethodGet, "accounts?$select=accountid&$filter="+strings.ReplaceAll("accountid gt "+key, " ", "%20")).WithContext(ctx)
			response, err := c.HTTP.Do(request)
			if err != nil {
				responses <- simulatortest.Response{} // the one that was running until the test ended
				return
			}
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			responses <- simulatortest.Response{Status: response.StatusCode, Body: body}
		}()
	}
	refused := <-responses
	refused.Refused(t, http.StatusInternalServerError, "0x80048745", "performance validation issues")
	assert.Equal(t, http.StatusOK, c.Get("accounts?$select=accountid,name").Status, "another shape")
	assert.Equal(t, 1, c.Server.Stats().ThrottledQueries)
	cancel()
	assert.Zero(t, (<-responses).Status)
}

func TestAQueryThatIsDoneMakesRoomForTheNext(t *testing.T) {
	q := limits.NewQueries(limits.QueryThrottling{Parallel: 2})
	first, refusal := q.Enter("a")
	require.Nil(t, refusal)
	_, refusal = q.Enter("a")
	require.Nil(t, refusal)
	_, refusal = q.Enter("a")
	require.NotNil(t, refusal)
	assert.Equal(t, "0x80048544", refusal.Code)
	_, refusal = q.Enter("b")
	require.Nil(t, refusal)
	first()
	_, refusal = q.Enter("a")
	require.Nil(t, refusal)
}

func TestEachServerCountsTheLimitsSeparately(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Requests: 2}, Servers: 3})
	for range 6 {
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
	}
	throttled := c.Get("WhoAmI")
	throttled.Refused(t, http.StatusTooManyRequests, "0x80072322", "exceeded the limit of 2")
	assert.Equal(t, "0", throttled.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"))
}

func TestAnAffinityCookieStaysWithOneServer(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Limits: simulator.Limits{Requests: 2}, Servers: 3})
	cookie, _, _ := strings.Cut(c.Get("WhoAmI").Header.Values("Set-Cookie")[0], ";")
	request := c.Request(http.MethodGet, "WhoAmI")
	request.Header.Set("Cookie", cookie)
	assert.Equal(t, http.StatusOK, c.Send(request).Status)
	assert.Equal(t, http.StatusTooManyRequests, c.Send(request).Status, "the third one of this server")
	assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status, "another one")
	stats, err := json.Marshal(c.Server.Stats())
	require.NoError(t, err)
	assert.Contains(t, string(stats), `"throttled":1`)
}
