package dataverse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// transient says whether the same request may succeed when it is sent again.
func transient(err error) bool {
	var api *APIError
	var signIn *SignInError
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	var large *ResponseTooLargeError
	switch {
	case errors.As(err, &api):
		return api.Temporary()
	case errors.As(err, &signIn):
		return signIn.Temporary() || signIn.foreign()
	case errors.As(err, &certificate), errors.As(err, &large), errors.Is(err, ErrSink), errors.Is(err, ErrLinkOutside):
		return false
	case errors.As(err, &host):
		return !host.IsNotFound // a mistyped url is told at once
	default: // the network, or a *BrokenAnswerError
		return true
	}
}

// WaitError says that the service asked for a longer pause than the request's budget has left, so that it was given up at
// once: an attempt before its time would only prolong the pause (Microsoft, "Service protection API limits").
type WaitError struct {
	Asked  time.Duration
	Budget time.Duration // of one request, with all its attempts and waits
	cause  error
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("the service asks to wait %v, and a request is given up after %v: %v", e.Asked, e.Budget, e.cause)
}

// Unwrap returns the refusal that asked for the pause.
func (e *WaitError) Unwrap() error { return e.cause }

// unreadableMost is how many answers to one request may have arrived whole and be of no use: the next one would be
// the same.
const unreadableMost = 3

// stays says whether an answer is broken in a way that another attempt is unlikely to mend.
func stays(err error) bool {
	var broken *BrokenResponseError
	var signIn *SignInError
	return errors.As(err, &broken) && !broken.passing || errors.As(err, &signIn) && signIn.foreign()
}

// limited says whether the service refuses the requests of this user for the time being.
func limited(err error) bool {
	var api *APIError
	return errors.As(err, &api) && api.Throttled()
}

// limitOf names the limit that refused a request (Microsoft, "Service protection API limits"). Neither codeThrottled nor a
// status 429 without a code tells it.
func limitOf(err error) string {
	switch {
	case HasCode(err, CodeThrottledRequests):
		return "number of requests"
	case HasCode(err, CodeThrottledTime):
		return "combined execution time"
	case HasCode(err, CodeThrottledConcurrency):
		return "concurrent requests"
	default:
		return "not named"
	}
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
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if now, err := http.ParseTime(answer.Header.Get("Date")); err == nil { // both by the service's clock
		return max(date.Sub(now), 0)
	}
	return max(time.Until(date), 0)
}
