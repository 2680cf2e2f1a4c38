// Package faults makes chosen requests fail.
package faults

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Fault is something that goes wrong with chosen requests. The fields of the first group choose requests, all that
// are set must hold; those of the second say how many of them fail, and when; those of the third what happens instead
// of the answer, or to it. ParseFault reads one from a line of text.
type Fault struct {
	Match      func(*http.Request) bool // any condition
	Phase      Phase                    // what the request is for
	Table      string                   // logical name of the table whose rows are asked for
	Page       int                      // number of the page in its walk, from 1
	LargerThan int                      // strikes where a page of more rows is asked for, which is too heavy for the database
	Method     string                   // exact
	Path       string                   // what the decoded path begins with
	Contains   string                   // a part of the path with its query as sent, such as "$skiptoken"

	Nth         int           // the first matching request that fails, from 1; 0 is 1
	Count       int           // how many fail from there on; 0 is 1, below 0 without end
	Each        bool          // Nth and Count hold for each address by itself
	Probability float64       // of failing for each of them, between 0 and 1; 0 is 1
	Seed        uint64        // of that chance
	From        time.Duration // since the fault was set, by the environment's clock
	Until       time.Duration // the same; 0 is without end

	Status          int           // of an error; 0 leaves the status alone
	Code            string        // the body is an error with it: Dataverse's (0x80044151) or, at the sign-in, Entra's (AADSTS90033)
	Message         string        // of that error; empty: the service's own for the code
	Echo            bool          // the message, or the body, repeats the whole request, as services and proxies do that help to debug
	RetryAfter      string        // header, as it is to be sent: seconds, a date, or nonsense
	Challenge       bool          // with WWW-Authenticate, as for a token that is not accepted
	Claims          string        // JSON that a token must have been asked for with; only requests with another token fail
	Body            []byte        // in place of an answer
	ContentType     string        // of Body; empty: text/html
	ContentEncoding string        // that Body claims to have
	Links           LinkFault     // what is wrong with the links of a page
	CutAfter        int           // bytes of the answer's body after which the connection breaks; 0 sends it whole
	StallAfter      int           // bytes of the answer's body after which nothing more comes until the client goes away; 0 sends it whole
	BytesPerSecond  int           // of the answer's body; 0: as fast as it goes
	Drop            bool          // the connection breaks without an answer
	Delay           time.Duration // before the answer
	DOPHint         int           // header x-ms-dop-hint; 0: that of the server
}

// Injection is a fault at work.
type Injection struct {
	fault Fault
	owner *Set
	since time.Time

	mu       sync.Mutex
	matched  int
	hits     int
	attempts map[string]tally // by address, where each counts by itself
}

// tally counts the requests that a fault could strike, and those it did.
type tally struct{ matched, hits int }

// Hits is how many requests the fault has struck.
func (i *Injection) Hits() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits
}

// Remove ends the fault.
func (i *Injection) Remove() { i.owner.remove(i) }

// Set are the faults at work in one server.
type Set struct {
	Environment *rows.Database
	Entra       *entra.Service

	mu   sync.Mutex
	list []*Injection
}

func (f *Set) Inject(fault Fault, now time.Time) *Injection {
	i := &Injection{fault: fault, owner: f, since: now, attempts: map[string]tally{}}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, i)
	return i
}

func (f *Set) remove(i *Injection) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(other *Injection) bool { return other == i })
}

func (f *Set) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

func (f *Set) all() []*Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

// strike finds the first fault that hits the request. Faults that only match count it all the same.
func (f *Set) strike(r *http.Request) (Fault, bool) {
	list := f.all()
	if len(list) == 0 {
		return Fault{}, false
	}
	q := f.ask(r)
	for _, i := range list {
		if i.fault.matches(q) && !f.Entra.Satisfied(r, i.fault.Claims) && i.take(r, f.Environment.Now()) {
			return i.fault, true
		}
	}
	return Fault{}, false
}

// take counts a matching request and says whether it fails. Chance depends on the request's number alone, so that a
// run can be repeated.
func (i *Injection) take(r *http.Request, now time.Time) bool {
	at, f := now.Sub(i.since), &i.fault
	if at < f.From || f.Until > 0 && at >= f.Until {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.matched++
	address := ""
	if f.Each {
		address = r.Method + " " + r.URL.RequestURI()
	}
	t := i.attempts[address]
	t.matched++
	struck := t.due(f) && (f.Probability <= 0 || chance(f.Seed, i.matched) < f.Probability)
	if struck {
		t.hits++
		i.hits++
	}
	i.attempts[address] = t
	return struck
}

// due says whether the request counted last is one of those that the fault is meant for.
func (t tally) due(f *Fault) bool {
	count := f.Count
	if count == 0 {
		count = 1
	}
	return t.matched >= max(1, f.Nth) && (count < 0 || t.hits < count)
}

// chance is a number of [0,1) for the n-th request.
func chance(seed uint64, n int) float64 {
	return float64(rows.Draw(rows.Mix(seed, rows.HashString("fault")), rows.Word(n))>>11) / (1 << 53)
}
