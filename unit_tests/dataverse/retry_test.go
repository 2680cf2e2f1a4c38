package dataverse_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

const throttled = `{"error":{"code":"0x80072322","message":"Number of requests exceeded the limit of 6000 over time window of 300 seconds."}}`

func TestTemporaryFailureIsRetried(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"a limit, with seconds to wait":              refuse(http.StatusTooManyRequests, throttled, "Retry-After", "0.001"),
		"a limit, with a date that has passed":       refuse(http.StatusTooManyRequests, throttled, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"),
		"a limit, with a time that is none":          refuse(http.StatusTooManyRequests, throttled, "Retry-After", "1h2"),
		"a limit without a time":                     refuse(http.StatusTooManyRequests, throttled),
		"a limit with another status":                refuse(http.StatusBadRequest, throttled),
		"a server that is down":                      refuse(http.StatusServiceUnavailable, "<html>down</html>", "Content-Type", "text/html"),
		"a gateway without a server":                 refuse(http.StatusBadGateway, ""),
		"a gateway that waited too long":             refuse(http.StatusGatewayTimeout, ""),
		"a request that took too long":               refuse(http.StatusRequestTimeout, ""),
		"an unexpected error":                        refuse(http.StatusInternalServerError, `{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`),
		"an SQL timeout":                             refuse(http.StatusBadRequest, `{"error":{"code":"0x80044151","message":"SQL timeout expired."}}`),
		"an SQL deadlock, in capitals":               refuse(http.StatusBadRequest, `{"error":{"code":"0X80044150","message":"Generic SQL error."}}`),
		"a connection that breaks before a response": cut,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response, response, good("{"+valueMember+"}"))
			_, sink, err := read(t.Context(), s.client(), "accounts")
			require.NoError(t, err)
			assert.Len(t, s.requests(), 3)
			assert.Len(t, sink.values, 2)
			assert.Len(t, sink.attempts, 1, "refusals are no attempts at the rows")
		})
	}
}

// cut ends the connection without a response.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestPermanentRefusalIsReturnedAtOnce(t *testing.T) {
	for name, example := range map[string]struct {
		status int
		body   string
		code   string
	}{
		"a column that does not exist": {http.StatusBadRequest, `{"error":{"code":"0x80060888","message":"Could not find a property named 'x' on type 'Microsoft.Dynamics.CRM.account'."}}`, "0x80060888"},
		"a privilege that is missing":  {http.StatusForbidden, `{"error":{"code":"0x80040220","message":"is missing prvReadAccount privilege"}}`, "0x80040220"},
		"a set that does not exist":    {http.StatusNotFound, `{"error":{"code":"0x80060888","message":"Resource not found for the segment 'x'."}}`, "0x80060888"},
		"a token that has expired":     {http.StatusInternalServerError, `{"error":{"code":"0x80044352","message":"Version stamp associated with the client has expired."}}`, "0x80044352"},
		"change tracking that is off":  {http.StatusInternalServerError, `{"error":{"code":"0x80072491","message":"Entity x isn't enabled for change tracking."}}`, "0x80072491"},
		"a method that is not allowed": {http.StatusMethodNotAllowed, ``, ""},
		"a function that is unknown":   {http.StatusNotImplemented, `{"error":{"code":"0x8006088A","message":"not supported"}}`, "0x8006088a"},
		"a response without a body":    {http.StatusNoContent, ``, ""},
		"a row that does not exist":    {http.StatusNotFound, `{"error":{"code":"0x80040217","message":"Entity 'account' With Id = 1 Does Not Exist"}}`, "0x80040217"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, refuse(example.status, example.body, "x-ms-service-request-id", "7341c0c1"))
			_, sink, err := read(t.Context(), s.client(), "accounts")
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, example.status, refused.Status)
			assert.Equal(t, example.code, refused.Code)
			assert.NotEmpty(t, refused.Message)
			assert.Equal(t, "7341c0c1", refused.RequestID)
			assert.False(t, refused.Temporary())
			assert.Len(t, s.requests(), 1)
			assert.Empty(t, sink.attempts)
			assert.NotContains(t, err.Error(), "gave up")
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := newService(t, refuse(http.StatusFound, "", "Location", "/elsewhere"))
	_, _, err := read(t.Context(), s.client(), "accounts")
	var refused *dataverse.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusFound, refused.Status)
	assert.Len(t, s.requests(), 1)
}

