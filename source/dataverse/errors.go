package dataverse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Codes that are decided on (Microsoft, "Web service error codes").
const (
	CodeThrottledTime        = "0x80072321" // combined execution time within five minutes
	CodeThrottledRequests    = "0x80072322" // number of requests within five minutes
	CodeThrottledConcurrency = "0x80072326" // concurrent requests
	codeThrottled            = "0x8005f103" // too many requests, by a limit that is not told
	CodeNotFound             = "0x80040217" // no row with that key
	CodePrivilegeMissing     = "0x80040220" // the user lacks a privilege, or its depth
	CodeNotMember            = "0x80072560" // the token is good, but no user of this environment
	CodeNoRoles              = "0x80042f09" // the user has no security role
	CodeUserDisabled         = "0x80040225" // the user is disabled
	CodeNotTracked           = "0x80072491" // change tracking is off for the table
	CodeRelatedNotTracked    = "0x80072492" // an intersect table whose parents are not tracked
	CodeTokenExpired         = "0x80044352" // the delta token is too old, or the table has changed since
	CodeTokenMalformed       = "0x80044183" // the delta token is no delta token
	CodeNoRetrieve           = "0x80040800" // a table whose rows cannot be read as a set
	CodePageNumber           = "0x8004112a" // a paging cookie that the service does not take
	CodePageOrder            = "0x80041129" // a paging cookie of another order
	CodeURINotParsed         = "0x80060888" // anything that OData could not make sense of
)

// ErrSink marks an error of the Sink that takes a page's rows: sending the request again would not help.
var ErrSink = errors.New("row could not be taken")

// errUnusableLink says that a link is no url, without quoting it: it may hold a delta token.
var errUnusableLink = errors.New("the link to read cannot be sent as a url")

// SignInError says that no token could be had for a request. Its cause tells why.
type SignInError struct{ cause error }

func (e *SignInError) Error() string { return e.cause.Error() }

// Unwrap returns the error of the Tokens that were asked.
func (e *SignInError) Unwrap() error { return e.cause }

// Temporary says whether the sign-in may succeed later. It is final where the authority has refused it.
func (e *SignInError) Temporary() bool {
	var t interface{ Temporary() bool }
	return !errors.As(e.cause, &t) || t.Temporary()
}

// foreign says whether the answer to the sign-in came from something else than the authority.
func (e *SignInError) foreign() bool {
	var f interface{ Foreign() bool }
	return errors.As(e.cause, &f) && f.Foreign()
}

// ConnectionError says that no answer came: the environment cannot be reached, or the connection broke.
type ConnectionError struct{ cause error }

func (e *ConnectionError) Error() string {
	return "no answer came from the environment: " + e.cause.Error()
}

// Unwrap returns the network's error.
func (e *ConnectionError) Unwrap() error { return e.cause }

// RequestError says which request failed. It wraps the reason.
type RequestError struct {
	Operation string // such as "read a page of account"
	Table     string // logical name of the table whose rows were asked for; empty for any other request
	cause     error
}

func (e *RequestError) Error() string { return e.Operation + ": " + e.cause.Error() }

// Unwrap returns the reason.
func (e *RequestError) Unwrap() error { return e.cause }

// BrokenResponseError is an answer with status 200 that is not whole or not what was asked for.
type BrokenResponseError struct {
	Reason  string // a clause that begins with "it" or "its" and quotes nothing of a row
	cause   error
	cut     bool // it did not arrive whole
	passing bool // it did not arrive whole, or not from the service: the next answer may be another
	form    string
	at      int64 // of what Reason is made, if it tells a place
}

// tellPlace makes a Reason of a form for a place, in bytes.
func (e *BrokenResponseError) tellPlace(form string, at int64) *BrokenResponseError {
	e.Reason, e.form, e.at = fmt.Sprintf(form, at), form, at
	return e
}

func (e *BrokenResponseError) Error() string {
	if e.cause != nil {
		return "the answer is broken: " + e.Reason + ": " + e.cause.Error()
	}
	return "the answer is broken: " + e.Reason
}

// Cut says whether the answer broke off, on its way or at its source.
func (e *BrokenResponseError) Cut() bool { return e.cut }

