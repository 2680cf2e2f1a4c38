package dataverse_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestRetriesAndPausesAreNotified(t *testing.T) {
	s := newService(t,
		refuse(http.StatusServiceUnavailable, ""),
		refuse(http.StatusTooManyRequests, throttled, "Retry-After", "1"),
		good(emptyPage))
	c := s.client(func(o *dataverse.Options) { o.Budget = time.Minute })
	var after []time.Duration
	var until []time.Time
	_, err := c.Page(t.Context(), dataverse.PageRequest{
		Table: "account", Link: "accounts", Size: 10,
		OnRetry:     func(wait time.Duration) { after = append(after, wait) },
		OnThrottled: func(t time.Time) { until = append(until, t) },
	}, &rows{})
	require.NoError(t, err)
	require.Len(t, after, 2)
	assert.Positive(t, after[0])
	assert.Zero(t, after[1], "the limiter decides")
	assert.Len(t, until, 1)
	total, ends := c.Throttled()
	assert.Equal(t, time.Second, total)
	assert.Zero(t, ends, "the pause is over")
}
