package dataverse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// call is one request with all its attempts. It belongs to one goroutine.
type call struct {
	*Client
	request
	began  time.Time
	sent   time.Time     // the attempt at hand
	served time.Duration // how long the service took for it
	placed bool          // it has one of the governor's places

	attempts   int
	failures   int // attempts that failed for another reason than a limit
	unreadable int // answers that came whole and were of no use
	reason     error
}

// get sends a request until its answer has been read whole, or further attempts are pointless. Its errors are of kind
// *RequestError.
func (c *Client) get(ctx context.Context, q request) error {
	a := &call{Client: c, request: q}
	if err := a.run(ctx); err != nil {
		return &RequestError{Operation: q.operation, Table: q.table, cause: err}
	}
	return nil
}

func (a *call) run(ctx context.Context) error {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, a.root+apiPath+string(a.link), nil)
	if err != nil {
		return errUnusableLink
	}
	a.setHeaders(req.Header, a.prefer)
	req.SetResponseHandler(func(answer *http.Response) error { return a.take(ctx, answer) })
	attempts := retryablehttp.Client{
		HTTPClient:   a.http,
		RetryMax:     math.MaxInt32, // check counts
		CheckRetry:   a.check,
		Backoff:      func(_, _ time.Duration, _ int, answer *http.Response) time.Duration { return a.pause(ctx, answer) },
		PrepareRetry: func(r *http.Request) error { return a.begin(r.Context()) },
		ErrorHandler: a.giveUp,
	}
	defer a.leave()
	if err := a.begin(ctx); err != nil {
		return err
	}
	answer, err := attempts.Do(req)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// begin waits for the governor's place for the next attempt. The time of the first wait is not counted: there other
// requests have their turn.
func (a *call) begin(ctx context.Context) error {
	a.calls.note(a, "waits for its turn")
	if err := a.governor.acquire(ctx, a.waits); err != nil {
		return err
	}
	a.placed, a.sent = true, time.Now()
	if a.attempts == 0 {
		a.began = a.sent
	}
	a.attempts++
	a.calls.note(a, "waits for an answer")
	return nil
}

// vacate gives the governor's place back, if the call has one.
func (a *call) vacate() {
	if a.placed {
		a.placed = false
		a.governor.release()
	}
}

func (a *call) leave() {
	a.vacate()
	a.calls.forget(a)
}

// take reads an answer: first its bytes, while the service is at work, then what they say.
func (a *call) take(ctx context.Context, answer *http.Response) error {
	spool, err := a.spools.fill(answer)
	defer func() {
		answer.Body = http.NoBody // retryablehttp reads what it thinks is left
		a.spools.empty(spool)
	}()
	a.served = time.Since(a.sent)
	a.reached.Store(true)
	a.governor.hint(answer.Header)
	if err == nil && answer.StatusCode == http.StatusOK {
		a.governor.served(a.kind, a.sent, a.served)
		a.vacate()
	}
	a.log.LogAttrs(ctx, slog.LevelDebug, a.operation, slog.Int("status", answer.StatusCode),
		slog.Duration("took", a.served.Round(time.Millisecond)),
		slog.String("burst_remaining", answer.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests")),
		slog.String("time_remaining", answer.Header.Get("x-ms-ratelimit-time-remaining-xrm-requests")))
	if err != nil {
		return err
	}
	a.calls.note(a, "has its answer, which is being read")
	return a.readAnswer(answer, a.read)
}

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
	if limited(err) {
		return a.throttled(ctx, cmp.Or(a.asked(answer), a.backoff()))
	}
	if stays(err) {
		a.unreadable++
	}
	a.failures++
	switch {
	case !transient(err) && !a.interrupted(err), a.shrinks && TooHeavy(err), a.unreadable == unreadableMost, a.failures == a.options.Attempts:
		return false, nil
	case time.Since(a.began) > a.options.Budget:
		return false, nil
	case a.asked(answer) > 0:
		return a.throttled(ctx, a.asked(answer))
	}
	a.log.InfoContext(ctx, "an attempt at a request failed", "request", a.operation, "reason", withoutURL(err))
	return true, nil
}

// asked is the pause that a refusal asks for, and no shorter than the connector's own; 0 if it asks for none.
func (a *call) asked(answer *http.Response) time.Duration {
	var refused *APIError
	if asked := retryAfter(answer); asked > 0 && errors.As(a.reason, &refused) {
		return max(asked, a.options.WaitMin)
	}
	return 0
}

// interrupted says whether the name of a host that has answered before cannot be found for the moment.
func (a *call) interrupted(err error) bool {
	var host *net.DNSError
	return errors.As(err, &host) && a.reached.Load()
}

// throttled makes all requests wait for as long as the service asks, and this one for no longer than its budget lasts.
func (a *call) throttled(ctx context.Context, asked time.Duration) (bool, error) {
	err := a.reason
	left := a.options.Budget - time.Since(a.began)
	if asked > left && asked <= a.options.Budget { // it is not the pause that is too long
		return false, nil
	}
	if asked > left {
		a.log.WarnContext(ctx, "the service asks to wait for longer than the connector does",
			"request", a.operation, "asked", asked.Round(time.Second), "left", left.Round(time.Second), "reason", withoutURL(err))
		return false, &WaitError{Asked: asked.Round(time.Second), Budget: a.options.Budget, cause: err}
	}
	if a.governor.throttled(a.sent, asked) {
		a.log.WarnContext(ctx, "the service asks to wait", "limit", limitOf(err), "wait", asked.Round(time.Millisecond), "reason", withoutURL(err))
	}
	return true, nil
}

// pause is the time before the next attempt. Where the service asked for one, the governor holds the call back.
func (a *call) pause(ctx context.Context, answer *http.Response) time.Duration {
	if limited(a.reason) || a.asked(answer) > 0 {
		return 0
	}
	wait := a.backoff()
	a.calls.note(a, "waits before another attempt")
	a.log.DebugContext(ctx, "waiting before another attempt", "request", a.operation, "wait", wait.Round(time.Millisecond))
	return wait
}

// backoff is exponential with full jitter: any time up to the doubled ceiling
// (Amazon, "Exponential Backoff And Jitter").
func (a *call) backoff() time.Duration {
	ceiling := min(a.options.WaitMin<<min(a.attempts-1, 16), a.options.WaitMax)
	return rand.N(ceiling) + 1 //nolint:gosec // jitter needs no secrecy
}

// giveUp ends a call whose last attempt failed.
func (a *call) giveUp(answer *http.Response, err error, _ int) (*http.Response, error) {
	if answer != nil {
		_ = answer.Body.Close()
	}
	if err == nil {
		err = errors.New("no answer could be used")
	}
	err = withoutURL(err)
	if a.attempts == 1 || errors.Is(err, context.Canceled) {
		return nil, err
	}
	tried := fmt.Sprintf("%d attempts", a.attempts)
	if took := time.Since(a.began).Round(time.Second); took > 0 {
		tried += " in " + took.String()
	}
	return nil, fmt.Errorf("gave up after %s: %w", tried, err)
}
