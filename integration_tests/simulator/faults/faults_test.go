package faults_test

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
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestFaults(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	tests := []struct {
		name  string
		fault faults.Fault
		check func(*testing.T, simulatortest.Response)
	}{
		{"throttling", faults.Throttling("17"), func(t *testing.T, a simulatortest.Response) {
			a.Refused(t, 429, "0x80072322", "Number of requests exceeded the limit of 6000")
			assert.Equal(t, "17", a.Header.Get("Retry-After"))
		}},
		{"a bad gateway", faults.GatewayError(502), func(t *testing.T, a simulatortest.Response) {
			assert.Equal(t, 502, a.Status)
			assert.Contains(t, a.Header.Get("Content-Type"), "text/html")
		}},
		{"an unavailable service", faults.GatewayError(503), func(t *testing.T, a simulatortest.Response) { assert.Equal(t, 503, a.Status) }},
		{"a login page", faults.LoginPage(), func(t *testing.T, a simulatortest.Response) {
			assert.Equal(t, 200, a.Status)
			assert.Contains(t, string(a.Body), "<html>")
		}},
		{"broken JSON", faults.BrokenJSON(), func(t *testing.T, a simulatortest.Response) {
			assert.Contains(t, a.Header.Get("Content-Type"), "application/json")
			assert.False(t, json.Valid(a.Body))
		}},
		{"an SQL timeout", faults.SQLTimeout(), func(t *testing.T, a simulatortest.Response) { a.Refused(t, 500, "0x80044151", "SQL timeout") }},
		{"a lost token", faults.RevokedToken(), func(t *testing.T, a simulatortest.Response) {
			assert.Equal(t, 401, a.Status)
			assert.Contains(t, a.Header.Get("WWW-Authenticate"), "authorization_uri=")
		}},
		{"a slow response", faults.Slow(time.Millisecond), func(t *testing.T, a simulatortest.Response) { assert.Equal(t, 200, a.Status) }},
	}
	for _, test := range tests {
		t.Run(test.name+" comes once and then the ordinary response", func(t *testing.T) {
			injection := c.Server.Inject(test.fault)
			defer injection.Remove()
			test.check(t, c.Get("accounts?$select=name"))
			assert.Len(t, c.Get("accounts?$select=name").Values(t), 5)
			assert.Equal(t, 1, injection.Hits())
		})
	}
}

func TestBrokenAndSlowResponses(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	for _, coding := range []string{"identity", "gzip"} {
		t.Run("a body is cut in the middle, sent as "+coding, func(t *testing.T) {
			injection := c.Server.Inject(faults.Cut(40))
			defer injection.Remove()
			request := c.Request(http.MethodGet, "accounts")
			request.Header.Set("Accept-Encoding", coding)
			response, err := c.HTTP.Do(request)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Len(t, body, 40)
			require.NoError(t, response.Body.Close())
		})
	}
	t.Run("a slow response ends with its client", func(t *testing.T) {
		injection := c.Server.Inject(faults.Slow(time.Hour))
		defer injection.Remove()
		ctx, cancel := context.WithCancel(t.Context())
		request := c.Request(http.MethodGet, "WhoAmI").WithContext(ctx)
		time.AfterFunc(time.Millisecond, cancel)
		response, err := c.HTTP.Do(request)
		if response != nil {
			require.NoError(t, response.Body.Close())
		}
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestFaultsChooseRequests(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 1}, simulator.ServerOptions{})
	statuses := func(path string, n int) string {
		var text strings.Builder
		for range n {
			if c.Get(path).Status == http.StatusOK {
				text.WriteByte('.')
			} else {
				text.WriteByte('x')
			}
		}
		return text.String()
	}
	tests := []struct {
		name  string
		when  faults.Timing
		match faults.Matcher
		want  string
	}{
		{"the first one", faults.Timing{}, nil, "x....."},
		{"the third one", faults.Timing{Nth: 3}, nil, "..x..."},
		{"two from the second", faults.Timing{Nth: 2, Count: 2}, nil, ".xx..."},
		{"all from the second", faults.Timing{Nth: 2, Count: faults.Forever}, nil, ".xxxxx"},
		{"none of another path", faults.Timing{}, faults.PathPrefix("/api/data/v9.2/contacts"), "......"},
		{"none of another method", faults.Timing{}, faults.Method(http.MethodPost), "......"},
		{"those with a part in the query", faults.Timing{}, faults.Contains("$select=name"), "x....."},
		{"those that a function chooses", faults.Timing{}, faults.Func(func(r *http.Request) bool { return r.Header.Get("Prefer") != "" }), "......"},
	}
	for _, test := range tests {
		t.Run("a fault strikes "+test.name, func(t *testing.T) {
			fault := faults.GatewayError(503)
			fault.When, fault.Match = test.when, test.match
			injection := c.Server.Inject(fault)
			defer injection.Remove()
			assert.Equal(t, test.want, statuses("accounts?$select=name", 6))
		})
	}
	t.Run("chance strikes some, and the same in each run", func(t *testing.T) {
		fault := faults.GatewayError(503)
		fault.When = faults.Timing{Count: faults.Forever, Probability: 0.5}
		first := c.Server.Inject(fault)
		got := statuses("WhoAmI", 40)
		first.Remove()
		second := c.Server.Inject(fault)
		defer second.Remove()
		assert.Equal(t, got, statuses("WhoAmI", 40))
		assert.Contains(t, got, ".")
		assert.Contains(t, got, "x")
	})
}

func TestBatchDispatch(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 1}, simulator.ServerOptions{})
	batch := func(target string) simulatortest.Response {
		request := c.Request(http.MethodPost, "$batch")
		request.Header.Set("Content-Type", "multipart/mixed; boundary=b")
		request.Body = io.NopCloser(strings.NewReader("--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET " +
			target + " HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b--\r\n"))
		return c.Send(request)
	}
	for _, target := range []string{c.Server.URL + "/api/data/v9.2/WhoAmI", "/api/data/v9.2/WhoAmI", "WhoAmI"} {
		t.Run("a part addressed as "+strings.TrimPrefix(target, c.Server.URL)+" is served", func(t *testing.T) {
			got := batch(target)
			assert.Equal(t, http.StatusOK, got.Status)
			assert.Contains(t, string(got.Body), "OrganizationId")
		})
	}
	t.Run("a part may be longer than an address of its own", func(t *testing.T) {
		assert.Contains(t, string(batch("EntityDefinitions(LogicalName='account')?$select=LogicalName&x="+strings.Repeat("y", 40_000)).Body), `"LogicalName":"account"`)
		assert.Contains(t, string(batch("WhoAmI?x="+strings.Repeat("y", 70_000)).Body), "414")
	})
	t.Run("a batch in a batch is refused", func(t *testing.T) {
		assert.Contains(t, string(batch("$batch").Body), "0x80060888")
	})
}
