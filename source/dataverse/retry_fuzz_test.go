package dataverse

import (
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func answerToWait(value string) *http.Response {
	return &http.Response{Header: http.Header{"Retry-After": {value}}, Request: &http.Request{}}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	for value, wait := range map[string]time.Duration{
		"120": 120 * time.Second, "0": 0, "1.5": 1500 * time.Millisecond, "007": 7 * time.Second,
		"99999999999999999999": math.MaxInt32 * time.Second,
		"":                     0, "-1": 0, "+5": 0, "1h2": 0, "1m": 0, "1e3": 0, "0x10": 0, "1_000": 0, "1,200": 0, "inf": 0, "nan": 0,
		".": 0, "1.2.3": 0, "soon": 0, "Fri, 31 Dec 1999 23:59:59 GMT": 0, "1999-12-31T23:59:59Z": 0,
	} {
		assert.Equal(t, wait, retryAfter(answerToWait(value)), value)
	}
	assert.Zero(t, retryAfter(nil))
	assert.Greater(t, retryAfter(answerToWait("Fri, 31 Dec 2049 23:59:59 GMT")), time.Hour)
}

func TestAWaitIsNeverLongerThanTheLongest(t *testing.T) {
	policy := retryPolicy{log: slog.New(slog.DiscardHandler)}
	for attempt := range 100 {
		for _, answer := range []*http.Response{nil, answerToWait(""), answerToWait("3600"), answerToWait("Fri, 31 Dec 2049 23:59:59 GMT")} {
			wait := policy.wait(time.Second, 5*time.Minute, attempt, answer)
			assert.Positive(t, wait)
			assert.LessOrEqual(t, wait, 5*time.Minute)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "120", "1.5", "-1", "1h2", "1e300", "Fri, 31 Dec 2049 23:59:59 GMT", "Friday, 31-Dec-99 23:59:59 GMT"} {
		f.Add(seed, 3)
	}
	seconds := regexp.MustCompile(`^[0-9]*\.?[0-9]*$`)
	policy := retryPolicy{log: slog.New(slog.DiscardHandler)}
	f.Fuzz(func(t *testing.T, value string, attempt int) {
		wait := retryAfter(answerToWait(value))
		if _, err := http.ParseTime(value); wait != 0 && err != nil && !seconds.MatchString(value) {
			t.Fatalf("%q is neither seconds nor a date, and made %v", value, wait)
		}
		next := policy.wait(time.Millisecond, time.Second, attempt&0xff, answerToWait(value))
		if wait < 0 || next <= 0 || next > time.Second {
			t.Fatalf("%q made %v and %v", value, wait, next)
		}
	})
}
