package dataverse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// retryPolicy decides by typed errors, which the response handler makes of every answer that is not a good one.
type retryPolicy struct {
	log     *slog.Logger
	longest time.Duration // wait between two attempts
}

// check says whether an attempt is worth repeating. retryablehttp calls it before the response handler has run,
// with no error, and again with the handler's error.
func (p retryPolicy) check(ctx context.Context, answer *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil || !transient(err) {
		return false, nil
	}
	if asked := retryAfter(answer).Round(time.Second); asked > p.longest {
		p.log.WarnContext(ctx, "the service asks to wait for longer than the connector does",
			"status", answer.StatusCode, "asked", asked, "longest", p.longest)
		return false, &WaitError{Asked: asked, Longest: p.longest, cause: err}
	}
	p.log.InfoContext(ctx, "an attempt at a request failed", "reason", withoutURL(err))
	return true, nil
}

// transient says whether the same request may succeed when it is sent again.
func transient(err error) bool {
	var api *APIError
	var signIn *SignInError
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	var lasting lastingError
	switch {
	case errors.As(err, &api):
		return api.Temporary()
	case errors.As(err, &signIn):
		return signIn.Temporary()
	case errors.As(err, &certificate), errors.Is(err, ErrRow), errors.Is(err, ErrForeignLink), errors.As(err, &lasting):
		return false
	case errors.As(err, &host):
		return !host.IsNotFound // a mistyped url is told at once
	default: // the network, or a *BrokenAnswerError
		return true
	}
}

// WaitError says that the service asked for a longer pause than the client makes, so that the request was given up at
// once: an attempt before its time would only prolong the pause (Microsoft, "Service protection API limits").
type WaitError struct {
	Asked, Longest time.Duration
	cause          error
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("the service asks to wait %v, and the longest wait is %v: %v", e.Asked, e.Longest, e.cause)
}

// Unwrap returns the refusal that asked for the pause.
func (e *WaitError) Unwrap() error { return e.cause }

// unreadableMost is how many answers to one request may have arrived whole and be of no use: the next one would be
// the same.
const unreadableMost = 3

// lastingError is an error that further attempts have been shown not to mend.
type lastingError struct{ error }

func (e lastingError) Unwrap() error { return e.error }

// stays says whether an answer is broken in a way that another attempt is unlikely to mend.
func stays(err error) bool {
	var broken *BrokenAnswerError
	return errors.As(err, &broken) && !broken.passing
}

// wait is the time before the next attempt: what the service asks for, else exponential with jitter. It is never more
// than longest.
func (p retryPolicy) wait(shortest, longest time.Duration, attempt int, answer *http.Response) time.Duration {
	if asked := retryAfter(answer); asked > 0 {
		asked = min(asked, longest)
		p.log.WarnContext(answer.Request.Context(), "the service asks to wait", "status", answer.StatusCode, "wait", asked.Round(time.Second))
		return asked
	}
	ceiling := min(shortest<<min(attempt, 16), longest)
	return min(shortest/2+rand.N(ceiling), longest) //nolint:gosec // jitter needs no secrecy
}

// giveUp ends a request whose last attempt failed.
func giveUp(answer *http.Response, err error, attempts int) (*http.Response, error) {
	if answer != nil {
		_ = answer.Body.Close()
	}
	if err == nil {
		err = errors.New("no answer could be used")
	}
	err = withoutURL(err)
	if attempts > 1 && !errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("gave up after %d attempts: %w", attempts, err)
	}
	return nil, err
}

// withoutURL drops net/http's wrapping of errors, whose text quotes the whole url with the tokens in it, and keeps
// apart what the sign-in and what the environment did.
func withoutURL(err error) error {
	var signIn *SignInError
	if errors.As(err, &signIn) {
		return signIn
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return &ConnectionError{cause: wrapped.Err}
	}
	return err
}

// retryAfter reads Retry-After, which the service gives in seconds and HTTP allows as a date (RFC 9110, 10.2.3).
// 0: there is none, or it has passed, or it is neither.
func retryAfter(answer *http.Response) time.Duration {
	if answer == nil {
		return 0
	}
	value := answer.Header.Get("Retry-After")
	if strings.Trim(value, "0123456789.") == "" {
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0
		}
		return time.Duration(min(seconds, math.MaxInt32) * float64(time.Second))
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}
