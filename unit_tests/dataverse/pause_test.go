package dataverse_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestRetryAfterIsObeyedInEveryForm(t *testing.T) {
	behind := time.Now().Add(-5 * time.Minute).UTC()
	refusal := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for name, response := range map[string]http.HandlerFunc{
		"with a body that cannot be unpacked": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			refusal(w)
			_, _ = io.WriteString(w, "no gzip")
		},
		"with a body that breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			refusal(w)
			_, _ = io.WriteString(w, "{")
		},
		"by a date, of a service whose clock is behind": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", behind.Format(http.TimeFormat))
			w.Header().Set("Retry-After", behind.Add(time.Second).Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"with a page that is too expensive": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusGatewayTimeout)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, response, good(emptyPage))
			c := s.client(func(o *dataverse.Options) { o.Budget = time.Minute })
			began := time.Now()
			large := dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000, ExpensiveAttempts: 1}
			if _, err := c.Page(t.Context(), large, &rows{}); err != nil {
				require.True(t, dataverse.TooExpensive(err), err)
				_, _, err = read(t.Context(), c, "accounts")
				require.NoError(t, err)
			}
			assert.GreaterOrEqual(t, time.Since(began), time.Second)
			assert.Len(t, s.requests(), 2)
		})
	}
}

func TestNothingIsSentDuringAPauseBeyondTheBudget(t *testing.T) {
	s := newService(t, refuse(http.StatusTooManyRequests, throttled, "Retry-After", "3600"))
	c := s.client(func(o *dataverse.Options) { o.Budget = time.Minute })
	for range 5 {
		_, _, err := read(t.Context(), c, "accounts")
		var wait *dataverse.WaitError
		require.ErrorAs(t, err, &wait)
		assert.Equal(t, time.Hour, wait.Asked.Round(time.Minute))
		assert.Equal(t, time.Minute, wait.Budget)
	}
	assert.Len(t, s.requests(), 1)
}

func TestPauseThatEndsARequestHoldsTheNext(t *testing.T) {
	limit := refuse(http.StatusTooManyRequests, throttled, "Retry-After", "1")
	s := newService(t, limit, limit, good(emptyPage))
	c := s.client(func(o *dataverse.Options) { o.Budget = 1500 * time.Millisecond })
	_, _, err := read(t.Context(), c, "accounts")
	require.Error(t, err, "the second pause does not fit into what it may take")
	began := time.Now()
	_, _, err = read(t.Context(), c, "contacts")
	require.NoError(t, err)
	assert.Greater(t, time.Since(began), 500*time.Millisecond)
}
