package integration_tests_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/users"
)

// further returns an application user beside the default one.
func further(n int) simulator.Application {
	a := simulator.DefaultApplication()
	a.ClientID, a.Secret = fmt.Sprintf("00000000-0000-4000-8000-%012d", n), fmt.Sprintf("secret-of-user-%d", n)
	return a
}

// rowsWithin returns how many rows so many users read in 90 seconds of synctest's clock, and the share of their requests that
// limits refuse. Only the service lets time pass: its requests take 250 ms, and it enforces limits for each user.
func rowsWithin(t *testing.T, number int, limits simulator.Limits) (rows int64, refused float64) {
	t.Helper()
	const hint, streams = 12, 24
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3 * 365 * 24 * time.Hour) // synctest's clock begins in 2000
		applications := []simulator.Application{simulator.DefaultApplication()}
		for n := range number - 1 {
			applications = append(applications, further(n+1))
		}
		environment, err := simulator.New(simulator.Options{Seed: 1, DefaultRows: 1_000_000})
		require.NoError(t, err)
		service := direct{environment.HandlerWith(simulator.ServerOptions{
			Applications: applications, Limits: limits, DOPHint: hint, Latency: 250 * time.Millisecond, TokenLife: 24 * time.Hour,
		})}
		counted := &refusalCount{direct: service}
		client := dataverse.New(virtualRoot, signInDirectly(t, service, applications[0]), counted, dataverse.Options{})
		list := []users.User{{Name: "the first", Client: client}}
		for _, a := range applications[1:] {
			list = append(list, users.User{Name: "another", Client: client.As("another", signInDirectly(t, service, a))})
		}
		pool := signedIn(t.Context(), t, list...)
		job := readBy(t, pool, io.Discard, streams)
		selected := someTables(t, client, streams)
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		_, err = job.Run(ctx, selected)
		require.NoError(t, err)
		for _, c := range pool.Contributions() {
			rows += c.Records
			t.Logf("%d users: %s delivered %d rows with %d requests, throttled for %v", number, c.Name, c.Records, c.Requests, c.Throttled)
		}
		refused = float64(counted.refused.Load()) / float64(counted.requests.Load())
	})
	return rows, refused
}

// refusalCount counts the requests to a service, and those that its limits refuse.
type refusalCount struct {
	direct
	requests, refused atomic.Int64
}

func (r *refusalCount) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.direct.RoundTrip(request)
	r.requests.Add(1)
	if err == nil && response.StatusCode == http.StatusTooManyRequests {
		r.refused.Add(1)
	}
	return response, err
}

func TestTwoUsersReadNearlyTwiceAsMuchWhereLimitsBind(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]simulator.Limits{
		"number of requests":      {Requests: 60, Window: 10 * time.Second},
		"combined execution time": {Execution: 20 * time.Second, Window: 10 * time.Second},
		"concurrent requests":     {Concurrent: 3, Window: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			one, refused := rowsWithin(t, 1, limits)
			two, _ := rowsWithin(t, 2, limits)
			require.Positive(t, one)
			assert.Less(t, refused, 0.1, "the share of refused requests, although the window is a thirtieth of the usual one")
			assert.Greater(t, float64(two)/float64(one), 1.7, "%d rows of one user, %d of two", one, two)
		})
	}
}
