package faults

import (
	"net/http"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// Forever as Timing.Count means without end.
const Forever = -1

// Timing chooses which of the matching requests fail, and when. The zero value is the first one.
type Timing struct {
	Nth         int           // the first matching request that fails, from 1; 0 is 1
	Count       int           // how many fail from there on; 0 is 1
	Each        bool          // Nth and Count hold for each address separately
	Probability float64       // of failing for each of them, between 0 and 1; 0 is 1
	Seed        uint64        // of that chance
	From        time.Duration // since the fault was injected, by the environment's clock
	Until       time.Duration // the same; 0 is without end
}

// tally counts the requests that a fault could strike, and those it did.
type tally struct{ matched, hits int }

// take counts a matching request and reports whether it fails. Chance depends on the request's number alone, so that a
// run can be repeated.
func (i *Injection) take(r *http.Request, now time.Time) bool {
	at, when := now.Sub(i.since), i.fault.When
	if at < when.From || when.Until > 0 && at >= when.Until {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.matched++
	address := ""
	if when.Each {
		address = r.Method + " " + r.URL.RequestURI()
	}
	t := i.attempts[address]
	t.matched++
	struck := t.due(when) && (when.Probability <= 0 || chance(when.Seed, i.matched) < when.Probability)
	if struck {
		t.hits++
		i.hits++
	}
	i.attempts[address] = t
	return struck
}

// due reports whether the request counted last is one of those that the fault is meant for.
func (t tally) due(when Timing) bool {
	count := when.Count
	if count == 0 {
		count = 1
	}
	return t.matched >= max(1, when.Nth) && (count < 0 || t.hits < count)
}

// chance returns a number of [0,1) for the n-th request.
func chance(seed uint64, n int) float64 {
	return float64(rows.Draw(rows.Mix(seed, rows.HashString("fault")), rows.Word(n))>>11) / (1 << 53)
}
