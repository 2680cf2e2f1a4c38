package dataverse

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// apiPath is the version of the Web API that the client speaks; 9.0, 9.1 and 9.2 stay available side by side
// (Microsoft, "Compose HTTP requests and handle errors").
const apiPath = "/api/data/v9.2/"

// Tokens provides access tokens. It is called before each attempt at each request and must have a cache.
type Tokens interface {
	// Token returns a token that is currently valid.
	Token(ctx context.Context) (string, error)
	// Renew makes the next Token return another token than refused. claims is the claims challenge of the service, or
	// empty.
	Renew(ctx context.Context, refused, claims string) error
}

// Options adjusts a Client. The zero value is ready for use.
type Options struct {
	Agent            string        // User-Agent of all requests
	AttemptTimeout   time.Duration // of one attempt, its body included; 0: 5 minutes
	Attempts         int           // failed attempts at one request, not counting those refused by a limit; 0: 8
	WaitMin          time.Duration // longest wait before the second attempt, doubled before each further one; 0: 1 second
	WaitMax          time.Duration // longest wait between two attempts, unless the service asks for more; 0: 1 minute
	Budget           time.Duration // of one request from its first attempt on, waits included; 0: 30 minutes
	MaxPageBytes     int64         // largest JSON of a page of more than one row; 0: 64 MiB
	MaxResponseBytes int64         // largest body of any response; 0: 1 GiB
	MaxConcurrent    int           // most concurrent requests that the user allows; 0: as the service recommends, or 4
	Served           bool          // the environment has served an earlier run, so that its address is right
	MemorySlots      int           // most concurrent requests that the memory allows; 0: any number
	LookupTargets    bool          // definitions include which lookups are polymorphic
	Log              *slog.Logger  // nil: nothing is logged
	User             string        // how the log names the application user, where there are several; empty: there is one
}

// Client reads from one environment. It is safe for concurrent use.
type Client struct {
	root      string // https://host, without a trailing slash
	transport http.RoundTripper
	http      *http.Client
	options   Options
	log       *slog.Logger
	limiter   *limiter

	// What the clients of all users of the environment share:
	open          *openCalls
	buffers       *responseBuffers
	unpack        *gunzipper
	fastReaders   *fastReaders
	reached       *atomic.Bool  // a response has arrived, now or in an earlier run
	served        *atomic.Bool  // a response with what was asked for has arrived, now or in an earlier run
	plain         *atomic.Bool  // the service has refused RetrieveMetadataChanges
	plainChoices  *atomic.Bool  // the service has refused options in RetrieveMetadataChanges
	plainMetadata *atomic.Bool  // the service has refused rows of metadata from RetrieveMetadataChanges
	longest       *atomic.Int64 // length of the shortest url that was refused as too long; 0: none was
}

// New returns a client for the environment at root ("https://host[:port]"). It sends nothing. The transport must
// keep no cookies: the service's affinity cookies would send all requests to one of its web servers
// (Microsoft, "Send parallel requests").
func New(root string, tokens Tokens, transport http.RoundTripper, o Options) *Client {
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 5*time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 8)
	o.WaitMin = cmp.Or(o.WaitMin, time.Second)
	o.WaitMax = cmp.Or(o.WaitMax, time.Minute)
	o.Budget = cmp.Or(o.Budget, 30*time.Minute)
	o.MaxPageBytes = cmp.Or(o.MaxPageBytes, 64<<20)
	o.MaxResponseBytes = cmp.Or(o.MaxResponseBytes, 1<<30)
	c := &Client{
		root: root, options: o, log: o.Log, limiter: newLimiter(newCeiling(o.MaxConcurrent, o.MemorySlots)),
		open: new(openCalls), buffers: new(responseBuffers), unpack: new(gunzipper), fastReaders: new(fastReaders),
		reached: new(atomic.Bool), served: new(atomic.Bool), longest: new(atomic.Int64),
		plain: new(atomic.Bool), plainChoices: new(atomic.Bool), plainMetadata: new(atomic.Bool),
	}
	c.reached.Store(o.Served)
	c.served.Store(o.Served)
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.signAs(tokens, transport)
	return c
}

// signAs makes the client sign its requests with tokens.
func (c *Client) signAs(tokens Tokens, transport http.RoundTripper) {
	c.transport = transport
	c.http = &http.Client{
		Transport: &authorized{next: transport, tokens: tokens},
		Timeout:   c.options.AttemptTimeout,
		// The service does not redirect; a redirect leads to a sign-in page or away from the environment.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// As returns a client of another application user of the same environment, which the log calls by the given name. The
// service protection limits of each user are kept separately. The number of concurrent requests that the service
// recommends, and Options.MaxConcurrent and MemorySlots, hold for all of these clients together.
func (c *Client) As(user string, tokens Tokens) *Client {
	other := *c
	other.options.User = user
	other.limiter = newLimiter(c.limiter.ceiling)
	other.signAs(tokens, c.transport)
	return &other
}

// Throttled returns for how long the service has made the requests of all users wait so far, and until when it does so now;
// zero: it does not.
func (c *Client) Throttled() (total time.Duration, until time.Time) {
	_, until = c.limiter.ceiling.state()
	return c.limiter.ceiling.paused(), until
}

// Slots returns how many requests of all users may be under way at once, as far as is known now: it follows the service's
// recommendation.
func (c *Client) Slots() int {
	slots, _ := c.limiter.ceiling.state()
	return slots
}

// Retire notes that the user of the client sends nothing more, so that a pause of the other users counts as one of all.
func (c *Client) Retire() { c.limiter.retire() }

// Usage is what the requests of one application user have taken so far.
type Usage struct {
	Requests  int64         // attempts included
	Throttled time.Duration // for which the service made the user wait
}

// Usage returns what the requests of the client's user have taken so far.
func (c *Client) Usage() Usage { return c.limiter.usage() }
