package finops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	// maxBodyBytes limits the responses of the service but packages. The largest are the job log of a project and the
	// definitions of an entity, which take up to some megabytes.
	maxBodyBytes = 64 << 20
	// maxErrorBytes limits how much of the body of a refusal is read.
	maxErrorBytes = 1 << 20
	// fewAttempts is the number of attempts at a request whose failure is unlikely to be temporary: a refusal that is not in the
	// form of the service, or a response that cannot be used.
	fewAttempts = 3
)

// request is one request to the service.
type request struct {
	operation string // such as "read the lines of project Sales": used in errors and logs in place of the url
	method    string // "": GET
	path      string // below the root, with its query
	body      []byte
	// once reports that the request has an effect: it is repeated only if the service certainly did not execute it.
	once bool
	read func(body []byte) error
}

// send sends a request until its response has been read completely or further attempts are pointless. The error is a
// *RequestError.
func (c *Client) send(ctx context.Context, q request) error {
	var so attempts
	began := time.Now()
	for {
		err := c.waitForPause(ctx, began)
		if err == nil {
			err = c.attempt(ctx, q)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return c.failed(q.operation, 0, ctx.Err())
		}
		so.count(err)
		so.left = c.options.Budget - time.Since(began)
		if !again(err, so, q.once, c.options.Attempts) {
			return c.failed(q.operation, so.all, dataverse.WithoutURL(err))
		}
		if err := c.waitFor(ctx, q, err, so); err != nil {
			return c.failed(q.operation, so.all, err)
		}
	}
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, q request) error {
	method := http.MethodGet
	if q.method != "" {
		method = q.method
	}
	req, err := http.NewRequestWithContext(ctx, method, c.root+q.path, bytes.NewReader(q.body))
	if err != nil {
		return errUnusableURL
	}
	req.Header.Set("Accept", "application/json")
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if c.options.Agent != "" {
		req.Header.Set("User-Agent", c.options.Agent)
	}
	sent := time.Now()
	response, err := c.service.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	c.log.DebugContext(ctx, q.operation, "status", response.StatusCode, "took", time.Since(sent).Round(time.Millisecond))
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
		return newAPIError(response, body)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBodyBytes+1))
	switch {
	case err != nil:
		return &BrokenResponseError{Reason: "it was cut off", passing: true, cause: err}
	case len(body) > maxBodyBytes:
		return &BrokenResponseError{Reason: fmt.Sprintf("it has more than %d MB", maxBodyBytes>>20)}
	}
	return q.read(bytes.TrimPrefix(body, []byte("\ufeff")))
}

// attempts counts what has happened to a request so far.
type attempts struct {
	all, failed, doubtful int
	left                  time.Duration // of the request's budget
}

func (a *attempts) count(err error) {
	a.all++
	if limited(err) == nil {
		a.failed++
	}
	if doubtful(err) {
		a.doubtful++
	}
}

// again reports whether another attempt follows an error. It is a pure function of the error and of the attempts so far.
func again(err error, so attempts, once bool, most int) bool {
	switch {
	case so.left <= 0:
		return false
	case limited(err) != nil:
		return true
	case once && !unsent(err), !temporary(err):
		return false
	default:
		return so.failed < most && so.doubtful < fewAttempts
	}
}

// waitFor waits before another attempt. A limit makes all requests of the client wait: an earlier attempt would only prolong
// the pause (Microsoft, "Service protection API limits" of finance & operations).
func (c *Client) waitFor(ctx context.Context, q request, err error, so attempts) error {
	wait := dataverse.Backoff(c.options.WaitMin, c.options.WaitMax, so.all)
	if refused := limited(err); refused != nil {
		wait = max(refused.retryAfter, wait)
		if wait > so.left {
			return fmt.Errorf("the service asks to wait %v: %w", wait.Round(time.Second), refused)
		}
		if c.pause.extend(time.Now().Add(wait)) {
			c.log.WarnContext(ctx, fmt.Sprintf("Finance & operations limits the connector. All requests to it pause for %v. The reason: %v",
				wait.Round(time.Millisecond), refused))
		}
		return nil
	}
	c.log.InfoContext(ctx, fmt.Sprintf("The attempt to %s failed and will be repeated: %v", q.operation, dataverse.WithoutURL(err)))
	return sleep(ctx, wait)
}

// waitForPause waits until the pause of all requests is over.
func (c *Client) waitForPause(ctx context.Context, began time.Time) error {
	for {
		left := time.Until(c.pause.end())
		if left <= 0 {
			return nil
		}
		if time.Since(began)+left > c.options.Budget {
			return &APIError{Status: http.StatusTooManyRequests, Message: "the pause is longer than a request may take", retryAfter: left}
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// pause is the time until which no request is sent.
type pause struct {
	mu    sync.Mutex
	until time.Time
}

func (p *pause) end() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until
}

// extend makes the pause last until a time, and reports whether there was none.
func (p *pause) extend(until time.Time) (begins bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begins = !time.Now().Before(p.until)
	if until.After(p.until) {
		p.until = until
	}
	return begins
}

// sleep waits, at most until the context ends, whose error it returns.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limited returns the refusal of a request that the service does not execute because it is under load, nil for any other error.
func limited(err error) *APIError {
	var refused *APIError
	if errors.As(err, &refused) && (refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable && refused.retryAfter > 0) {
		return refused
	}
	return nil
}
