package integration_tests_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
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

// further returns an application user beside the default one.
func further(n int) simulator.Application {
	a := simulator.DefaultApplication()
	a.ClientID, a.Secret = fmt.Sprintf("00000000-0000-4000-8000-%012d", n), fmt.Sprintf("secret-of-user-%d", n)
	return a
}

// direct calls a service without a network, so that no time passes but that of the service.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	served := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	served.Header = r.Header.Clone()
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// token is the access token of an application, which lasts as long as the test.
type token string

func (k token) Token(context.Context) (string, error) { return string(k), nil }

func (k token) Renew(context.Context, string, string) error { return nil }

// signInDirectly returns a token of an application.
func signInDirectly(t *testing.T, service direct, a simulator.Application) token {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.Secret}, "scope": {virtualRoot + "/.default"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, virtualRoot+"/"+a.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := service.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var granted struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&granted))
	require.NotEmpty(t, granted.Token)
	return token(granted.Token)
}

// virtualRoot is the address of a service that is called directly.
const virtualRoot = "https://contoso.crm.example"

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
		silent := slog.New(slog.DiscardHandler)
		client := dataverse.New(virtualRoot, signInDirectly(t, service, applications[0]), service, dataverse.Options{})
		list := []users.User{{Name: "the first", Client: client}}
		for _, a := range applications[1:] {
			list = append(list, users.User{Name: "another", Client: client.As("another", signInDirectly(t, service, a))})
		}
		pool := users.New(list, users.Options{Log: silent, Explain: func(_ int, err error) string { return err.Error() }})
		_, err = pool.SignIn(t.Context())
		require.NoError(t, err)
		job := replicate.Job{
			Assign: func(table, user string) replicate.UserEnvironment { return pool.Assign(table, user) },
			Output: protocol.NewWriter(io.Discard), Log: silent, Now: time.Now, PageSize: 10,
			Parallel: func() int { return streams },
			Explain: func(_ replicate.Stream, err error) protocol.Failure {
				assert.NoError(t, err)
				return protocol.Failure{Type: protocol.SystemError, Message: err.Error()}
			},
		}
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

// someTables returns full refreshes of the keys of so many tables.
func someTables(t *testing.T, client *dataverse.Client, n int) []replicate.Stream {
	t.Helper()
	names, err := client.TableNames(t.Context())
	require.NoError(t, err)
	names = slices.DeleteFunc(names, func(name string) bool { return name == "plugintracelog" || name == "postregarding" }) // not readable
	var streams []replicate.Stream
	_, err = client.Tables(t.Context(), names, func(table dataverse.Table) error {
		if table.Virtual || table.Elastic || len(streams) == n {
			return nil
		}
		streams = append(streams, replicate.Stream{Table: &table, Configured: protocol.ConfiguredStream{
			Name: table.LogicalName, SyncMode: airbyte.SyncModeFullRefresh, SupportedSyncModes: catalog.Stream(table).SupportedSyncModes,
			Columns: map[string]protocol.Property{table.PrimaryID: {Type: []string{"null", "string"}}},
		}})
		return nil
	})
	require.NoError(t, err)
	require.Len(t, streams, n)
	return streams
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
