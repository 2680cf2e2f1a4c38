// Package dataverse speaks the Dataverse Web API in its own nouns: organisation, tables, columns, pages, changes.
// It retries what is transient and tells everything else by typed errors.
package dataverse

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
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
	Attempts       int           // how many attempts at one request may fail, those refused by a limit not counted; 0: 8
	WaitMin        time.Duration // at most before the second attempt, doubled before each further one; 0: 1 second
	WaitMax        time.Duration // at most between two attempts, where the service does not ask for more; 0: 1 minute
	Budget         time.Duration // for one request from its first attempt on, waits included; 0: 30 minutes
	MaxPageBytes      int64         // of a page's JSON at most, unless it has one row; 0: 64 MiB
	MaxResponseBytes    int64         // of any answer at most; 0: 1 GiB
	MaxConcurrent     int           // requests under way at once at most, as the user wants; 0: what the service hints, or 4 where it does not
	MemorySlots    int           // requests under way at once at most, as far as the memory goes; 0: any number
	Log            *slog.Logger  // nil: nothing is logged
}

// Client reads from one environment. It is safe for concurrent use.
type Client struct {
	root     string // https://host, without a trailing slash
	tokens   Tokens
	http     *http.Client
	options  Options
	log      *slog.Logger
	governor *governor
	calls    calls
	spools   spools
	unpack   gunzipper
	fastReaders fastReaders
	reached  atomic.Bool // an answer has come
	plain    atomic.Bool // the service has refused RetrieveMetadataChanges
}

// New prepares a client for the environment at root ("https://host[:port]"). Nothing is sent. The transport must
// keep no cookies: the service's affinity cookies would pin all requests to one of its web servers.
func New(root string, tokens Tokens, transport http.RoundTripper, o Options) *Client {
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 5*time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 8)
	o.WaitMin = cmp.Or(o.WaitMin, time.Second)
	o.WaitMax = cmp.Or(o.WaitMax, time.Minute)
	o.Budget = cmp.Or(o.Budget, 30*time.Minute)
	o.MaxPageBytes = cmp.Or(o.MaxPageBytes, 64<<20)
	o.MaxResponseBytes = cmp.Or(o.MaxResponseBytes, 1<<30)
	c := &Client{root: root, tokens: tokens, options: o, log: o.Log, governor: newGovernor(o.MaxConcurrent, o.MemorySlots)}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.http = &http.Client{
		Transport: &authorized{next: transport, tokens: tokens},
		Timeout:   o.AttemptTimeout,
		// The service does not redirect; a redirect leads to a sign-in page or away from the environment.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Slots is how many requests may be under way at once, as far as is known now: it follows the service's hints.
func (c *Client) Slots() int {
	ceiling, _ := c.governor.places()
	return ceiling
}

// request is one GET of the Web API.
type request struct {
	operation string // what it is for, "read a page of account": stands in errors and logs in place of the url
	table     string // the table whose rows it reads, if any
	kind      string // requests of one kind take the service about the same time; empty: of no kind
	link      Link
	prefer    string
	heavy     int   // see PageRequest.HeavyAttempts
	most      int64 // bytes of the answer, compressed or not; 0: what the client takes of any
	// waits, if any, is told until when the service makes the request wait.
	waits func(until time.Time)
	// read takes the decompressed body of an answer with status 200, which lies whole in memory. It runs once per attempt
	// and starts anew each time; an error of kind *BrokenAnswerError leads to another attempt, but not without end.
	read func(answer *http.Response, body io.Reader) error
}

func (c *Client) setHeaders(h http.Header, prefer string) {
	h.Set("Accept", "application/json")
	h.Set("Accept-Encoding", "gzip")
	h.Set("OData-MaxVersion", "4.0")
	h.Set("OData-Version", "4.0")
	h.Set("If-None-Match", "null")
	if c.options.Agent != "" {
		h.Set("User-Agent", c.options.Agent)
	}
	if prefer != "" {
		h.Set("Prefer", prefer) // one header: several have made the service drop the delta link
	}
}

// readAnswer hands a good answer to read and turns any other into an error.
func (c *Client) readAnswer(answer *http.Response, read func(*http.Response, io.Reader) error) error {
	body, err := c.unpack.open(answer)
	if answer.StatusCode != http.StatusOK {
		if err != nil { // the status says enough
			return newAPIError(answer, http.NoBody)
		}
		defer body.Close()
		return newAPIError(answer, body)
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		reason := fmt.Sprintf("it is of type %q and not JSON, as a sign-in page or a proxy's answer is", kind)
		return &BrokenResponseError{Reason: reason, passing: true}
	}
	return read(answer, marked{body})
}
