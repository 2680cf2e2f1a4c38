// Package faults makes chosen requests fail. A Fault is composed of three parts: Match chooses requests, When chooses
// which of them fail and for how long, and Then is what happens to them.
//
//	faults.Fault{
//		Match: faults.All{faults.PhaseChanges, faults.Table("account")},
//		When:  faults.Timing{Nth: 2, Count: 3},
//		Then:  faults.Chain{faults.Header{Name: "Retry-After", Value: "1"}, faults.Error{Status: 429, Code: "0x80072322"}},
//	}
//
// Faults that clients of Dataverse meet often have constructors, such as Throttling, and names in text, such as
// "throttled-requests": see Kinds and Parse. A Set holds the faults at work in one server and applies them.
package faults

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Fault makes requests fail. The zero value counts the first request and leaves it alone.
type Fault struct {
	Match Matcher // nil: every request
	When  Timing
	Then  Effect // nil: the request gets its ordinary response
}

// On returns the fault restricted to requests that meet these matchers too.
func (f Fault) On(more ...Matcher) Fault {
	all, _ := f.Match.(All)
	if f.Match != nil && all == nil {
		all = All{f.Match}
	}
	f.Match = append(slices.Clone(all), more...)
	return f
}

// Always returns the fault striking every request that it matches.
func (f Fault) Always() Fault {
	f.When.Count = Forever
	return f
}

// Injection is a fault at work.
type Injection struct {
	fault Fault
	owner *Set
	since time.Time

	mu       sync.Mutex
	matched  int
	hits     int
	attempts map[string]tally // by address, where each counts separately
}

// Hits returns how many requests the fault has struck.
func (i *Injection) Hits() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits
}

// Remove ends the fault.
func (i *Injection) Remove() { i.owner.remove(i) }

// Set holds the faults at work in one server. It is safe for concurrent use.
type Set struct {
	database *rows.Database
	entra    *entra.Service

	mu   sync.Mutex
	list []*Injection
}

// NewSet returns a set without faults, for a server of that database and sign-in service.
func NewSet(db *rows.Database, signIn *entra.Service) *Set { return &Set{database: db, entra: signIn} }

// Inject sets a fault to work until it is removed. Its times count from now, by the environment's clock.
func (s *Set) Inject(f Fault) *Injection {
	i := &Injection{fault: f, owner: s, since: s.database.Now(), attempts: map[string]tally{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, i)
	return i
}

// Clear removes all faults.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = nil
}

func (s *Set) remove(i *Injection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(s.list, func(other *Injection) bool { return other == i })
}

func (s *Set) all() []*Injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

// Wrap returns a handler that applies the faults, and passes the other requests to inner.
func (s *Set) Wrap(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		effect := s.strike(r)
		if effect == nil {
			inner.ServeHTTP(w, r)
			return
		}
		effect.apply(exchange{w: w, r: r, entra: s.entra}, func(x exchange) { inner.ServeHTTP(x.w, x.r) })
	})
}

// strike returns the effect of the first fault that strikes the request, nil if none does. Later faults do not count
// the request.
func (s *Set) strike(r *http.Request) Effect {
	list := s.all()
	if len(list) == 0 {
		return nil
	}
	q := s.describe(r)
	for _, i := range list {
		if (i.fault.Match == nil || i.fault.Match.Matches(q)) && i.take(r, s.database.Now()) {
			return i.fault.Then
		}
	}
	return nil
}
