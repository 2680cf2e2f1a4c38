package simulator

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with chosen requests. The fields of the first group choose requests, all that
// are set must hold; those of the second say what happens instead of the answer, or to it.
type Fault struct {
	Match       func(*http.Request) bool // any condition
	Method      string                   // exact
	Path        string                   // what the decoded path begins with
	Contains    string                   // a part of the path with its query as sent, such as "$skiptoken"
	Nth         int                      // the first matching request that fails, from 1; 0 is 1
	Count       int                      // how many fail from there on; 0 is 1, below 0 without end
	Probability float64                  // of failing for each of them, between 0 and 1; 0 is 1

	Status      int           // of an error; 0 leaves the status alone
	Code        string        // Dataverse's error code: the body is an error with it
	Message     string        // of that error
	RetryAfter  string        // header, as it is to be sent: seconds, a date, or nonsense
	Challenge   bool          // with WWW-Authenticate, as for a token that is not accepted
	Body        []byte        // in place of an answer
	ContentType string        // of Body; empty: text/html
	CutAfter    int           // bytes of the answer after which the connection breaks; 0 sends it whole
	Delay       time.Duration // before the answer
}

// Throttling is a refusal for too many requests, with the Retry-After header given.
func Throttling(retryAfter string) Fault {
	return Fault{Status: http.StatusTooManyRequests, Code: "0x80072322", RetryAfter: retryAfter,
		Message: "Number of requests exceeded the limit of 6000 over time window of 300 seconds."}
}

// GatewayError is an answer that does not come from Dataverse itself: 502, 503 or 504 with a page of HTML.
func GatewayError(status int) Fault {
	return Fault{Status: status, Body: []byte("<html><head><title>" + http.StatusText(status) + "</title></head><body><h1>" + http.StatusText(status) + "</h1></body></html>")}
}

// LoginPage is a page of HTML with status 200 in place of JSON, as a proxy or an expired session gives.
func LoginPage() Fault {
	return Fault{Status: http.StatusOK, Body: []byte("<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body></body></html>")}
}

// Garbage is an answer that says it is JSON and is not.
func Garbage() Fault {
	return Fault{Status: http.StatusOK, Body: []byte(`{"value":[{"name":"unfinished`), ContentType: "application/json; odata.metadata=minimal"}
}

// Cut breaks the connection after so many bytes of the body.
func Cut(after int) Fault { return Fault{CutAfter: after} }

// Slow delays the answer.
func Slow(delay time.Duration) Fault { return Fault{Delay: delay} }

// SQLTimeout is the answer to a query that takes the database too long.
func SQLTimeout() Fault {
	return Fault{Status: http.StatusInternalServerError, Code: "0x80044151", Message: "SQL timeout expired."}
}

// LostToken refuses the token, as when it was revoked before its time.
func LostToken() Fault { return Fault{Status: http.StatusUnauthorized, Challenge: true} }

// Injection is a fault at work.
type Injection struct {
	fault Fault
	owner *faults

	mu      sync.Mutex
	matched int
	hits    int
}

// Hits is how many requests the fault has struck.
func (i *Injection) Hits() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits
}

// Remove ends the fault.
func (i *Injection) Remove() { i.owner.remove(i) }

// faults are the faults at work in one server.
type faults struct {
	mu   sync.Mutex
	list []*Injection
}

func (f *faults) inject(fault Fault) *Injection {
	i := &Injection{fault: fault, owner: f}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, i)
	return i
}

func (f *faults) remove(i *Injection) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(other *Injection) bool { return other == i })
}

// strike finds the first fault that hits the request. Faults that only match count it all the same.
func (f *faults) strike(r *http.Request) (Fault, bool) {
	f.mu.Lock()
	list := slices.Clone(f.list)
	f.mu.Unlock()
	for _, i := range list {
		if i.fault.matches(r) && i.take() {
			return i.fault, true
		}
	}
	return Fault{}, false
}

func (f *Fault) matches(r *http.Request) bool {
	return (f.Match == nil || f.Match(r)) &&
		(f.Method == "" || f.Method == r.Method) &&
		strings.HasPrefix(r.URL.Path, f.Path) &&
		strings.Contains(r.URL.RequestURI(), f.Contains)
}

// take counts a matching request and says whether it fails. Chance depends on the request's number alone, so that a
// run can be repeated.
func (i *Injection) take() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.matched++
	first, count := max(1, i.fault.Nth), i.fault.Count
	if count == 0 {
		count = 1
	}
	if i.matched < first || count > 0 && i.hits >= count {
		return false
	}
	if p := i.fault.Probability; p > 0 && chance(i.matched) >= p {
		return false
	}
	i.hits++
	return true
}

// chance is a number of [0,1) for the n-th request.
func chance(n int) float64 {
	return float64(draw(hashString("fault"), word(n))>>11) / (1 << 53)
}