func TestErrorNamesTheAttempts(t *testing.T) {
	s := newService(t, refuse(http.StatusServiceUnavailable, `{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`,
		"x-ms-service-request-id", "7341c0c1"))
	_, _, err := read(t.Context(), s.client(), "accounts?$skiptoken=hidden")
	require.EqualError(t, err, "read a page of account: gave up after 3 attempts: Dataverse responded with 503 0x80040216: "+
		"An unexpected error occurred. (request id 7341c0c1)")
	assert.Len(t, s.requests(), 3)
}

func TestThrottledRequestIsRetriedUntilItsBudgetEnds(t *testing.T) {
	s := newService(t, refuse(http.StatusTooManyRequests, throttled, "Retry-After", "0.01"))
	_, _, err := read(t.Context(), s.client(func(o *dataverse.Options) { o.Budget = 200 * time.Millisecond }), "accounts?$skiptoken=hidden")
	var refused *dataverse.APIError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Throttled())
	assert.Greater(t, len(s.requests()), 3, "more often than a failure would be tried again")
	assert.True(t, dataverse.HasCode(err, dataverse.CodeThrottledRequests))
	assert.NotContains(t, err.Error(), "hidden")
}

func TestOneAttemptIsOneRequest(t *testing.T) {
	s := newService(t, refuse(http.StatusServiceUnavailable, ""))
	_, _, err := read(t.Context(), s.client(func(o *dataverse.Options) { o.Attempts = 1 }), "accounts")
	require.EqualError(t, err, "read a page of account: Dataverse responded with 503: Service Unavailable")
	assert.Len(t, s.requests(), 1)
}

func TestRequestedPauseIsLoggedWithoutTheLink(t *testing.T) {
	var log bytes.Buffer
	s := newService(t, refuse(http.StatusTooManyRequests, throttled, "Retry-After", "0.001"), cut, good(emptyPage))
	_, _, err := read(t.Context(), s.client(logTo(&log)), "accounts?$deltatoken=hidden")
	require.NoError(t, err)
	assert.Contains(t, log.String(), "limits the connector (number of requests)")
	assert.Contains(t, log.String(), "level=DEBUG")
	for _, secret := range []string{"hidden", "secret-token", s.URL} {
		assert.NotContains(t, log.String(), secret)
	}
}

func TestTooLongPauseEndsTheRequestAtOnce(t *testing.T) {
	for name, example := range map[string]struct{ after, message string }{
		"seconds": {"301", "the service asks to wait 5m1s, and a request is given up after 5m0s: Dataverse responded with 429"},
		"a date":  {"Fri, 31 Dec 2049 23:59:59 GMT", "and a request is given up after 5m0s: Dataverse responded with 429"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := newService(t, refuse(http.StatusTooManyRequests, throttled, "Retry-After", example.after))
			five := func(o *dataverse.Options) { o.Budget = 5 * time.Minute }
			_, _, err := read(t.Context(), s.client(five, logTo(&log)), "accounts")
			var wait *dataverse.WaitError
			require.ErrorAs(t, err, &wait)
			assert.Greater(t, wait.Asked, 5*time.Minute)
			assert.Equal(t, 5*time.Minute, wait.Budget)
			assert.ErrorContains(t, err, example.message)
			assert.True(t, dataverse.HasCode(err, dataverse.CodeThrottledRequests))
			assert.Len(t, s.requests(), 1)
			assert.Contains(t, log.String(), "Dataverse asks to wait "+wait.Asked.String()+" before the next request. The connector waits at most 5m0s.")
		})
	}
}

