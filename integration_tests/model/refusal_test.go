package model_test

import (
	"math/rand/v2"
	"net/http"
	"sync"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// response is how a request is refused.
type response string

// The responses. Only the first refusal is evidence of Dataverse that a page's link can no longer be followed; the others
// come from a plug-in, a proxy or a firewall, and nothing may be given up because of them.
const (
	served       response = ""
	linkRefused  response = "400 0x8004112A, a page's link"
	plugInFailed response = "400 0x80040265, a plug-in"
	badArgument  response = "400 0x80040203, an argument"
	html400      response = "400 with HTML"
	html404      response = "404 with HTML"
	html410      response = "410 with HTML"
	bare400      response = "400 without a body"
	bare404      response = "404 without a body"
	bare410      response = "410 without a body"
)

// passing are the responses that are no evidence of anything.
func passing() []response {
	return []response{plugInFailed, badArgument, html400, html404, html410, bare400, bare404, bare410}
}

// fault is the response as a fault of the simulator.
func (r response) fault() simulator.Fault {
	html := []byte("<html><body><h1>The request was blocked</h1></body></html>")
	switch r {
	case linkRefused:
		return simulator.Fault{Status: http.StatusBadRequest, Code: "0x8004112A", Message: "Invalid page number in paging cookie."}
	case plugInFailed:
		return simulator.Fault{Status: http.StatusBadRequest, Code: "0x80040265", Message: "ISV code aborted the operation."}
	case badArgument:
		return simulator.Fault{Status: http.StatusBadRequest, Code: "0x80040203", Message: "Invalid argument."}
	case html400:
		return simulator.Fault{Status: http.StatusBadRequest, Body: html}
	case html404:
		return simulator.Fault{Status: http.StatusNotFound, Body: html}
	case html410:
		return simulator.Fault{Status: http.StatusGone, Body: html}
	case bare400:
		return simulator.Fault{Status: http.StatusBadRequest, Body: []byte{}}
	case bare404:
		return simulator.Fault{Status: http.StatusNotFound, Body: []byte{}}
	case bare410:
		return simulator.Fault{Status: http.StatusGone, Body: []byte{}}
	case served:
	}
	return simulator.Fault{}
}

// refusal is a response that requests of a read get from one place on.
type refusal struct {
	from     place
	response response
	times    int
}

// strikes reports whether the n-th request for a table, of those that may fail, is refused.
func (f refusal) strikes(q request, n int) bool {
	return f.from.table == q.stream && n >= f.from.n && (f.response != linkRefused || q.middle)
}

func drawRefusal(r *rand.Rand) refusal {
	f := refusal{from: place{drawTable(r), 1 + r.IntN(4)}, response: linkRefused, times: 1}
	if !one(r, 3) {
		all := passing()
		f.response = all[r.IntN(len(all))]
		f.times = []int{1, 1, 2, many}[r.IntN(4)]
	}
	return f
}

// many is how often a response comes that does not end during the read.
const many = 1 << 20

// inject lets decide choose the response to each request, once, until the returned function is called.
func inject(server *simulator.Server, decide func(*http.Request) response) (remove func()) {
	var decided sync.Map // of each request
	var injections []*simulator.Injection
	for _, r := range append([]response{linkRefused}, passing()...) {
		fault := r.fault()
		fault.Count = -1
		fault.Match = func(q *http.Request) bool {
			known, found := decided.Load(q)
			if !found {
				known = decide(q)
				decided.Store(q, known)
			}
			return known == r
		}
		injections = append(injections, server.Inject(fault))
	}
	return func() {
		for _, i := range injections {
			i.Remove()
		}
	}
}

// refuse returns the response to a request of a read, and counts it.
func refuse(refusals []refusal, counts []int, q request, n int) response {
	for i, f := range refusals {
		if counts[i] < f.times && f.strikes(q, n) {
			counts[i]++
			return f.response
		}
	}
	return served
}
