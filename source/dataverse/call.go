package dataverse

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// call is one request with all its attempts. It belongs to one goroutine. go-retryablehttp runs the loop and calls back
// in this order:
//
//  1. acquire: the attempt waits for a slot of the limiter (run for the first attempt, PrepareRetry for the others)
//  2. send: the transport signs the request and sends it; a 401 is repeated once there with a new token
//  3. read (ResponseHandler): the body is read whole into a buffer, the slot is released, and the body is decoded
//  4. classify (CheckRetry): the RetryPolicy decides on the error of 2 or 3, and the limiter is notified of a pause
//  5. pause (Backoff): the wait before the next attempt, unless the limiter pauses all requests anyway
//  6. again from 1, or giveUp (ErrorHandler), which returns the final error
type call struct {
	client *Client
	request
	batched   bool // sent inside a batch
	unwrapped bool // the response inside the batch was reached

	began   time.Time // of the first attempt
	sent    time.Time // of the current attempt
	hasSlot bool

	attempts  int
	throttled int // attempts that a limit refused
	so        Attempts
	lastErr   error
	pausesAll bool // the limiter delays the next attempt
}

func (a *call) run(ctx context.Context) error {
	req, err := a.newRequest(ctx)
	if err != nil {
		return err
	}
	req.SetResponseHandler(func(response *http.Response) error { return a.read(ctx, response) })
	attempts := retryablehttp.Client{
		HTTPClient:   a.client.http,
		RetryMax:     math.MaxInt32, // the RetryPolicy counts
		PrepareRetry: func(r *http.Request) error { return a.acquire(r.Context()) },
		CheckRetry:   a.classify,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return a.pause(ctx) },
		ErrorHandler: a.giveUp,
	}
	defer a.end()
	if err := a.acquire(ctx); err != nil {
		return err
	}
	response, err := attempts.Do(req)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (a *call) newRequest(ctx context.Context) (*retryablehttp.Request, error) {
	if a.batched {
		return a.newBatch(ctx)
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, a.client.root+apiPath+string(a.link), nil)
	if err != nil {
		return nil, errUnusableLink
	}
	a.client.setHeaders(req.Header, a.prefer)
	if a.binary {
		req.Header.Set("Accept", "*/*")
		req.Header.Set("Accept-Encoding", "identity") // a range is of the bytes that are sent (RFC 9110, 14.1)
		if a.byteRange != "" {
			req.Header.Set("Range", a.byteRange)
		}
	}
	return req, nil
}

// acquire waits for a slot for the next attempt. The first wait does not count against the budget: it depends on the
// other requests.
func (a *call) acquire(ctx context.Context) error {
	a.client.open.update(a, "waits for a slot")
	latest := a.began
	if a.attempts == 0 {
		latest = time.Now()
	}
	if err := a.client.limiter.acquire(ctx, latest.Add(a.client.options.Budget), a.onThrottled); err != nil {
		return a.waitError(ctx, err)
	}
	a.hasSlot, a.sent = true, time.Now()
	if a.attempts == 0 {
		a.began = a.sent
	}
	a.attempts++
	a.client.open.update(a, "waits for a response")
	return nil
}

// release returns the slot, if the call has one.
func (a *call) release() {
	if a.hasSlot {
		a.hasSlot = false
		a.client.limiter.release()
	}
}

// end releases everything that the call holds.
func (a *call) end() {
	a.release()
	a.client.open.remove(a)
}

