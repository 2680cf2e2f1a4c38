package model_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// response is how a request is refused, or what is wrong with the page that it gets.
type response string

// The responses. Only the first refusal is evidence of Dataverse that a page's link can no longer be followed; the others
// come from a plug-in, a proxy or a firewall, and nothing may be given up because of them, nor may an
// incomplete page be taken for a complete one.
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
	forbidden    response = "403 0x80040220, a privilege"
	linkless     response = "a page without its links"
	halfFailed   response = "half of a page's rows beside an error"
	halfFound    response = "half of the rows with the requested keys"
)

// passing are the responses that are no evidence of anything.
func passing() []response {
	return []response{plugInFailed, badArgument, html400, html404, html410, bare400, bare404, bare410, linkless, halfFailed}
}

// write sends a refusal.
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
		forbidden:    {http.StatusForbidden, "application/json", `{"error":{"code":"0x80040220","message":"SecLib::AccessCheckEx failed."}}`},
		bare400:      {http.StatusBadRequest, "", ""},
		bare404:      {http.StatusNotFound, "", ""},
		bare410:      {http.StatusGone, "", ""},
	}[r]
	w.Header().Set("Content-Type", refused.typ)
	w.WriteHeader(refused.status)
	_, _ = w.Write([]byte(refused.body)) // a client that has gone needs none
}

var (
	nextLink   = regexp.MustCompile(`,"@odata\.nextLink":"[^"]*"`)
	deltaLinks = regexp.MustCompile(`"@odata\.deltaLink":"[^"]*",`)
)

// spoil returns what is left of the body of a page.
func (r response) spoil(body []byte) []byte {
	if r == linkless {
		return deltaLinks.ReplaceAll(nextLink.ReplaceAll(body, nil), nil)
	}
	var page map[string]json.RawMessage
	var rows []json.RawMessage
	if json.Unmarshal(body, &page) != nil || json.Unmarshal(page["value"], &rows) != nil {
		return body // an error already
	}
	if r == halfFound { // rounded up, so that a row is found in the end
		page["value"], _ = json.Marshal(rows[:(len(rows)+1)/2])
		delete(page, "@odata.nextLink")
	} else {
		page["value"], _ = json.Marshal(rows[:len(rows)/2])
		page["error"] = json.RawMessage(`{"code":"0x80040216","message":"An unexpected error occurred."}`)
	}
	spoiled, _ := json.Marshal(page) // what was read can be written
	return spoiled
}

// send sends the response to a request, which next serves in the ordinary way.
func (r response) send(w http.ResponseWriter, q *http.Request, next http.HandlerFunc) {
	switch r {
	case served:
		next(w, q)
	case linkless, halfFailed, halfFound:
		q.Header.Del("Accept-Encoding")
		page := httptest.NewRecorder()
		next(page, q)
		maps.Copy(w.Header(), page.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(page.Code)
		_, _ = w.Write(r.spoil(page.Body.Bytes()))
	default:
		r.write(w)
	}
}

// refusal is a response that requests of a read get from one place on.
type refusal struct {
	from     place
	response response
	times    int
}

// strikes reports whether the n-th request for a table, of those that may fail, is refused.
func (f refusal) strikes(q request, n int) bool {
	switch {
	case f.from.table != q.stream || n < f.from.n:
		return false
	case f.response == linkRefused:
		return q.middle
	case f.response == halfFound:
		return q.byKeys
	case f.response == linkless: // of an untracked table such a page is the last
		return q.stream != notes
	default:
		return true
	}
}

func drawRefusal(r *rand.Rand) refusal {
	if one(r, 3) {
		return refusal{from: place{drawTable(r), 1 + r.IntN(4)}, response: linkRefused, times: 1}
	}
	return drawPassing(r, drawTable(r))
}

// drawPassing draws a response that is no evidence of anything. One that comes only a few times is overcome by the attempts
// at a request.
func drawPassing(r *rand.Rand, table string) refusal {
	all := passing()
	return refusal{from: place{table, 1 + r.IntN(4)}, response: all[r.IntN(len(all))], times: []int{2, few, attempts, many}[r.IntN(4)]}
}

// The numbers of responses with which the connector gives up a request, and may make another in its place: with a code of
// Dataverse, and of any kind.
const (
	few      = 3
	attempts = 8
)

// many is how often a response comes that does not end during the read.
const many = 1 << 20

// inject lets decide choose the response to each request until the injection is removed.
func inject(server *simulator.Server, decide func(*http.Request) response) *faults.Injection {
	return server.Inject(faults.Fault{
		When: faults.Timing{Count: faults.Forever},
		Then: faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
			decide(r).send(w, r, next)
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
