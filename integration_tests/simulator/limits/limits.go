// Package limits enforces the service protection limits of Dataverse: for each user the number of requests and their
// combined execution time in a sliding window, and the number of requests at one moment.
package limits

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Limits are the service protection limits of one user on one server (Microsoft, "Service protection API limits").
// A zero field is not enforced.
type Limits struct {
	Requests   int           // within the window; the service allows 6,000
	Execution  time.Duration // of all requests within the window together; the service allows 20 minutes
	Concurrent int           // at one moment; the service allows 52
	Window     time.Duration // 0: the service's 300 seconds
}

// The limits that the rate headers count down from where none are enforced.
const (
	usualRequests  = 6000
	usualExecution = 1200 * time.Second
	usualWindow    = 300 * time.Second
)

// Limiter counts what each user has asked for.
type Limiter struct {
	limits Limits

	mu    sync.Mutex
	users map[string]*usage
}

// usage is what one user has spent within the window.
type usage struct {
	running  int
	requests []time.Time // arrivals, refused ones too: a client that does not wait prolongs the wait
	spent    []expense
	total    time.Duration // of what was spent
}

type expense struct {
	at   time.Time
	cost time.Duration
}

// New returns a limiter without users.
func New(limits Limits) *Limiter {
	if limits.Window <= 0 {
		limits.Window = usualWindow
	}
	return &Limiter{limits: limits, users: map[string]*usage{}}
}

// Throttled is a refusal for exceeding a limit, with the time to wait.
type Throttled struct {
	odata.Error
	retryAfter time.Duration
}

// Write sends the refusal with its Retry-After header.
func (t *Throttled) Write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(t.retryAfter.Seconds())))))
	t.Error.Write(w, r)
}

// Enter counts a request. It returns the refusal if a limit is exceeded, and otherwise a function to call with the cost when
// the request is done.
func (t *Limiter) Enter(user string, now time.Time) (leave func(now time.Time, cost time.Duration), refusal *Throttled) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.users[user]
	if u == nil {
		u = &usage{}
		t.users[user] = u
	}
	u.forget(now.Add(-t.limits.Window))
	u.requests = append(u.requests, now)
	if refusal := t.exceeded(u, now); refusal != nil {
		return nil, refusal
	}
	u.running++
	return func(now time.Time, cost time.Duration) {
		t.mu.Lock()
		defer t.mu.Unlock()
		u.running--
		u.spent = append(u.spent, expense{now, cost})
		u.total += cost
	}, nil
}

// forget drops what lies before the window.
func (u *usage) forget(start time.Time) {
	for len(u.requests) > 0 && !u.requests[0].After(start) {
		u.requests = u.requests[1:]
	}
	for len(u.spent) > 0 && !u.spent[0].at.After(start) {
		u.total -= u.spent[0].cost
		u.spent = u.spent[1:]
	}
}

func (t *Limiter) exceeded(u *usage, now time.Time) *Throttled {
	window := int(t.limits.Window.Seconds())
	if n := t.limits.Requests; n > 0 && len(u.requests) > n {
		freed := u.requests[len(u.requests)-n].Add(t.limits.Window)
		return newThrottled("0x80072322", freed.Sub(now),
			fmt.Sprintf("Number of requests exceeded the limit of %d over time window of %d seconds.", n, window))
	}
	if limit := t.limits.Execution; limit > 0 && u.total >= limit {
		return newThrottled("0x80072321", u.below(limit).Add(t.limits.Window).Sub(now),
			fmt.Sprintf("Combined execution time of incoming requests exceeded limit of %s milliseconds over time window of %d seconds. "+
				"Decrease number of concurrent requests or reduce the duration of requests and try again later.", thousands(limit.Milliseconds()), window))
	}
	if n := t.limits.Concurrent; n > 0 && u.running >= n {
		return newThrottled("0x80072326", time.Second,
			fmt.Sprintf("Number of concurrent requests exceeded the limit of %d.", n))
	}
	return nil
}

func newThrottled(code string, wait time.Duration, message string) *Throttled {
	return &Throttled{odata.Error{Status: http.StatusTooManyRequests, Code: code, Message: message}, wait}
}

// below returns the moment of the expense whose leaving the window brings the total under the limit.
func (u *usage) below(limit time.Duration) time.Time {
	sum := u.total
	for _, e := range u.spent {
		if sum -= e.cost; sum < limit {
			return e.at
		}
	}
	return time.Time{}
}

// SetHeaders adds the headers of what the user has left on this server. Seconds have a grouping comma and two digits after the point.
func (t *Limiter) SetHeaders(header http.Header, user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	requests, execution := cmp.Or(t.limits.Requests, usualRequests), cmp.Or(t.limits.Execution, usualExecution)
	if u := t.users[user]; u != nil {
		requests -= len(u.requests)
		execution -= u.total
	}
	centis := max(0, execution.Milliseconds()/10)
	header.Set("x-ms-ratelimit-burst-remaining-xrm-requests", strconv.Itoa(max(0, requests)))
	header.Set("x-ms-ratelimit-time-remaining-xrm-requests", fmt.Sprintf("%s.%02d", thousands(centis/100), centis%100))
}

// thousands writes a number with a comma between thousands.
func thousands(n int64) string { return odata.GroupedDigits(strconv.FormatInt(n, 10), 0) }
