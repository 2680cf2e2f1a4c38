package dataverse

import (
	"math"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func responseWith(value string) *http.Response {
	return &http.Response{Header: http.Header{"Retry-After": {value}}, Request: &http.Request{}}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	for value, wait := range map[string]time.Duration{
		"120": 120 * time.Second, "0": 0, "1.5": 1500 * time.Millisecond, "007": 7 * time.Second,
		"99999999999999999999": math.MaxInt32 * time.Second,
		"":                     0, "-1": 0, "+5": 0, "1h2": 0, "1m": 0, "1e3": 0, "0x10": 0, "1_000": 0, "1,200": 0, "inf": 0, "nan": 0,
		".": 0, "1.2.3": 0, "soon": 0, "Fri, 31 Dec 1999 23:59:59 GMT": 0, "1999-12-31T23:59:59Z": 0,
	} {
		assert.Equal(t, wait, RetryAfter(responseWith(value)), value)
	}
	assert.Zero(t, RetryAfter(nil))
	assert.Greater(t, RetryAfter(responseWith("Fri, 31 Dec 2049 23:59:59 GMT")), time.Hour)
}

func TestAWaitIsNeverLongerThanTheLongest(t *testing.T) {
	options := New("", nil, nil, Options{}).options
	for times := 1; times < 100; times++ {
		wait := options.backoff(times)
		assert.Positive(t, wait)
		assert.LessOrEqual(t, wait, time.Minute)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "120", "1.5", "-1", "1h2", "1e300", "Fri, 31 Dec 2049 23:59:59 GMT", "Friday, 31-Dec-99 23:59:59 GMT"} {
		f.Add(seed)
	}
	seconds := regexp.MustCompile(`^[0-9]*\.?[0-9]*$`)
	f.Fuzz(func(t *testing.T, value string) {
		wait := RetryAfter(responseWith(value))
		if _, err := http.ParseTime(value); wait != 0 && err != nil && !seconds.MatchString(value) {
			t.Fatalf("%q is neither seconds nor a date, and made %v", value, wait)
		}
		if wait < 0 {
			t.Fatalf("%q made %v", value, wait)
		}
	})
}
