package finops

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/webpage"
)

// errUnusableURL reports a url that cannot be requested. It does not quote the url, which may hold a signature.
var errUnusableURL = errors.New("the url is not valid, or does not begin with https")

// ErrLinkOutside reports a link to the next page of a set that leads out of the service. It is not followed.
var ErrLinkOutside = errors.New("the service sent a next link that leads elsewhere, or to a page that was read before")

// RequestError names the request that failed. It wraps the reason.
type RequestError struct {
	Operation string // such as "read the lines of project Sales"
	Host      string // of the service, with its port if that is not 443
	Attempts  int
	cause     error
}

func (e *RequestError) Error() string {
	if e.Attempts > 1 {
		return fmt.Sprintf("%s: gave up after %d attempts: %v", e.Operation, e.Attempts, e.cause)
	}
	return e.Operation + ": " + e.cause.Error()
}

// Unwrap returns the reason.
func (e *RequestError) Unwrap() error { return e.cause }

// BrokenResponseError is a response with status 200 that is incomplete or not what was asked for.
type BrokenResponseError struct {
	Reason  string // a clause that begins with "it" and quotes nothing of a row
	passing bool   // the next response may differ
	cause   error
}

func (e *BrokenResponseError) Error() string {
	if e.cause != nil {
		return "the response is broken: " + e.Reason + ": " + e.cause.Error()
	}
	return "the response is broken: " + e.Reason
}

// Unwrap returns the error met while the response was read, or nil.
func (e *BrokenResponseError) Unwrap() error { return e.cause }

// APIError is a refusal: a response with another status than 200.
type APIError struct {
	Status int
	// Message is the service's, without its stack trace. It is empty if the response is not in the form of the service: then a
	// proxy or a firewall has responded.
	Message string
	Page    webpage.Page // that came in place of a response of the service

	retryAfter time.Duration
}

func (e *APIError) Error() string {
	switch {
	case e.Message != "":
		return fmt.Sprintf("finance & operations responded with %d: %s", e.Status, e.Message)
	case e.Page != (webpage.Page{}):
		return fmt.Sprintf("the response has status %d and is %s", e.Status, e.Page)
	default:
		return fmt.Sprintf("the response has status %d", e.Status)
	}
}

// Forbidden reports whether the service refuses the application, and not a proxy in front of it. Without an entry in Microsoft
// Entra applications the service responds with 403 or 401, with or without a message.
func (e *APIError) Forbidden() bool {
	return (e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized) && e.Page == (webpage.Page{})
}

// LeadsElsewhere reports whether the refusal is that of a host which is not a finance & operations environment: it does not know
// the service, or redirects to a page of its own.
func (e *APIError) LeadsElsewhere() bool {
	redirected := e.Status >= http.StatusMultipleChoices && e.Status < http.StatusBadRequest
	return redirected || e.Status == http.StatusNotFound
}

// newAPIError reads a refusal. The message of the exception is inside innererror; the one beside it is always the same
// ("An error has occurred.").
func newAPIError(response *http.Response, body []byte) *APIError {
	e := &APIError{Status: response.StatusCode, Page: webpage.Of(response, body), retryAfter: dataverse.RetryAfter(response)}
	var document struct {
		Error struct {
			Message string `json:"message"`
			Inner   struct {
				Message string `json:"message"`
			} `json:"innererror"`
		} `json:"error"`
		Message string `json:"Message"` // of ASP.NET, where no exception is involved
	}
	if json.Unmarshal(body, &document) == nil {
		for _, text := range []string{document.Error.Inner.Message, document.Error.Message, document.Message} {
			if e.Message == "" {
				e.Message = oneLine(text)
			}
		}
	}
	return e
}

// oneLine returns a message on one line, shortened, without signed urls.
func oneLine(text string) string {
	const most = 500 // characters
	runes := []rune(withoutSignature(strings.Join(strings.Fields(text), " ")))
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(runes)
}

// withoutSignature removes the queries of urls from a text: that of a package has its signature.
func withoutSignature(text string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		before, query, _ := strings.Cut(word, "?")
		switch {
		case query != "" && strings.Contains(before, "://"):
			words[i] = before + "?..."
		case strings.Contains(word, "sig="):
			words[i] = "..."
		}
	}
	return strings.Join(words, " ")
}

// temporary reports whether the same request may succeed when it is sent again.
func temporary(err error) bool {
	var refused *APIError
	var signIn *dataverse.SignInError
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	switch {
	case errors.As(err, &signIn):
		return signIn.Temporary()
	case errors.As(err, &refused):
		return refused.temporary()
	case errors.As(err, &certificate), errors.Is(err, ErrLinkOutside), errors.Is(err, errUnusableURL):
		return false
	case errors.As(err, &host):
		return !host.IsNotFound
	default: // the network, or a *BrokenResponseError
		return true
	}
}

// temporary reports whether the same request may succeed later. Whatever is not in the form of the service comes from something
// in front of it, and often passes.
func (e *APIError) temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusUnauthorized, http.StatusForbidden:
		return e.Page.HTML
	default:
		return e.Message == ""
	}
}

// doubtful reports whether another attempt is unlikely to help, although it may.
func doubtful(err error) bool {
	var refused *APIError
	var broken *BrokenResponseError
	switch {
	case errors.As(err, &refused):
		return refused.Status < http.StatusInternalServerError && refused.Status != http.StatusRequestTimeout && refused.Status != http.StatusTooManyRequests
	case errors.As(err, &broken):
		return !broken.passing
	default:
		return false
	}
}

// unsent reports whether a request has certainly not reached the service.
func unsent(err error) bool {
	var signIn *dataverse.SignInError
	var operation *net.OpError
	return errors.As(err, &signIn) || errors.As(err, &operation) && operation.Op == "dial"
}
