// Package dataverse speaks the Dataverse Web API in its own nouns: organisation, tables, columns, pages, changes.
// It retries what is transient and tells everything else by typed errors.
package dataverse

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// apiPath is the version of the Web API that the client speaks; 9.0, 9.1 and 9.2 stay available side by side
// (Microsoft, "Compose HTTP requests and handle errors").
const apiPath = "/api/data/v9.2/"

// Tokens hands out access tokens. It is asked before each attempt of each request and must keep its own cache.
type Tokens interface {
	// Token returns a token that the service should accept now.
	Token(ctx context.Context) (string, error)
	// Renew makes the next Token another one than refused. claims is what the service demands of it, or empty.
	Renew(ctx context.Context, refused, claims string) error
}

// Options adjusts a Client. The zero value is ready for use.
type Options struct {
	Agent          string        // User-Agent of all requests
	AttemptTimeout time.Duration // for one attempt, its body included; 0: 5 minutes
	Attempts       int           // at most so many for one request; 0: 8
	WaitMin        time.Duration // before the second attempt, doubled before each further one; 0: 1 second
	WaitMax        time.Duration // between two attempts; a service that asks for more ends the request; 0: 5 minutes
	Log            *slog.Logger  // nil: nothing is logged
}

// Client reads from one environment. It is safe for concurrent use.
type Client struct {
	root   string // https://host, without a trailing slash
	tokens Tokens
	http   *retryablehttp.Client
	agent  string
	log    *slog.Logger
	unpack gunzipper
	plain  atomic.Bool // the service has refused RetrieveMetadataChanges
}

// New prepares a client for the environment at root ("https://host[:port]"). Nothing is sent. The transport must
// keep no cookies: the service's affinity cookies would pin all requests to one of its web servers.
func New(root string, tokens Tokens, transport http.RoundTripper, o Options) *Client {
	c := &Client{root: root, tokens: tokens, agent: o.Agent, log: o.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	policy := retryPolicy{log: c.log, longest: orDefault(o.WaitMax, 5*time.Minute)}
	c.http = &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: &authorized{next: transport, tokens: tokens},
			Timeout:   orDefault(o.AttemptTimeout, 5*time.Minute),
			// The service does not redirect; a redirect leads to a sign-in page or away from the environment.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:     orDefault(o.Attempts, 8) - 1,
		RetryWaitMin: orDefault(o.WaitMin, time.Second),
		RetryWaitMax: policy.longest,
		CheckRetry:   policy.check,
		Backoff:      policy.wait,
		ErrorHandler: giveUp,
	}
	return c
}

func orDefault[T time.Duration | int](value, standard T) T {
	if value <= 0 {
		return standard
	}
	return value
}

// request is one GET of the Web API.
type request struct {
	operation string // what it is for, "read a page of account": stands in errors and logs in place of the url
	table     string // the table whose rows it reads, if any
	link      Link
	prefer    string
	// read takes the decompressed body of an answer with status 200. It runs once per attempt and starts anew each
	// time; an error of kind *BrokenAnswerError, or of the transport, leads to another attempt, but not without end.
	read func(answer *http.Response, body io.Reader) error
}

// get sends a request until its answer has been read whole, or further attempts are pointless. Its errors are of kind
// *RequestError.
func (c *Client) get(ctx context.Context, q request) error {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, c.root+apiPath+string(q.link), nil)
	if err != nil {
		return &RequestError{Operation: q.operation, Table: q.table, cause: errUnusableLink}
	}
	c.setHeaders(req.Header, q.prefer)
	unreadable := 0
	req.SetResponseHandler(func(answer *http.Response) error {
		defer answer.Body.Close()
		err := c.readAnswer(answer, q.read)
		if !stays(err) {
			return err
		}
		if unreadable++; unreadable == unreadableMost {
			return lastingError{err}
		}
		return err
	})
	start := time.Now()
	answer, err := c.http.Do(req)
	if err != nil {
		return &RequestError{Operation: q.operation, Table: q.table, cause: err}
	}
	_ = answer.Body.Close()
	c.log.DebugContext(ctx, q.operation, "took", time.Since(start).Round(time.Millisecond),
		"burst_remaining", answer.Header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"),
		"time_remaining", answer.Header.Get("x-ms-ratelimit-time-remaining-xrm-requests"))
	return nil
}

func (c *Client) setHeaders(h http.Header, prefer string) {
	h.Set("Accept", "application/json")
	h.Set("Accept-Encoding", "gzip")
	h.Set("OData-MaxVersion", "4.0")
	h.Set("OData-Version", "4.0")
	h.Set("If-None-Match", "null")
	if c.agent != "" {
		h.Set("User-Agent", c.agent)
	}
	if prefer != "" {
		h.Set("Prefer", prefer) // one header: several have made the service drop the delta link
	}
}

// readAnswer hands a good answer to read and turns any other into an error.
func (c *Client) readAnswer(answer *http.Response, read func(*http.Response, io.Reader) error) error {
	body, err := c.unpack.open(answer)
	if err != nil {
		return err
	}
	defer body.Close()
	if answer.StatusCode != http.StatusOK {
		return newAPIError(answer, body)
	}
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		reason := fmt.Sprintf("it is of type %q and not JSON, as a sign-in page or a proxy's answer is", kind)
		return &BrokenAnswerError{Reason: reason, passing: true}
	}
	return read(answer, body)
}