// Unwrap returns the error met while the answer was read, or nil.
func (e *BrokenResponseError) Unwrap() error { return e.cause }

// APIError is a refusal by the Web API.
type APIError struct {
	Status    int
	Code      string // "0x" and eight hexadecimal digits in lower case; empty if the answer had none
	Message   string // without the tokens of the request, should the service repeat them
	RequestID string // x-ms-service-request-id, under which Microsoft's support finds the request
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("Dataverse answered %d", e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request id " + e.RequestID + ")"
	}
	return text
}

// Throttled says whether the service limits the requests of this user (Microsoft, "Service protection API limits").
func (e *APIError) Throttled() bool {
	switch e.Code {
	case CodeThrottledTime, CodeThrottledRequests, CodeThrottledConcurrency, codeThrottled:
		return true
	case codeSQLTimeout, codeQueryTooMuch, CodeNotFound, CodePrivilegeMissing:
		return false
	}
	return e.Status == http.StatusTooManyRequests
}

// Temporary says whether the same request may succeed later. Codes count before statuses.
func (e *APIError) Temporary() bool {
	switch e.Code {
	case CodeThrottledTime, CodeThrottledRequests, CodeThrottledConcurrency, codeThrottled,
		"0x80044150", // generic SQL error, mostly a deadlock
		codeSQLTimeout,
		"0x80072323",               // Azure SQL resource limit
		"0x80060916", "0x80060917", // asynchronous work postponed
		"0x80040216", // unexpected error
		"0x8004418d": // plug-in sandbox not available
		return true
	case CodeNotFound, CodePrivilegeMissing, CodeNotMember, CodeNoRoles, CodeUserDisabled, CodeNotTracked,
		CodeRelatedNotTracked, CodeTokenExpired, CodeTokenMalformed, CodePageNumber, CodePageOrder, CodeNoRetrieve, CodeURINotParsed,
		"0x80060429", // too many calculated columns
		"0x8004e023": // more than 50,000 rows in an aggregate
		return false
	}
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

var (
	missingProperty  = regexp.MustCompile(`Could not find a property named '([^']*)' on type '[^']*'`)
	missingPrivilege = regexp.MustCompile(`is missing (prv\w+) privilege`)
)

// MissingProperty returns the property of a refused $select that the table does not have, or "".
func (e *APIError) MissingProperty() string {
	found := missingProperty.FindStringSubmatch(e.Message)
	if e.Code != CodeURINotParsed || found == nil {
		return ""
	}
	return found[1]
}

// MissingPrivilege returns the name of the privilege that the user lacks, such as prvReadAccount, or "".
func (e *APIError) MissingPrivilege() string {
	found := missingPrivilege.FindStringSubmatch(e.Message)
	if found == nil {
		return ""
	}
	return found[1]
}

// newAPIError reads a refusal. The body of a 401 is mostly empty, that of a gateway is HTML.
func newAPIError(answer *http.Response, body io.Reader) *APIError {
	e := &APIError{Status: answer.StatusCode, RequestID: answer.Header.Get("x-ms-service-request-id")}
	var parsed struct {
		Error struct{ Code, Message string }
	}
	raw, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err == nil && json.Unmarshal(raw, &parsed) == nil {
		e.Code = strings.ToLower(parsed.Error.Code)
		e.Message = withoutTokens(parsed.Error.Message, answer.Request)
	}
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	return e
}

// withoutTokens takes the access token, the paging cookie and the delta token of a request out of a text, in the
// encodings in which the service may repeat them.
func withoutTokens(text string, request *http.Request) string {
	const shortest = 4 // anything shorter is no token
	link := Link("?" + request.URL.RawQuery)
	values := []string{strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")}
	for _, encoded := range []string{link.option("$skiptoken"), link.DeltaToken()} {
		once, _ := url.QueryUnescape(encoded)
		twice, _ := url.QueryUnescape(once)
		values = append(values, encoded, once, twice)
	}
	for _, value := range values {
		if len(value) >= shortest {
			text = strings.ReplaceAll(text, value, "...")
		}
	}
	return text
}

// HasCode says whether err is a refusal by the Web API with one of these codes.
func HasCode(err error, codes ...string) bool {
	var api *APIError
	return errors.As(err, &api) && slices.Contains(codes, api.Code)
}
