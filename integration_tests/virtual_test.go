package integration_tests_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
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

// rowsOfPage is the page size of reads on synctest's clock.
const rowsOfPage = 10

// signedIn returns a pool of application users that have signed in.
func signedIn(ctx context.Context, t *testing.T, list ...users.User) *users.Pool {
	t.Helper()
	pool := users.New(list, users.Options{
		Log: slog.New(slog.DiscardHandler), Explain: func(_ int, err error) string { return err.Error() },
	})
	_, err := pool.SignIn(ctx)
	assert.NoError(t, err)
	return pool
}

// readBy returns a read by the users of a pool, of so many streams at the same time, none of which may fail.
func readBy(t *testing.T, pool *users.Pool, out io.Writer, parallel int) replicate.Job {
	t.Helper()
	return replicate.Job{
		Assign: func(table, user string) replicate.UserEnvironment { return pool.Assign(table, user) },
		Output: protocol.NewWriter(out), Log: slog.New(slog.DiscardHandler), Now: time.Now, PageSize: rowsOfPage,
		Parallel: func() int { return parallel },
		Explain: func(_ replicate.Stream, err error) protocol.Failure {
			assert.NoError(t, err)
			return protocol.Failure{Type: protocol.SystemError, Message: err.Error()}
		},
	}
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