// read reads a response: first its bytes, while the service is still sending, then their content. A refusal keeps its
// slot until it is known whether all requests have to pause.
func (a *call) read(ctx context.Context, response *http.Response) error {
	most := a.maxBytes
	succeeded := a.succeeds(response.StatusCode)
	if !succeeded {
		most = maxErrorBytes
	}
	buffer, err := a.buffer(response, most)
	defer func() {
		_ = response.Body.Close()
		response.Body = http.NoBody // retryablehttp drains what it assumes is left
		a.client.buffers.recycle(buffer)
	}()
	took := time.Since(a.sent)
	a.client.reached.Store(true)
	a.client.log.LogAttrs(ctx, slog.LevelDebug, a.operation, slog.Int("status", response.StatusCode),
		slog.Duration("took", took.Round(time.Millisecond)),
		slog.String("burst_remaining", response.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests")),
		slog.String("time_remaining", response.Header.Get("x-ms-ratelimit-time-remaining-xrm-requests")))
	switch {
	case !succeeded:
		return a.client.decode(response, maxErrorBytes, nil)
	case err != nil:
		return err
	}
	a.client.limiter.hint(response.Header)
	a.client.limiter.served()
	a.client.served.Store(true)
	if _, inMemory := response.Body.(bufferedBody); inMemory {
		a.release()
	}
	a.client.open.update(a, "has its response, which is being decoded; a slow destination delays it")
	switch {
	case a.batched:
		return a.decodeBatch(response)
	case a.binary:
		return a.decodeContent(response)
	}
	return a.client.decode(response, a.maxBytes, a.request.read)
}

// buffer reads a body into memory, or the beginning of a long one that is read while it arrives. Such a request keeps its
// slot until its end.
func (a *call) buffer(response *http.Response, most int64) (*bytes.Buffer, error) {
	if a.streamed && response.StatusCode == http.StatusOK {
		return a.client.buffers.fillStart(response)
	}
	return a.client.buffers.fill(response, most)
}

// classify decides whether there is another attempt. retryablehttp calls it before the response is read, with no error,
// and again with the error of reading it. The slot is released last, after a pause has begun, so that the next request
// sees the pause.
func (a *call) classify(ctx context.Context, response *http.Response, err error) (again bool, stop error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil {
		return false, nil
	}
	defer a.release()
	a.lastErr = err
	a.count(err, response)
	decision := a.policy.Decide(err, a.so)
	if a.pausesAll = decision.PauseAll; decision.PauseAll {
		a.pauseAll(ctx, cmp.Or(a.so.Asked, a.client.options.backoff(max(a.throttled, 1))))
	}
	if decision.Again && !limited(err) {
		a.client.log.InfoContext(ctx, fmt.Sprintf("The attempt to %s failed and will be repeated: %v", a.operation, WithoutURL(err)))
	}
	return decision.Again, nil
}

// count adds the current attempt to the counters.
func (a *call) count(err error, response *http.Response) {
	if limited(err) {
		a.throttled++
	} else {
		a.so.Failed++
	}
	if malformed(err) {
		a.so.Malformed++
	}
	if isInconclusive(err) && a.mayLast(err) {
		a.so.Inconclusive++
	}
	a.so.Left = a.client.options.Budget - time.Since(a.began)
	a.so.Reached = a.client.reached.Load()
	a.so.Asked = 0
	if asked := RetryAfter(response); asked > 0 && refused(err) {
		a.so.Asked = max(asked, a.client.options.WaitMin)
	}
}

// mayLast reports whether an inconclusive refusal may be permanent: one with a code, one that may be due to the length of
// the url, or one from a host that has not served any request yet and may not be an environment at all. Any other comes
// from something between the environment and the client, and is repeated like a failure of a gateway.
func (a *call) mayLast(err error) bool {
	var api *APIError
	return errors.As(err, &api) && api.Code != "" || !a.client.served.Load() || mayBeTooLong(err, a.client.urlLength(a.link))
}

// pauseAll makes all requests of the user wait, or those of all users if the service is overloaded. An earlier attempt
// would only prolong the pause (Microsoft, "Service protection API limits").
func (a *call) pauseAll(ctx context.Context, pause time.Duration) {
	ofUser := limited(a.lastErr)
	if !a.client.limiter.throttled(a.sent, pause, !ofUser) {
		return
	}
	why, requests := "is overloaded", "All requests"
	if ofUser {
		why = "limits the connector (" + limitOf(a.lastErr) + ")"
		if user := a.client.options.User; user != "" {
			requests = "All requests of " + user
		}
	}
	a.client.log.WarnContext(ctx, fmt.Sprintf("Dataverse %s. %s pause for %v. The reason: %v", why, requests, pause.Round(time.Millisecond), WithoutURL(a.lastErr)))
}

// pause returns the time before the next attempt. If all requests wait, the limiter delays the call.
func (a *call) pause(ctx context.Context) time.Duration {
	wait := time.Duration(0)
	if !a.pausesAll {
		wait = max(min(a.client.options.backoff(a.so.Failed), a.so.Left), 1)
	}
	if a.onRetry != nil {
		a.onRetry(wait)
	}
	if a.pausesAll {
		return 0
	}
	a.client.open.update(a, "waits before another attempt")
	a.client.log.DebugContext(ctx, "waiting before another attempt", "request", a.operation, "wait", wait.Round(time.Millisecond))
	return wait
}

// waitError returns the error of a call that could not be sent again, or at all, because the service asks for a pause
// that is longer than the call may take. If only the rest of its time is too short, the refusal itself is more
// informative.
func (a *call) waitError(ctx context.Context, err error) error {
	var wait *WaitError
	if !errors.As(err, &wait) {
		return err
	}
	if wait.Asked <= a.client.options.Budget && a.lastErr != nil {
		return a.lastErr
	}
	wait.Budget, wait.cause = a.client.options.Budget, cmp.Or(wait.cause, a.lastErr)
	if limited(a.lastErr) { // other errors only occur while the limit lasts
		a.client.log.WarnContext(ctx, fmt.Sprintf("Dataverse asks to wait %v before the next request. The connector waits at most %v.", wait.Asked, wait.Budget))
	}
	return wait
}

// giveUp ends a call whose last attempt failed.
func (a *call) giveUp(response *http.Response, err error, _ int) (*http.Response, error) {
	if response != nil {
		_ = response.Body.Close()
	}
	if err == nil {
		err = errors.New("no response could be used")
	}
	err = WithoutURL(err)
	if a.attempts == 1 || errors.Is(err, context.Canceled) {
		return nil, err
	}
	tried := fmt.Sprintf("%d attempts", a.attempts)
	if took := time.Since(a.began).Round(time.Second); took > 0 {
		tried += " in " + took.String()
	}
	return nil, fmt.Errorf("gave up after %s: %w", tried, err)
}