func TestPermanentRefusalIsNotAWait(t *testing.T) {
	s := newService(t, refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"no"}}`, "Retry-After", "3600"))
	_, _, err := read(t.Context(), s.client(), "accounts")
	var wait *dataverse.WaitError
	assert.False(t, errors.As(err, &wait), err)
	assert.True(t, dataverse.HasCode(err, dataverse.CodePrivilegeMissing))
}

func TestConnectionErrorQuotesNoURL(t *testing.T) {
	s := newService(t, good(emptyPage))
	c := s.client()
	s.Close()
	_, _, err := read(t.Context(), c, "accounts?$deltatoken=hidden")
	var connection *dataverse.ConnectionError
	require.ErrorAs(t, err, &connection)
	var network *net.OpError
	require.ErrorAs(t, err, &network)
	assert.Contains(t, err.Error(), "read a page of account: gave up after 3 attempts: no response came: ")
	assert.NotContains(t, err.Error(), "hidden")
}

func TestSignInErrorIsTypedWhateverItWraps(t *testing.T) {
	// MSAL's errors hold one of net/http, with the tenant's id in its url.
	for name, example := range map[string]struct {
		err      error
		attempts int
	}{
		"final":           {final{}, 1},
		"with no opinion": {errors.New("unknown"), 3},
		"temporary":       {hiding{&net.OpError{Op: "dial", Err: errors.New("connection refused")}}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, good(emptyPage))
			k := &tokens{err: example.err}
			_, _, err := read(t.Context(), s.clientOf(k), "accounts")
			var signIn *dataverse.SignInError
			require.ErrorAs(t, err, &signIn)
			require.ErrorIs(t, err, example.err)
			assert.Equal(t, example.attempts, k.asked)
			if example.attempts > 1 {
				assert.Contains(t, err.Error(), "gave up after 3 attempts: ")
			}
		})
	}
}

// hiding is an error that says itself whether it is temporary.
type hiding struct{ error }

func (hiding) Temporary() bool { return true }

func TestUntrustedCertificateIsNotRetried(t *testing.T) {
	s := newService(t, good(emptyPage))
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	k := &tokens{}
	_, _, err := read(t.Context(), dataverse.New(s.URL, k, transport, options()), "accounts")
	var certificate *tls.CertificateVerificationError
	require.ErrorAs(t, err, &certificate)
	assert.Equal(t, 1, k.asked)
}

func TestUnknownHostIsNotRetried(t *testing.T) {
	for name, example := range map[string]struct {
		failure  net.DNSError
		attempts int
	}{
		"no such host":       {net.DNSError{Err: "no such host", Name: "contoso.example", IsNotFound: true}, 1},
		"server misbehaving": {net.DNSError{Err: "server misbehaving", Name: "contoso.example", IsTemporary: true}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, &example.failure }}
			k := &tokens{}
			_, _, err := read(t.Context(), dataverse.New("https://contoso.example", k, transport, options()), "accounts")
			var host *net.DNSError
			require.ErrorAs(t, err, &host)
			assert.Equal(t, example.attempts, k.asked)
		})
	}
}

func TestRequestEndsWithItsContext(t *testing.T) {
	for name, example := range map[string]func(stop context.CancelFunc) http.HandlerFunc{
		"before the response": func(stop context.CancelFunc) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				stop()
				<-r.Context().Done()
			}
		},
		"in the rows": func(stop context.CancelFunc) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"value":[{"name":"a"},`))
				_ = http.NewResponseController(w).Flush()
				stop()
				<-r.Context().Done()
			}
		},
		"in the wait before another attempt": func(stop context.CancelFunc) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				refuse(http.StatusTooManyRequests, throttled, "Retry-After", "3600")(w, r)
				_ = http.NewResponseController(w).Flush()
				stop()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			s := newService(t, example(stop))
			c := s.client(func(o *dataverse.Options) { o.Budget = 2 * time.Hour })
			_, _, err := read(ctx, c, "accounts?$deltatoken=hidden")
			require.ErrorIs(t, err, context.Canceled)
			assert.NotContains(t, err.Error(), "hidden")
			assert.NotContains(t, err.Error(), "gave up")
			assert.Len(t, s.requests(), 1)
		})
	}
}

func TestTimedOutAttemptIsRetried(t *testing.T) {
	s := newService(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, _, err := read(t.Context(), s.client(func(o *dataverse.Options) { o.AttemptTimeout = 50 * time.Millisecond }), "accounts")
	var connection *dataverse.ConnectionError
	require.ErrorAs(t, err, &connection)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, err.Error(), "gave up after 3 attempts")
}
