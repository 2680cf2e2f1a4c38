package integration_tests_test

import (
	"context"
	"fmt"
	"io"
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

// rowsWithin returns how many rows so many users read in 90 seconds of synctest's clock, which only the service lets
// pass: its requests take 250 ms, and it enforces limits for each user.
func rowsWithin(t *testing.T, number int, limits simulator.Limits) (rows, requests int64) {
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
		client := dataverse.New(virtualRoot, signInDirectly(t, service, applications[0]), service, dataverse.Options{})
		list := []users.User{{Name: "the first", Client: client}}
		for _, a := range applications[1:] {
			list = append(list, users.User{Name: "another", Client: client.As("another", signInDirectly(t, service, a))})
		}
		pool := signedIn(t, list...)
		job := readBy(t, pool, io.Discard, streams)
		selected := someTables(t, client, streams)
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		_, err = job.Run(ctx, selected)
		require.NoError(t, err)
		for _, c := range pool.Contributions() {
			rows, requests = rows+c.Records, requests+c.Requests
			t.Logf("%d users: %s delivered %d rows with %d requests, throttled for %v", number, c.Name, c.Records, c.Requests, c.Throttled)
		}
	})
	return rows, requests
}

func TestTwoUsersReadNearlyTwiceAsMuchWhereLimitsBind(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]simulator.Limits{
		"number of requests":      {Requests: 60, Window: 10 * time.Second},
		"combined execution time": {Execution: 20 * time.Second, Window: 10 * time.Second},
		"concurrent requests":     {Concurrent: 3, Window: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			one, _ := rowsWithin(t, 1, limits)
			two, _ := rowsWithin(t, 2, limits)
			require.Positive(t, one)
			assert.Greater(t, float64(two)/float64(one), 1.7, "%d rows of one user, %d of two", one, two)
		})
	}
}
