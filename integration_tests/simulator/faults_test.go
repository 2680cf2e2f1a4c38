package simulator_test

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
)

func TestFaults(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	tests := []struct {
		name  string
		fault faults.Fault
		check func(*testing.T, response)
	}{
		{"throttling", faults.Throttling("17"), func(t *testing.T, a response) {
			a.refused(t, 429, "0x80072322", "Number of requests exceeded the limit of 6000")
			assert.Equal(t, "17", a.header.Get("Retry-After"))
		}},
		{"a bad gateway", faults.GatewayError(502), func(t *testing.T, a response) {
			assert.Equal(t, 502, a.status)
			assert.Contains(t, a.header.Get("Content-Type"), "text/html")
		}},
		{"an unavailable service", faults.GatewayError(503), func(t *testing.T, a response) { assert.Equal(t, 503, a.status) }},
		{"a login page", faults.LoginPage(), func(t *testing.T, a response) {
			assert.Equal(t, 200, a.status)
			assert.Contains(t, string(a.body), "<html>")
		}},
		{"garbage", faults.BrokenJSON(), func(t *testing.T, a response) {
			assert.Contains(t, a.header.Get("Content-Type"), "application/json")
			assert.False(t, json.Valid(a.body))
		}},
		{"an SQL timeout", faults.SQLTimeout(), func(t *testing.T, a response) { a.refused(t, 500, "0x80044151", "SQL timeout") }},
		{"a lost token", faults.RevokedToken(), func(t *testing.T, a response) {
			assert.Equal(t, 401, a.status)
			assert.Contains(t, a.header.Get("WWW-Authenticate"), "authorization_uri=")
		}},
		{"a slow response", faults.Slow(time.Millisecond), func(t *testing.T, a response) { assert.Equal(t, 200, a.status) }},
	}
	for _, test := range tests {
		t.Run(test.name+" comes once and then the ordinary response", func(t *testing.T) {
			injection := c.server.Inject(test.fault)
			defer injection.Remove()
			test.check(t, c.get("accounts?$select=name"))
			assert.Len(t, c.get("accounts?$select=name").values(t), 5)
			assert.Equal(t, 1, injection.Hits())
		})
	}
}

func TestBrokenAndSlowAnswers(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	for _, coding := range []string{"identity", "gzip"} {
		t.Run("a body is cut in the middle, sent as "+coding, func(t *testing.T) {
			injection := c.server.Inject(faults.Cut(40))
			defer injection.Remove()
			request := c.request(http.MethodGet, "accounts")
			request.Header.Set("Accept-Encoding", coding)
			response, err := c.http.Do(request)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Len(t, body, 40)
			require.NoError(t, response.Body.Close())
		})
	}
	t.Run("a slow response ends with its client", func(t *testing.T) {
		injection := c.server.Inject(faults.Slow(time.Hour))
		defer injection.Remove()
		ctx, cancel := context.WithCancel(t.Context())
		request := c.request(http.MethodGet, "WhoAmI").WithContext(ctx)
		time.AfterFunc(time.Millisecond, cancel)
		response, err := c.http.Do(request)
		if response != nil {
			require.NoError(t, response.Body.Close())
		}
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestFaultsChooseRequests(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 1}, simulator.ServerOptions{})
	statuses := func(path string, n int) string {
		var text strings.Builder
		for range n {
			if c.get(path).status == http.StatusOK {
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
			injection := c.server.Inject(fault)
			defer injection.Remove()
			assert.Equal(t, test.want, statuses("accounts?$select=name", 6))
		})
	}
	t.Run("chance strikes some, and the same in each run", func(t *testing.T) {
		fault := faults.GatewayError(503)
		fault.When = faults.Timing{Count: faults.Forever, Probability: 0.5}
		first := c.server.Inject(fault)
		got := statuses("WhoAmI", 40)
		first.Remove()
		second := c.server.Inject(fault)
		defer second.Remove()
		assert.Equal(t, got, statuses("WhoAmI", 40))
		assert.Contains(t, got, ".")
		assert.Contains(t, got, "x")
	})
}

func TestBatchDispatch(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, DefaultRows: 1}, simulator.ServerOptions{})
	batch := func(target string) response {
		request := c.request(http.MethodPost, "$batch")
		request.Header.Set("Content-Type", "multipart/mixed; boundary=b")
		request.Body = io.NopCloser(strings.NewReader("--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET " +
			target + " HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b--\r\n"))
		return c.send(request)
	}
	for _, target := range []string{c.server.URL + "/api/data/v9.2/WhoAmI", "/api/data/v9.2/WhoAmI", "WhoAmI"} {
		t.Run("a part addressed as "+strings.TrimPrefix(target, c.server.URL)+" is served", func(t *testing.T) {
			got := batch(target)
			assert.Equal(t, http.StatusOK, got.status)
			assert.Contains(t, string(got.body), "OrganizationId")
		})
	}
	t.Run("a part may be longer than an address of its own", func(t *testing.T) {
		assert.Contains(t, string(batch("EntityDefinitions(LogicalName='account')?$select=LogicalName&x="+strings.Repeat("y", 40_000)).body), `"LogicalName":"account"`)
		assert.Contains(t, string(batch("WhoAmI?x="+strings.Repeat("y", 70_000)).body), "414")
	})
	t.Run("a batch in a batch is refused", func(t *testing.T) {
		assert.Contains(t, string(batch("$batch").body), "0x80060888")
	})
}
