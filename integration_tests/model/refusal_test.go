package model_test

import (
	"math/rand/v2"
	"net/http"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
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

// write sends the response.
func (r response) write(w http.ResponseWriter) {
	const html = "<html><body><h1>The request was blocked</h1></body></html>"
	refused := map[response]struct {
		status int
		typ    string
		body   string
	}{
		linkRefused:  {http.StatusBadRequest, "application/json", `{"error":{"code":"0x8004112A","message":"Invalid page number in paging cookie."}}`},
		plugInFailed: {http.StatusBadRequest, "application/json", `{"error":{"code":"0x80040265","message":"ISV code aborted the operation."}}`},
		badArgument:  {http.StatusBadRequest, "application/json", `{"error":{"code":"0x80040203","message":"Invalid argument."}}`},
		html400:      {http.StatusBadRequest, "text/html", html},
		html404:      {http.StatusNotFound, "text/html", html},
		html410:      {http.StatusGone, "text/html", html},
		bare400:      {http.StatusBadRequest, "", ""},
		bare404:      {http.StatusNotFound, "", ""},
		bare410:      {http.StatusGone, "", ""},
	}[r]
	w.Header().Set("Content-Type", refused.typ)
	w.WriteHeader(refused.status)
	_, _ = w.Write([]byte(refused.body)) // a client that has gone needs none
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

// inject lets decide choose the response to each request until the injection is removed.
func inject(server *simulator.Server, decide func(*http.Request) response) *faults.Injection {
	return server.Inject(faults.Fault{
		When: faults.Timing{Count: faults.Forever},
		Then: faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
			if refused := decide(r); refused != served {
				refused.write(w)
				return
			}
			next(w, r)
		}),
	})
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
