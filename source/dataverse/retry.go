package dataverse

import (
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryPolicy decides what follows a failed attempt. It is a pure function of the error and of the attempts so far.
type RetryPolicy struct {
	Attempts          int // attempts that may fail, not counting those refused by a limit
	ExpensiveAttempts int // see PageRequest.ExpensiveAttempts
	PartialAttempts   int // attempts at a request for several tables if one of them may be the cause; 0: Attempts
}

// Attempts counts what has happened to a request so far, including the current one.
type Attempts struct {
	Failed       int           // attempts that failed for a reason other than a limit
	Malformed    int           // responses that arrived completely and could not be used
	Inconclusive int           // inconclusive refusals that another attempt is unlikely to fix
	Left         time.Duration // of the request's budget; 0 or less: none
	Asked        time.Duration // pause that the service asked for with this response; 0: none
	Reached      bool          // the environment has responded before, to any request
}

// Decision is what follows a failed attempt. The zero value ends the request.
type Decision struct {
	Again    bool // the request is sent again
	PauseAll bool // all requests pause, whether or not this one is sent again
}

// fewAttempts is the number of attempts at a request whose failure is unlikely to be temporary: a response that arrives
// completely and cannot be used, or an inconclusive refusal.
const fewAttempts = 3

// Decide returns what follows an attempt that ended with err.
func (p RetryPolicy) Decide(err error, so Attempts) Decision {
	size := costOf(err)
	tooOften := size != unrelated && p.ExpensiveAttempts > 0 && so.Failed >= p.expensiveAttempts(size)
	switch {
	case limited(err):
		return Decision{Again: so.Left > 0, PauseAll: true}
	case !transient(err, so.Reached):
		return Decision{}
	case tooOften: // a smaller request follows at once
		return Decision{PauseAll: so.Asked > 0 || p.ExpensiveAttempts == 1}
	case p.PartialAttempts > 0 && so.Failed >= p.PartialAttempts && blamesTables(err): // requests for fewer tables follow
		return Decision{PauseAll: so.Asked > 0 && refused(err)}
	}
	return Decision{
		Again:    so.Malformed < fewAttempts && so.Inconclusive < fewAttempts && so.Failed < p.Attempts && so.Left > 0,
		PauseAll: so.Asked > 0 && refused(err),
	}
}

// expensiveAttempts is the number of attempts at a request that is too expensive, if a smaller one can be sent instead.
// A failure that may also be temporary gets another attempt, or all of them if the smaller request means that a scan
// restarts.
func (p RetryPolicy) expensiveAttempts(size cost) int {
	switch {
	case size == tooMuch:
		return p.ExpensiveAttempts
	case p.ExpensiveAttempts == 1:
		return min(2, p.Attempts)
	default:
		return p.Attempts
	}
}

// transient reports whether the same request may succeed when it is sent again. If a host that has responded before
// cannot be found, the failure is temporary; any other name is mistyped.
func transient(err error, reached bool) bool {
	var api *APIError
	var signIn *SignInError
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	var large *ResponseTooLargeError
	switch {
	case errors.As(err, &api):
		return api.Temporary()
	case errors.As(err, &signIn) && (signIn.Temporary() || signIn.notFromEntra()):
		return true
	case errors.As(err, &host):
		return reached || !host.IsNotFound && signIn == nil
	case signIn != nil, errors.As(err, &certificate), errors.As(err, &large), errors.Is(err, ErrSink), errors.Is(err, ErrLinkOutside):
		return false
	default: // the network, or a *BrokenResponseError
		return true
	}
}

// malformed reports whether a response is broken in a way that another attempt is unlikely to fix.
func malformed(err error) bool {
	var response *BrokenResponseError
	var signIn *SignInError
	return errors.As(err, &response) && !response.passing || errors.As(err, &signIn) && signIn.notFromEntra()
}

// limited reports whether the service refuses the requests of this user for the time being.
func limited(err error) bool {
	var api *APIError
	return errors.As(err, &api) && api.Throttled()
}

func isInconclusive(err error) bool {
	var api *APIError
	return errors.As(err, &api) && api.Inconclusive()
}

func refused(err error) bool {
	var api *APIError
	return errors.As(err, &api)
}

// RetryAfter returns the wait that the Retry-After header asks for. The service gives it in seconds, and HTTP also allows a date
// (RFC 9110, 10.2.3). RetryAfter returns 0 if the header is missing or neither of these, or if the date has passed.
func RetryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	value := response.Header.Get("Retry-After")
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
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, date.Sub(now))
}

// Backoff returns a wait by exponential backoff with full jitter (Amazon, "Exponential Backoff And Jitter"): a random time of
// at most shortest after one attempt, twice as long after each further one, and never longer than longest.
func Backoff(shortest, longest time.Duration, attempts int) time.Duration {
	ceiling := max(min(shortest<<min(max(attempts, 1)-1, 16), longest), 1)
	return rand.N(ceiling) + 1 //nolint:gosec // jitter needs no secrecy
}

func (o Options) backoff(attempts int) time.Duration { return Backoff(o.WaitMin, o.WaitMax, attempts) }
