package dataverse

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// check says whether an attempt is worth repeating. retryablehttp calls it before the answer is taken, with no error,
// and again with what taking it brought.
func (a *call) check(ctx context.Context, answer *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil {
		return false, nil
	}
	defer a.vacate() // behind the pause, if there is to be one: whoever comes next has to see it
	a.reason = err
	switch {
	case limited(err):
		a.limits++
		a.holdAll(ctx, cmp.Or(a.asked(answer), a.backoff(a.limits)))
	case a.asked(answer) > 0:
		a.holdAll(ctx, a.asked(answer))
	case a.heavy == 1 && TooExpensive(err): // the smaller request follows at once
		a.holdAll(ctx, a.backoff(1))
	}
	if !limited(err) {
		a.failures++
	}
	if stays(err) {
		a.unreadable++
	}
	return a.goesOn(ctx), nil
}

// goesOn says whether there is to be another attempt after one that failed.
func (a *call) goesOn(ctx context.Context) bool {
	switch {
	case limited(a.reason):
		return a.left() > 0
	case !transient(a.reason) && !a.interrupted(a.reason), a.heavy > 0 && a.failures >= a.heavy && TooExpensive(a.reason):
		return false
	case a.unreadable == unreadableMost, a.failures == a.options.Attempts, a.left() <= 0:
		return false
	}
	a.log.InfoContext(ctx, "an attempt at a request failed", "request", a.operation, "reason", withoutURL(a.reason))
	return true
}

// left is what the call may still take.
func (a *call) left() time.Duration { return a.options.Budget - time.Since(a.began) }

// asked is the pause that a refusal for the time being asks for, and no shorter than the connector's own; 0 if it asks for
// none.
func (a *call) asked(answer *http.Response) time.Duration {
	var refused *APIError
	if asked := retryAfter(answer); asked > 0 && errors.As(a.reason, &refused) && transient(refused) {
		return max(asked, a.options.WaitMin)
	}
	return 0
}

// interrupted says whether the name of a host that has answered before cannot be found for the moment.
func (a *call) interrupted(err error) bool {
	var host *net.DNSError
	return errors.As(err, &host) && a.reached.Load()
}

// holdAll makes all requests wait. An attempt before the time would only prolong the pause (Microsoft, "Service
// protection API limits").
func (a *call) holdAll(ctx context.Context, pause time.Duration) {
	if a.governor.throttled(a.sent, pause) {
		a.log.WarnContext(ctx, "the service asks to wait, or is overloaded; all requests pause", "limit", limitOf(a.reason),
			"wait", pause.Round(time.Millisecond), "reason", withoutURL(a.reason))
	}
}

// orPause is the error of a call that could not be sent again, or at all, because the service asks for a pause that is
// longer than the call may take. Where only the rest of its time is too short the refusal itself says more.
func (a *call) orPause(ctx context.Context, err error) error {
	var wait *WaitError
	if !errors.As(err, &wait) {
		return err
	}
	if wait.Asked <= a.options.Budget && a.reason != nil {
		return a.reason
	}
	wait.Budget, wait.cause = a.options.Budget, cmp.Or(wait.cause, a.reason)
	a.log.WarnContext(ctx, "the service asks to wait for longer than the connector does",
		"request", a.operation, "asked", wait.Asked, "left", a.options.Budget)
	return wait
}

// pause is the time before the next attempt. Where all requests wait, the governor holds the call back.
func (a *call) pause(ctx context.Context, answer *http.Response) time.Duration {
	if limited(a.reason) || a.asked(answer) > 0 {
		return 0
	}
	wait := max(min(a.backoff(a.failures), a.left()), 1)
	a.calls.note(a, "waits before another attempt")
	a.log.DebugContext(ctx, "waiting before another attempt", "request", a.operation, "wait", wait.Round(time.Millisecond))
	return wait
}

// backoff is exponential with full jitter: any time up to the ceiling, which is doubled with each time
// (Amazon, "Exponential Backoff And Jitter").
func (a *call) backoff(times int) time.Duration {
	ceiling := min(a.options.WaitMin<<min(times-1, 16), a.options.WaitMax)
	return rand.N(ceiling) + 1 //nolint:gosec // jitter needs no secrecy
}
