package dataverse_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// expensiveAttempts is one where a smaller page exists.
func expensiveAttempts(rows int) int {
	if rows > 50 {
		return 1
	}
	return 0
}

func largePage(of int) dataverse.PageRequest {
	return dataverse.PageRequest{Table: "annotation", Link: "annotations", Size: of, ExpensiveAttempts: expensiveAttempts(of)}
}

func TestTooExpensivePageIsNotRetriedWhereASmallerOneExists(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"an SQL timeout": refuse(http.StatusBadRequest, `{"error":{"code":"0x80044151","message":"SQL timeout expired."}}`),
		"a query that is refused as too expensive": refuse(http.StatusTooManyRequests, `{"error":{"code":"0x80048544","message":"too much"}}`),
		"a query that loads the database too much": refuse(http.StatusTooManyRequests, `{"error":{"code":"0x80048744","message":"too much"}}`),
		"a query that times out for its form":      refuse(http.StatusBadRequest, `{"error":{"code":"0x80048574","message":"too much"}}`),
		"a gateway that waited too long":           refuse(http.StatusGatewayTimeout, ""),
		"a response that is too large to send":     refuse(http.StatusRequestEntityTooLarge, ""),
		"an attempt that takes too long":           func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			c := s.client(func(o *dataverse.Options) { o.AttemptTimeout = 50 * time.Millisecond })
			_, err := c.Page(t.Context(), largePage(5000), &rows{})
			assert.True(t, dataverse.TooExpensive(err), err)
			assert.Len(t, s.requests(), 1)
		})
	}
}

func TestUnrelatedFailuresAreNotTooExpensive(t *testing.T) {
	for name, err := range map[string]error{
		"a sign-in that takes too long": fmt.Errorf("sign in: %w", context.DeadlineExceeded),
	} {
		t.Run(name, func(t *testing.T) {
			_, got := newService(t, good(emptyPage)).clientOf(&tokens{err: err}).Page(t.Context(), largePage(5000), &rows{})
			require.Error(t, got)
			assert.False(t, dataverse.TooExpensive(got), got)
		})
	}
	for name, response := range map[string]http.HandlerFunc{
		"a limit":             refuse(http.StatusTooManyRequests, throttled, "Retry-After", "0.001"),
		"a service that fell": refuse(http.StatusServiceUnavailable, ""),
		"a connection broken": cut,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			_, err := s.client(func(o *dataverse.Options) { o.Budget = 100 * time.Millisecond }).Page(t.Context(), largePage(5000), &rows{})
			require.Error(t, err)
			assert.False(t, dataverse.TooExpensive(err), err)
			assert.Greater(t, len(s.requests()), 1)
		})
	}
}

// flood is a response of so many bytes that compress to half.
func flood(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		random := rand.New(rand.NewPCG(1, 2))
		_, _ = io.WriteString(packed, `{"value":[{"documentbody":"`)
		part := make([]byte, 64<<10)
		for range size / len(part) {
			for i := range part {
				part[i] = 'a' + byte(random.IntN(16))
			}
			if _, err := packed.Write(part); err != nil {
				return
			}
		}
		_, _ = io.WriteString(packed, `"}]}`)
		_ = packed.Close()
	}
}

func TestTooLargeResponseIsNotRetried(t *testing.T) {
	for name, example := range map[string]struct {
		size, rows int
		tooLarge   bool
	}{
		"as it is sent":                  {2 << 20, 5000, true},
		"when it is unpacked":            {384 << 10, 5000, true},
		"on the smallest page":           {2 << 20, 50, true},
		"but not where it fits":          {128 << 10, 5000, false},
		"and not where one row is asked": {384 << 10, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, flood(example.size))
			c := s.client(func(o *dataverse.Options) { o.MaxPageBytes, o.AttemptTimeout = 256<<10, time.Minute })
			_, err := c.Page(t.Context(), largePage(example.rows), &rows{})
			var large *dataverse.ResponseTooLargeError
			if !example.tooLarge {
				require.NoError(t, err)
				return
			}
			require.ErrorAs(t, err, &large)
			assert.Equal(t, int64(256<<10), large.Bytes)
			assert.True(t, dataverse.TooExpensive(err))
			assert.Len(t, s.requests(), 1)
		})
	}
}

func TestUnusableResponsesLeaveNoGoroutine(t *testing.T) {
	s := startService(t, true, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(make([]byte, 16<<10))
	})
	c := s.client(func(o *dataverse.Options) { o.MaxConcurrent = 8 })
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			_, _, err := read(t.Context(), c, "accounts")
			assert.Error(t, err)
		})
	}
	group.Wait() // the race detector looks on
}

func TestRowsOfCountableTablesAreCounted(t *testing.T) {
	counts := func(body string) http.HandlerFunc {
		return good(`{"EntityRecordCountCollection":` + body + `}`)
	}
	t.Run("all at once", func(t *testing.T) {
		got, err := newService(t, counts(`{"Count":2,"IsReadOnly":false,"Keys":["account","contact"],"Values":[7,9007199254740993]}`)).client().
			RowCounts(t.Context(), []string{"account", "contact"})
		require.NoError(t, err)
		assert.Equal(t, map[string]int64{"account": 7, "contact": 9007199254740993}, got)
	})
	t.Run("and not where a table is refused", func(t *testing.T) {
		s := newService(t, refuse(http.StatusBadRequest, `{"error":{"code":"0x80040800","message":"no"}}`),
			refuse(http.StatusBadRequest, `{"error":{"code":"0x80040800","message":"no"}}`), counts(`{"Keys":["contact"],"Values":[3]}`))
		got, err := s.client().RowCounts(t.Context(), []string{"account", "contact"})
		require.NoError(t, err)
		assert.Equal(t, map[string]int64{"contact": 3}, got)
	})
	t.Run("nor by a response that does not fit together", func(t *testing.T) {
		got, err := newService(t, counts(`{"Keys":["account","contact"],"Values":[7]}`)).client().RowCounts(t.Context(), []string{"account", "contact"})
		require.Error(t, err)
		assert.Empty(t, got)
	})
}

func TestPageBoundIsKeptWhereverItFalls(t *testing.T) {
	page := `{"value":[` + strings.Repeat(`{"accountid":"a1","name":"some name","address":{"city":"Aachen","lines":[1,2,3]},"nothing":null},`, 8) + `{}]}`
	s := newService(t, good(page))
	for most := int64(100); most < 400; most++ {
		c := s.client(func(o *dataverse.Options) { o.MaxPageBytes = most })
		_, err := c.Page(t.Context(), largePage(5000), &rows{})
		var large *dataverse.ResponseTooLargeError
		require.ErrorAs(t, err, &large, most)
	}
}
