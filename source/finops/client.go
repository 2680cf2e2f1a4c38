package finops

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// Options adjusts a Client. The zero value is ready for use.
type Options struct {
	Agent          string        // User-Agent of all requests
	AttemptTimeout time.Duration // of one attempt, its body included; 0: 5 minutes. A download has a limit of its own for each read.
	Attempts       int           // failed attempts at one request, not counting those refused by a limit; 0: 8
	WaitMin        time.Duration // longest wait before the second attempt, doubled before each further one; 0: 1 second
	WaitMax        time.Duration // longest wait between two attempts, unless the service asks for more; 0: 1 minute
	Budget         time.Duration // of one request from its first attempt on, waits included; 0: 30 minutes

	PollMin time.Duration // first wait between two requests for the status of an execution; 0: 5 seconds
	PollMax time.Duration // longest such wait; 0: 1 minute
	// Grace is how long an execution may be unknown to the service after it was requested, and how long the url of its package may
	// be empty after it has succeeded; 0: 15 minutes.
	Grace time.Duration
	// Timeout bounds the time in which an execution ends, from the first request for its status on; 0: 6 hours.
	Timeout time.Duration
	// Folder is where packages are stored while they are read; empty: that of os.TempDir.
	Folder string
	Log    *slog.Logger // nil: nothing is logged
}

// withDefaults returns the options with the default of each that is not set.
func (o Options) withDefaults() Options {
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 5*time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 8)
	o.WaitMin = cmp.Or(o.WaitMin, time.Second)
	o.WaitMax = cmp.Or(o.WaitMax, time.Minute)
	o.Budget = cmp.Or(o.Budget, 30*time.Minute)
	o.PollMin = cmp.Or(o.PollMin, 5*time.Second)
	o.PollMax = cmp.Or(o.PollMax, time.Minute)
	o.Grace = cmp.Or(o.Grace, 15*time.Minute)
	o.Timeout = cmp.Or(o.Timeout, 6*time.Hour)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Client reads from one finance & operations environment. It is safe for concurrent use.
type Client struct {
	host    string       // of root
	root    string       // https://host, with the path before /data on the systems that have one, without a trailing slash
	service *http.Client // signs its requests
	blobs   *http.Client // does not: the url of a package has its own signature, and belongs to another host
	options Options
	log     *slog.Logger
	pause   pause
}

// New returns a client for the environment at root, such as https://contoso.operations.dynamics.com. It sends nothing. The tokens
// must be those of root's host; the transport must keep no cookies.
func New(root string, tokens dataverse.Tokens, transport http.RoundTripper, o Options) *Client {
	o = o.withDefaults()
	// Neither service redirects; a redirect leads to a sign-in page or away from the environment.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	host, _, _ := strings.Cut(strings.TrimPrefix(root, "https://"), "/")
	return &Client{
		host: host, root: root, options: o, log: o.Log,
		service: &http.Client{Transport: dataverse.Authorize(transport, tokens), Timeout: o.AttemptTimeout, CheckRedirect: stay},
		blobs:   &http.Client{Transport: transport, CheckRedirect: stay},
	}
}

// failed returns the error of a request.
func (c *Client) failed(operation string, attempts int, cause error) *RequestError {
	return &RequestError{Operation: operation, Host: c.host, Attempts: attempts, cause: cause}
}
