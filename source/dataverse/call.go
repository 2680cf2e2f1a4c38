package dataverse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// call is one request with all its attempts. It belongs to one goroutine.
type call struct {
	*Client
	request
	began  time.Time
	sent   time.Time // the attempt at hand
	placed bool      // it has one of the governor's places

	attempts   int
	failures   int // attempts that failed for another reason than a limit
	limits     int // attempts that a limit refused
	unreadable int // answers that came whole and were of no use
	reason     error
}

// get sends a request until its answer has been read whole, or further attempts are pointless. Its errors are of kind
// *RequestError.
func (c *Client) get(ctx context.Context, q request) error {
	if q.most == 0 {
		q.most = c.options.MaxResponseBytes
	}
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
	latest := a.began
	if a.attempts == 0 {
		latest = time.Now()
	}
	if err := a.governor.acquire(ctx, latest.Add(a.options.Budget), a.waits); err != nil {
		return a.orPause(ctx, err)
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
	spool, err := a.spools.fill(answer, a.most)
	defer func() {
		_ = answer.Body.Close()
		answer.Body = http.NoBody // retryablehttp reads what it thinks is left
		a.spools.empty(spool)
	}()
	took := time.Since(a.sent)
	a.reached.Store(true)
	a.log.LogAttrs(ctx, slog.LevelDebug, a.operation, slog.Int("status", answer.StatusCode),
		slog.Duration("took", took.Round(time.Millisecond)),
		slog.String("burst_remaining", answer.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests")),
		slog.String("time_remaining", answer.Header.Get("x-ms-ratelimit-time-remaining-xrm-requests")))
	switch {
	case answer.StatusCode != http.StatusOK: // its place is kept until it is known whether all have to pause
		return a.readAnswer(answer, nil)
	case err != nil:
		return err
	}
	a.governor.hint(answer.Header)
	a.governor.served(a.kind, a.sent, took)
	a.vacate()
	a.calls.note(a, "has its answer, which is being taken in; a slow destination holds it back")
	return a.readAnswer(answer, a.read)
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
