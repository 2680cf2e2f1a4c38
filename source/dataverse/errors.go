package dataverse

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"source-microsoft-dataverse/source/webpage"
)

// ErrSink marks an error of the Sink that takes a page's rows. Repeating the request would not help.
var ErrSink = errors.New("a row could not be processed")

// ErrLinkOutside reports that the service sent a link that leads out of the environment's Web API. It is not followed,
// because the request would send the token there.
var ErrLinkOutside = errors.New("the service sent a link that leads out of the environment's Web API")

// errUnusableLink reports that a link is not a valid url. It does not quote the link, which may hold a delta token.
var errUnusableLink = errors.New("the link to read cannot be sent as a url")

// RequestError names the request that failed. It wraps the reason.
type RequestError struct {
	Operation string // such as "read a page of account"
	Table     string // logical name of the table whose rows were requested; empty for any other request
	cause     error
}

func (e *RequestError) Error() string { return e.Operation + ": " + e.cause.Error() }

// Unwrap returns the reason.
func (e *RequestError) Unwrap() error { return e.cause }

// SignInError reports that there was no token for a request. It wraps the error of [Tokens].
type SignInError struct{ cause error }

func (e *SignInError) Error() string { return e.cause.Error() }

// Unwrap returns the error of the Tokens.
func (e *SignInError) Unwrap() error { return e.cause }

// Temporary reports whether the sign-in may succeed later. It is false if the authority has refused it.
func (e *SignInError) Temporary() bool {
	var t interface{ Temporary() bool }
	return !errors.As(e.cause, &t) || t.Temporary()
}

// notFromEntra reports whether the response to the sign-in did not come from the authority.
func (e *SignInError) notFromEntra() bool {
	var f interface{ NotFromEntra() bool }
	return errors.As(e.cause, &f) && f.NotFromEntra()
}

// ConnectionError reports that no response came: the host cannot be reached, or the connection broke.
type ConnectionError struct{ cause error }

func (e *ConnectionError) Error() string {
	return "no response came: " + e.cause.Error()
}

// Unwrap returns the network's error.
func (e *ConnectionError) Unwrap() error { return e.cause }

// WaitError reports that the service asked for a longer pause than the request's budget has left, so that the client
// gave up at once: an earlier attempt would only prolong the pause (Microsoft, "Service protection API limits").
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

// BrokenResponseError is a response with status 200 that is incomplete or not what was asked for.
type BrokenResponseError struct {
	Reason  string       // a clause that begins with "it" or "its" and quotes nothing of a row
	Page    webpage.Page // that came in place of JSON
	cause   error
	cut     bool // it did not arrive completely
	passing bool // it did not arrive completely, or not from the service: the next response may differ
	notJSON bool // its media type is not JSON, so that it did not come from the Web API
	form    string
	at      int64 // the position that Reason names, if any
}

// tellPlace sets Reason from a format with one position, in bytes.
func (e *BrokenResponseError) tellPlace(form string, at int64) *BrokenResponseError {
	e.Reason, e.form, e.at = fmt.Sprintf(form, at), form, at
	return e
}

func (e *BrokenResponseError) Error() string {
	if e.cause != nil {
		return "the response is broken: " + e.Reason + ": " + e.cause.Error()
	}
	return "the response is broken: " + e.Reason
}

// Cut reports whether the response ended early, in transit or at its source.
func (e *BrokenResponseError) Cut() bool { return e.cut }

// Unwrap returns the error met while the response was read, or nil.
func (e *BrokenResponseError) Unwrap() error { return e.cause }

// ResponseTooLargeError reports a response that is larger than the client accepts.
type ResponseTooLargeError struct{ Bytes int64 }

func (e *ResponseTooLargeError) Error() string {
	return fmt.Sprintf("the response holds more than %d MB", e.Bytes>>20)
}

// WithoutURL drops net/http's wrapping of errors, whose text quotes the whole url with the tokens in it, and
// distinguishes errors of the sign-in from those of the service.
func WithoutURL(err error) error {
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
